//! Listings with filters, page by page.

use crate::check::{self, failed};
use crate::draw::{SUBJECTS, customers, times};
use crate::model::log::{Known, same_list};
use crate::world::{Outcome, World};
use usage_domain::customer::{CustomerId, CustomerRef};
use usage_domain::time::{Period, Timestamp};
use usage_store::EventFilter;

/// Lists events that pass a filter, all pages of them.
pub(crate) fn pages(world: &mut World<'_, '_>) -> Outcome {
    let limit = *world.dice.pick(&[1, 3, 10, 1000]);
    let mut filter = filter(world, limit);
    let name = world.dice.percent(30).then(|| customers::name(&mut world.dice, &world.model.catalog));
    let customer: Option<Option<CustomerId>> =
        name.as_ref().map(|name| world.model.catalog.find(name).map(|customer| customer.id));
    if customer == Some(None) {
        return Ok(());
    }
    let all = filter.clone();
    let mut is = Vec::new();
    // A filter that passes much is not read to its end in pages of one.
    let most = limit * 6;
    while is.len() < most {
        let listed = page(world, filter.clone(), name.as_ref())?;
        world.model.log.learn(&listed)?;
        check::check_listed(world, &listed)?;
        let Some(last) = listed.last() else { break };
        filter.after = Some((last.stored.event.time, last.stored.sequence));
        let is_last = listed.len() < limit;
        is.extend(listed.into_iter().map(|listed| (listed.stored.event.time, Some(listed.stored.sequence))));
        if is_last {
            break;
        }
    }
    world.say(&format!("a listing by {limit}: {} events", is.len()));
    let mut should = matching(world, &all, customer.flatten());
    should.truncate(most);
    same_list("a listing", &is, &should)
}

fn page(
    world: &mut World<'_, '_>,
    filter: EventFilter,
    name: Option<&CustomerRef>,
) -> Outcome<Vec<usage_engine::ListedEvent>> {
    world.stats.listings += 1;
    let engine = world.engine()?;
    let limit = filter.limit;
    let listed = world.wait(engine.events(filter, name)).map_err(failed("a listing"))?;
    if listed.len() > limit {
        Err(format!("{} events are listed of at most {limit}", listed.len()))
    } else {
        Ok(listed)
    }
}

fn filter(world: &mut World<'_, '_>, limit: usize) -> EventFilter {
    let mut filter = EventFilter::newest(limit);
    let (dice, now) = (&mut world.dice, world.now);
    if dice.percent(40) {
        filter.period = period(times::boundary(dice, now), times::of_event(dice, now));
    }
    if dice.percent(20) {
        filter.ingested = period(times::shifted(now, -1_000_000_000), now);
    }
    if dice.percent(20) {
        filter.id = Some((*dice.pick(&["e1", "7", "é"])).to_string());
    }
    if dice.percent(30) {
        filter.subject = Some((*dice.pick(&[SUBJECTS[0], SUBJECTS[2], "e"])).to_string());
    }
    filter
}

fn period(a: Timestamp, b: Timestamp) -> Period {
    Period { start: a.min(b), end: a.max(b) }
}

/// The events that should be listed, in their order.
fn matching(
    world: &World<'_, '_>,
    filter: &EventFilter,
    customer: Option<CustomerId>,
) -> Vec<(Timestamp, Option<u64>)> {
    let within = |period: &Period, time: Timestamp| period.start <= time && time < period.end;
    let has =
        |text: &Option<String>, name: &str| text.as_ref().is_none_or(|text| name.contains(text.as_str()));
    let passes = |known: &&Known| {
        let event = &known.sent.event;
        within(&filter.period, event.time)
            && within(&filter.ingested, known.received)
            && has(&filter.id, &event.id)
            && has(&filter.subject, &event.subject)
            && (customer.is_none() || world.model.catalog.payer(&event.subject, event.time) == customer)
    };
    let known = world.model.log.events().iter().filter(passes);
    let mut listed: Vec<_> = known.map(|known| (known.sent.event.time, known.sequence)).collect();
    listed.sort_by(|a, b| b.cmp(a));
    listed
}
