//! Comparing a store with the model: everything, or what opening it may have changed.

use crate::model::catalog::Catalog;
use crate::model::log::{same, same_list};
use crate::model::posting::Posted;
use crate::model::sent::Measure;
use crate::model::worth::worth;
use crate::steps::ask;
use crate::world::{Outcome, World};
use std::collections::BTreeSet;
use usage_domain::customer::Customer;
use usage_domain::time::Month;
use usage_engine::{Engine, ListedEvent};
use usage_store::EventFilter;

/// The most months of which bills are compared, of each customer.
const MOST_MONTHS: usize = 8;
/// The same, when the store was opened.
const FEW_MONTHS: usize = 2;

/// What went wrong in asking.
pub(crate) fn failed<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> String {
    move |error| format!("{what} failed: {error}")
}

/// Everything that can be asked.
pub(crate) fn everything(world: &mut World<'_, '_>) -> Outcome {
    all(world, MOST_MONTHS)
}

/// Everything, with the bills of so many months.
fn all(world: &mut World<'_, '_>, months: usize) -> Outcome {
    world.stats.checks += 1;
    listing(world)?;
    let catalog = world.model.catalog.clone();
    in_catalog(world, &catalog)?;
    bills(world, months)?;
    ask::everything(world)?;
    let engine = world.engine()?;
    let unpaid = world.wait(engine.unpaid(usize::MAX)).map_err(failed("listing what is not paid for"))?;
    let unpaid: Vec<_> = unpaid.subjects.into_iter().map(|unpaid| (unpaid.subject, unpaid.events)).collect();
    same("what is not paid for", &unpaid, &world.model.unpaid())?;
    verify(world)
}

/// The store's own opinion.
pub(crate) fn verify(world: &mut World<'_, '_>) -> Outcome {
    let engine = world.engine()?;
    let report = world.wait(engine.verify()).map_err(failed("verifying"))?;
    same("what verifying found", &report.problems, &Vec::new())?;
    let count = world.model.log.count();
    same("the count of a verification", &(report.events, report.position.events()), &(count, count))
}

/// All events in their order, with who pays for them and what is wrong with them.
fn listing(world: &mut World<'_, '_>) -> Outcome {
    let listed = list(world, EventFilter::newest(usize::MAX))?;
    world.model.log.learn(&listed)?;
    check_listed(world, &listed)?;
    let mut should: Vec<_> =
        world.model.log.events().iter().map(|k| (k.sent.event.time, k.sequence)).collect();
    should.sort_by(|a, b| b.cmp(a));
    let is: Vec<_> = listed.iter().map(|l| (l.stored.event.time, Some(l.stored.sequence))).collect();
    same_list("the listing of all events", &is, &should)
}

pub(crate) fn list(world: &mut World<'_, '_>, filter: EventFilter) -> Outcome<Vec<ListedEvent>> {
    world.stats.listings += 1;
    let engine = world.engine()?;
    world.wait(engine.events(filter, None)).map_err(failed("listing"))
}

/// Compares what is said of each listed event.
pub(crate) fn check_listed(world: &mut World<'_, '_>, listed: &[ListedEvent]) -> Outcome {
    for listed in listed {
        let ListedEvent { stored, customer, .. } = listed;
        let event = &stored.event;
        let payer = world.model.catalog.payer(&event.subject, event.time);
        same("who pays for an event", customer, &payer).map_err(|what| format!("{}: {what}", event.id))?;
        let unusable = unusable(world, listed).map_err(|what| format!("{}: {what}", event.id))?;
        world.stats.unusable += unusable;
    }
    Ok(())
}

/// Compares why an event, as it was sent, is left out of bills and meters; counts the meters.
fn unusable(world: &World<'_, '_>, listed: &ListedEvent) -> Outcome<u64> {
    let event = &listed.stored.event;
    let Some(known) = world.model.log.find(&event.source, &event.id) else { return Ok(0) };
    let mut reasons = listed.validation_errors.as_slice();
    if known.measure == Measure::Invalid {
        let (_, others) = reasons.split_first().ok_or("it cannot be billed, and no reason is given")?;
        reasons = others;
    }
    let mut should = Vec::new();
    for meter in world.model.catalog.meters.live() {
        let is_of = meter.draft.event_type == event.event_type
            && meter.draft.event_from.is_none_or(|from| from <= event.time);
        should.extend(if is_of { worth(&meter.draft, &known.sent.data).err() } else { None });
    }
    should.dedup();
    let agree = reasons.len() == should.len()
        && reasons.iter().zip(&should).all(|(reason, should)| reason.starts_with(should.as_str()));
    if !agree {
        return Err(format!("it is left out because of {reasons:?}, and should be because of {should:?}"));
    }
    Ok(should.len() as u64)
}

/// All that the catalog has.
fn in_catalog(world: &mut World<'_, '_>, catalog: &Catalog) -> Outcome {
    customers(world, catalog)?;
    ask::listed(world, catalog.meters.live())
}

