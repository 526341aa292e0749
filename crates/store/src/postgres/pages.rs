//! Reading the log in its order, a page at a time: the records of all writers by number, between two
//! positions.
//!
//! A writer's records are in the order of their numbers, so that what was read is a position again.

use super::log;
use crate::correction::is_correction;
use crate::{EventFilter, LogPage, StoreError};
use deadpool_postgres::Transaction;
use usage_domain::position::Position;

const BETWEEN: &str = "
    SELECT record, id, first, events, latest >= $4 AND earliest < $5
    FROM usage_app.log JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS part (id, behind, until)
         ON writer = id AND first + events > behind AND first < until
    ORDER BY record LIMIT $6";

/// Records that are looked at at a time.
const RECORDS: i64 = 256;
/// The most bytes of data that a page has, but for a single event.
const PAGE_BYTES: usize = 4 << 20;
/// Events after which a page ends at the next record, however few of them passed the filter: an answer
/// must not take long.
const MOST_SEEN: u64 = 200_000;

/// Events behind `after` and up to `until`, in the order of the log, but that within a record corrections
/// come last: whoever reads on must know their targets first. A position within a record counts in that
/// order.
pub(super) async fn page(
    transaction: &Transaction<'_>,
    after: &Position,
    until: &Position,
    filter: &EventFilter,
) -> Result<LogPage, StoreError> {
    let figure = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let ends: Vec<i64> = until.counts().iter().map(|count| figure(*count)).collect();
    let ids: Vec<i64> = (1..).take(ends.len()).collect();
    let mut next: Vec<i64> = after.counts().iter().map(|count| figure(*count)).collect();
    next.resize(next.len().max(ends.len()), 0);
    let (start, end) = (filter.period.start.nanos(), filter.period.end.nanos());
    let position = |next: &[i64]| Position::of(next.iter().map(|count| count.cast_unsigned()).collect());
    let (mut events, mut bytes, mut seen) = (Vec::new(), 0, 0u64);
    let between = transaction.prepare_cached(BETWEEN).await?;
    loop {
        let behind = next[..ends.len()].to_vec();
        let rows = transaction.query(&between, &[&ids, &behind, &ends, &start, &end, &RECORDS]).await?;
        if rows.is_empty() {
            return Ok(LogPage { events, next: position(&next), more: false });
        }
        for row in rows {
            let (number, first, count): (i64, i64, i64) = (row.get(0), row.get(2), row.get(3));
            // Writers are numbered from 1 without gaps.
            let writer = usize::try_from(row.get::<_, i64>(1) - 1).unwrap_or(0);
            if !row.get::<_, bool>(4) {
                next[writer] = first + count;
                continue;
            }
            if seen >= MOST_SEEN {
                return Ok(LogPage { events, next: position(&next), more: true });
            }
            let mut stored = Vec::new();
            log::numbered(transaction, &[number], |event| stored.push(event)).await?;
            let (corrections, others): (Vec<_>, Vec<_>) =
                stored.into_iter().partition(|stored| is_correction(&stored.event.event_type));
            next[writer] = next[writer].max(first);
            let read = usize::try_from(next[writer] - first).unwrap_or(usize::MAX);
            for stored in others.into_iter().chain(corrections).skip(read) {
                if events.len() >= filter.limit || bytes >= PAGE_BYTES {
                    return Ok(LogPage { events, next: position(&next), more: true });
                }
                (next[writer], seen) = (next[writer] + 1, seen + 1);
                if filter.matches(&stored) {
                    bytes += stored.event.data.as_ref().map_or(0, String::len);
                    events.push(stored);
                }
            }
        }
    }
}
