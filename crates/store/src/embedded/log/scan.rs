//! Reading stored events: listing the newest, replaying from a sequence on, looking one up.

use super::segment::{LogIndex, RecordRef};
use crate::correction::is_correction;
use crate::format::block::fingerprints;
use crate::format::claims::Claim;
use crate::{EventFilter, LogPage, StoreError};
use usage_domain::event::StoredEvent;
use usage_domain::position::Position;
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
/// fingerprints, which are in order (all, where `None`). Events of other subjects of such blocks come as
/// well.
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

/// The most bytes of data that a page of the log has, but for a single event.
const PAGE_BYTES: usize = 4 << 20;
/// Events after which a page ends at the next record, however few of them passed the filter: an answer
/// must not take long.
const MOST_SEEN: u64 = 200_000;

/// Events behind `after` and up to `until`, in the order of the log, but that within a record corrections
/// come last: a record may have them before their targets, which whoever reads on must know first. A
/// position within a record counts in that order.
pub(crate) fn page(
    index: &LogIndex,
    after: u64,
    until: u64,
    filter: &EventFilter,
) -> Result<LogPage, StoreError> {
    let (mut events, mut bytes, mut next) = (Vec::new(), 0, after);
    let end_of = |record: &RecordRef| record.first + u64::from(record.events);
    let begin = index.records.partition_point(|record| end_of(record) <= after);
    for record in &index.records[begin..] {
        let end = end_of(record);
        // A group is whole or not there: what was asked for ends with one.
        if record.first >= until {
            break;
        }
        if record.times.1 < filter.period.start || record.times.0 >= filter.period.end {
            next = end;
            continue;
        }
        let (corrections, others): (Vec<_>, Vec<_>) = index
            .segment(record)
            .events(record.offset, None)?
            .into_iter()
            .map(|(stored, _)| stored)
            .partition(|stored| is_correction(&stored.event.event_type));
        if next >= after.saturating_add(MOST_SEEN) {
            return Ok(LogPage { events, next: Position::after(next), more: true });
        }
        next = next.max(record.first);
        // Fewer than a record has, which are counted in 32 bits.
        let seen = usize::try_from(next - record.first).unwrap_or(usize::MAX);
        for stored in others.into_iter().chain(corrections).skip(seen) {
            if events.len() >= filter.limit || bytes >= PAGE_BYTES {
                return Ok(LogPage { events, next: Position::after(next), more: true });
            }
            next += 1;
            if filter.matches(&stored) {
                bytes += stored.event.data.as_ref().map_or(0, String::len);
                events.push(stored);
            }
        }
    }
    Ok(LogPage { events, next: Position::after(next), more: false })
}

/// Events that pass the filter, newest time first; of one time, the last stored first.
pub(crate) fn list(index: &LogIndex, filter: &EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
    let mut records: Vec<_> = index.records.iter().collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.times.1));
    let prints = filter.paid.as_ref().map(|paid| fingerprints(paid.iter().map(|p| p.subject.as_str())));
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