/// All customers, by page, and their postings.
fn customers(world: &mut World<'_, '_>, catalog: &Catalog) -> Outcome {
    let (engine, store) = (world.engine()?, world.store()?);
    let live: Vec<Customer> = catalog.live().cloned().collect();
    let (mut paged, page) = (Vec::new(), 3);
    loop {
        let (some, count) =
            world.wait(engine.customers(paged.len() as u64, page)).map_err(failed("listing customers"))?;
        same("the number of customers", &count, &(live.len() as u64))?;
        let is_last = some.len() as u64 != page;
        paged.extend(some);
        if is_last {
            break;
        }
    }
    same_list("the customers", &paged, &live)?;
    for customer in &live {
        let paid = world.wait(store.paid_subjects(customer.id)).map_err(failed("asking who pays"))?;
        let mut paid: Vec<_> = paid.into_iter().map(|p| (p.subject, p.period.start, p.period.end)).collect();
        let mut should: Vec<_> =
            catalog.payments(customer.number).map(|p| (p.subject.clone(), p.from, p.until)).collect();
        paid.sort();
        should.sort();
        same("what a customer pays for", &paid, &should)?;
    }
    for ((id, month), should) in &catalog.postings {
        if catalog.by_id(*id).is_some() {
            let posting = world.wait(store.posting(*id, *month)).map_err(failed("reading a posting"))?;
            same("a posting", &posting.as_ref().map(Posted::of).as_ref(), &Some(should))?;
        }
    }
    Ok(())
}

/// The bills of all customers.
fn bills(world: &mut World<'_, '_>, most: usize) -> Outcome {
    let live: Vec<Customer> = world.model.catalog.live().cloned().collect();
    let engine = world.engine()?;
    for customer in &live {
        for month in months(world, customer).into_iter().take(most) {
            bill(world, &engine, customer, month)?;
        }
    }
    Ok(())
}

fn bill(world: &mut World<'_, '_>, engine: &Engine, customer: &Customer, month: Month) -> Outcome {
    world.stats.bills += 1;
    let name = usage_domain::customer::CustomerRef::Id(customer.id);
    let bill = world.wait(engine.open_bill(&name, Some(month), world.now)).map_err(failed("a bill"))?;
    world.model.check_bill(&bill).map_err(|what| format!("customer {} in {month}: {what}", customer.number))
}

/// Months in which there is usage, the newest first.
fn months(world: &World<'_, '_>, customer: &Customer) -> Vec<Month> {
    let times = world.model.log.events().iter().map(|known| known.sent.event.time);
    let months: BTreeSet<Month> = times.map(|time| time.month(&customer.zone)).collect();
    months.into_iter().rev().collect()
}

/// What became of requests without an answer, where the store goes on: each is there whole, or not at all.
pub(crate) fn unanswered(world: &mut World<'_, '_>) -> Outcome {
    if world.model.log.is_unanswered() {
        let listed = list(world, EventFilter::newest(usize::MAX))?;
        let there = world.model.log.resolve(&listed)?;
        world.stats.survived += there;
        world.say(&format!("{there} groups without an answer are there"));
    }
    match world.unanswered.take() {
        Some(after) => follow_catalog(world, after),
        None => Ok(()),
    }
}

/// After opening: one of the requests without an answer may be there, all of it, and nothing else is.
pub(crate) fn after_opening(world: &mut World<'_, '_>) -> Outcome {
    if world.site.is_shared() {
        unanswered(world)?;
    }
    let engine = world.engine()?;
    let position = world.wait(engine.position()).map_err(failed("asking for the position"))?.events();
    let count = world.model.log.count();
    if position < count {
        return Err(format!("{count} events were acknowledged, and {position} are there"));
    }
    let more = if position > count {
        let listed = list(world, EventFilter::newest(usize::MAX))?;
        world.model.log.untold(listed)
    } else {
        Vec::new()
    };
    if world.model.log.follow(&more)? {
        world.stats.survived += 1;
        world.say(&format!("{} events without an answer are there", more.len()));
    }
    if let Some(after) = world.unanswered.take() {
        follow_catalog(world, after)?;
    }
    all(world, FEW_MONTHS)
}

/// That there are no postings that only the catalog after a change has.
fn no_other_postings(world: &World<'_, '_>, before: &Catalog, after: &Catalog) -> Outcome {
    let store = world.store()?;
    for (id, month) in after.postings.keys().filter(|key| !before.postings.contains_key(key)) {
        let posting = world.wait(store.posting(*id, *month)).map_err(failed("reading a posting"))?;
        same("a posting that had no answer", &posting.is_some(), &false)?;
    }
    Ok(())
}

/// After a crash within a commit of the catalog: it is as before, or as after it.
fn follow_catalog(world: &mut World<'_, '_>, mut after: Catalog) -> Outcome {
    let before = world.model.catalog.clone();
    let is_before = match in_catalog(world, &before) {
        Ok(()) => no_other_postings(world, &before, &after),
        otherwise => otherwise,
    };
    let Err(other) = is_before else { return Ok(()) };
    // Nobody was told the numbers of its sums.
    let engine = world.engine()?;
    for meter in world.wait(engine.meters()).map_err(failed("listing meters"))? {
        after.meters.number(&meter)?;
    }
    in_catalog(world, &after).map_err(|what| {
        format!("the catalog is neither as before ({other}) nor as after its last commit ({what})")
    })?;
    world.model.catalog = after;
    world.stats.survived += 1;
    world.say("the change without an answer is there");
    Ok(())
}
