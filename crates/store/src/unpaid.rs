//! Usage that no customer pays for: which subjects have how much of it.
//!
//! A store says which subjects have usage at all, and when nobody pays for them; what they have then is asked
//! as a bill asks it, of cells where there are some. So it is the same in every store.

use crate::{Reading, Store, StoreError};
use std::collections::BTreeMap;
use usage_domain::customer::PaidSubject;
use usage_domain::meter::Meter;
use usage_domain::meter::query::{MeterQuery, Part, Scope};
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::{Unpaid, UnpaidSubject};

/// Subjects that are looked at together.
const PAGE: usize = 1000;

/// A subject, and the times at which no customer pays for it.
type Gaps = (String, Vec<Period>);

/// All of it, with the first `most` subjects by name.
pub(crate) async fn counted<S: Store + ?Sized>(store: &S, most: usize) -> Result<Unpaid, StoreError> {
    let meters = store.meters().await?;
    let (mut named, mut unpaid) = (BTreeMap::new(), Unpaid::default());
    let (mut subjects, mut after) = (0, None);
    loop {
        let page = store.unpaid_times(after, PAGE).await?;
        for (subject, events) in of_page(store, &meters, &page.subjects).await? {
            (subjects, unpaid.events) = (subjects + 1, unpaid.events + events);
            named.insert(subject, events);
            if named.len() > most {
                named.pop_last();
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    unpaid.more = subjects - named.len() as u64;
    unpaid.subjects = named.into_iter().map(|(subject, events)| UnpaidSubject { subject, events }).collect();
    Ok(unpaid)
}

/// Those of these subjects that have usage at these times, with how many events.
async fn of_page<S: Store + ?Sized>(
    store: &S,
    meters: &[Meter],
    page: &[Gaps],
) -> Result<BTreeMap<String, u64>, StoreError> {
    if page.is_empty() {
        return Ok(BTreeMap::new());
    }
    let reading = Reading {
        charges: Some((page.iter().flat_map(times).collect(), Period::ALWAYS)),
        meters: meters.iter().map(|meter| (meter.id, question(page))).collect(),
    };
    let read = store.read(reading).await?;
    // Meters of one type of events look at the same events: the most that one of them counts are as many.
    let mut by_type: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (meter, rows) in meters.iter().zip(&read.meters) {
        for row in rows.iter().filter(|row| row.events > 0) {
            let subject = row.subject.as_deref().unwrap_or_default();
            let most = by_type.entry((subject, &meter.draft.event_type)).or_default();
            *most = row.events.max(*most);
        }
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for ((subject, _), events) in by_type {
        *counts.entry(subject.to_string()).or_default() += events;
    }
    if read.charges.iter().any(|(_, totals)| totals.events > 0) {
        for gaps in page {
            let usage = store.usage(times(gaps).collect(), Period::ALWAYS).await?;
            let events: i64 = usage.groups.iter().map(|(_, totals)| totals.events).sum();
            if let Ok(events @ 1..) = u64::try_from(events) {
                *counts.entry(gaps.0.clone()).or_default() += events;
            }
        }
    }
    Ok(counts)
}

fn times((subject, gaps): &Gaps) -> impl Iterator<Item = PaidSubject> {
    gaps.iter().map(|period| PaidSubject { subject: subject.clone(), period: *period })
}

/// How much these subjects have at these times, each by itself.
fn question(page: &[Gaps]) -> MeterQuery {
    let parts = page.iter().flat_map(times);
    let part = |paid: PaidSubject| Part { subject: paid.subject, period: paid.period, label: None };
    MeterQuery {
        // A level has no answer without bounds.
        from: Some(Timestamp::MIN),
        to: Some(Timestamp::MAX),
        scope: Scope::Parts(parts.map(part).collect()),
        by_subject: true,
        ..MeterQuery::total()
    }
}

/// What these periods, in the order of their beginnings, leave of all times.
pub(crate) fn gaps(paid: impl IntoIterator<Item = Period>) -> Vec<Period> {
    let (mut gaps, mut from) = (Vec::new(), Timestamp::MIN);
    for period in paid {
        if from < period.start {
            gaps.push(Period { start: from, end: period.start });
        }
        from = from.max(period.end);
    }
    if from < Timestamp::MAX {
        gaps.push(Period { start: from, end: Timestamp::MAX });
    }
    gaps
}
