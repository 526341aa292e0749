//! Reading stored events: listing the newest, replaying from a sequence on, looking one up.

use super::segment::LogIndex;
use crate::format::block::{Claim, fingerprint};
use crate::{EventFilter, StoreError};
use usage_domain::event::StoredEvent;
use usage_domain::time::Period;

/// Calls `each` for every event from `start` on, in order.
pub(crate) fn replay(
    index: &LogIndex,
    start: u64,
    mut each: impl FnMut(StoredEvent, Claim) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for record in &index.records {
        if record.first + u64::from(record.events) <= start {
            continue;
        }
        for (stored, claim) in index.segment(record).events(record.offset, None)? {
            if stored.sequence >= start {
                each(stored, claim)?;
            }
        }
    }
    Ok(())
}

/// The events in a period, among the first `end` of the log, of blocks that may have subjects of these
/// fingerprints (all, where `None`). Events of other subjects of such blocks come as well.
pub(crate) fn each(
    index: &LogIndex,
    fingerprints: Option<&[u32]>,
    period: Period,
    end: u64,
    mut each: impl FnMut(StoredEvent) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for record in index.records.iter().filter(|r| r.first < end) {
        if record.times.1 < period.start || record.times.0 >= period.end {
            continue;
        }
        for (stored, _) in index.segment(record).events(record.offset, fingerprints)? {
            if period.contains(stored.event.time) && stored.sequence < end {
                each(stored)?;
            }
        }
    }
    Ok(())
}

/// Events that pass the filter, newest time first; of one time, the last stored first.
pub(crate) fn list(index: &LogIndex, filter: &EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
    let mut records: Vec<_> = index.records.iter().collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.times.1));
    let prints: Option<Vec<u32>> =
        filter.paid.as_ref().map(|paid| paid.iter().map(|p| fingerprint(&p.subject)).collect());
    let mut newest: Vec<StoredEvent> = Vec::new();
    for record in records {
        if record.times.1 < filter.period.start || record.times.0 >= filter.period.end {
            continue;
        }
        if let Some((after, _)) = filter.after
            && record.times.0 > after
        {
            continue;
        }
        // The records are in the order of their latest time: once enough events are newer than
        // all of a record, no later record has one that belongs before them.
        if newest.len() >= filter.limit
            && newest.get(filter.limit.saturating_sub(1)).is_none_or(|last| last.event.time > record.times.1)
        {
            break;
        }
        let events = index.segment(record).events(record.offset, prints.as_deref())?;
        newest.extend(events.into_iter().map(|(stored, _)| stored).filter(|stored| filter.matches(stored)));
        newest.sort_by_key(|stored| std::cmp::Reverse((stored.event.time, stored.sequence)));
        newest.truncate(filter.limit);
    }
    Ok(newest)
}
