//! Charges of a reading: merged cells, deltas that are not merged yet, and what a boundary cuts from the
//! log, all of one moment.

use super::changes::Sums;
use super::error::damaged;
use super::{Node, log, reading};
use crate::embedded::projection::charges::Reading;
use crate::embedded::projection::rollup::Sum;
use crate::embedded::projection::slot::Slot;
use crate::format::block::fingerprint;
use crate::measure::{Measured, measure};
use crate::{Readings, StoreError};
use deadpool_postgres::Transaction;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_postgres::Row;
use usage_domain::charge::{Charge, ChargeGroup};
use usage_domain::customer::PaidSubject;
use usage_domain::event::StoredEvent;
use usage_domain::meter::aggregate::Sign;
use usage_domain::position::Position;
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::{Totals, Usage};

const COUNTS: &str = "SELECT id, next FROM usage_app.writer ORDER BY id";
const CELLS: &str = "
    SELECT cells FROM usage_app.cell WHERE subject = ANY ($1) AND quarter BETWEEN $2 AND $3";

/// The row that a cell is in: that of its UTC day; of everybody, that of its quarter-hour.
pub(super) fn quarter(subject: &str, slot: Slot) -> i32 {
    let first = if subject.is_empty() { slot.0 } else { slot.0 / 96 * 96 };
    // There are fewer than 2^24 quarter-hours.
    i32::try_from(first).unwrap_or(i32::MAX)
}

/// The position of all that the transaction sees.
pub(super) async fn position(transaction: &Transaction<'_>) -> Result<Position, tokio_postgres::Error> {
    let rows = transaction.query(&transaction.prepare_cached(COUNTS).await?, &[]).await?;
    let mut counts: Vec<u64> = Vec::with_capacity(rows.len());
    for row in rows {
        // Writers are numbered from 1 without gaps.
        let id = usize::try_from(row.get::<_, i64>(0)).unwrap_or(1);
        counts.resize(counts.len().max(id), 0);
        counts[id - 1] = row.get::<_, i64>(1).cast_unsigned();
    }
    Ok(Position::of(counts))
}

/// What the charges of these subjects at these times add up to, within `period`, at the moment of
/// the transaction.
pub(super) async fn read(
    node: &Node,
    transaction: &Transaction<'_>,
    subjects: Vec<PaidSubject>,
    period: Period,
) -> Result<Usage, StoreError> {
    let reading = crate::Reading { charges: Some((subjects, period)), meters: Vec::new() };
    let Readings { position, charges, .. } = reading::read(node, transaction, &reading).await?;
    Ok(Usage { position, groups: charges })
}

/// The merged cells that these subjects' charges within `period` are in, among others.
pub(super) async fn cells(
    transaction: &Transaction<'_>,
    subjects: &[PaidSubject],
    period: Period,
) -> Result<Vec<Row>, StoreError> {
    let names: Vec<&[u8]> = subjects.iter().map(|paid| paid.subject.as_bytes()).collect();
    let row = |moment| quarter("s", Slot::of(moment));
    let statement = transaction.prepare_cached(CELLS).await?;
    Ok(transaction.query(&statement, &[&names, &row(period.start), &row(period.end)]).await?)
}

/// What charges add up to, from the merged cells that they are in and the deltas behind these.
pub(super) async fn charges(
    transaction: &Transaction<'_>,
    cells: &[Row],
    deltas: &[Arc<Sums>],
    (subjects, period): &(Vec<PaidSubject>, Period),
) -> Result<Vec<(ChargeGroup, Totals)>, StoreError> {
    let mut merged = Sums::default();
    for row in cells {
        merged.add(row.get(0)).map_err(damaged("a row of usage_app.cell"))?;
    }
    let mut reading = Reading::default();
    for paid in subjects {
        let Some(part) = paid.period.intersection(period) else { continue };
        merged.charges.read(&paid.subject, part, &mut reading);
        for delta in deltas {
            delta.charges.read(&paid.subject, part, &mut reading);
        }
    }
    // The same part may be cut from cells of several deltas; the log has all of it.
    let edges: BTreeSet<_> = reading.edges.drain(..).map(|(s, part)| (s, part.start, part.end)).collect();
    for (subject, start, end) in edges {
        let (prints, period) = ([fingerprint(&subject)], Period { start, end });
        let own = |stored: &StoredEvent| stored.event.subject == subject;
        log::counted(transaction, Some(&prints), period, own, |sent, corrected, counts| {
            if let Some((group, totals)) = charged(sent, corrected, counts) {
                Sum::merge(reading.totals.entry(group).or_default(), &totals);
            }
            Ok(())
        })
        .await?;
    }
    Ok(reading.totals.into_iter().collect())
}

/// What an event adds to charges, of which one came or went so often as it was corrected, and which counts like
/// this now, if it still does. That a charge came and went is told as well, though nothing is left of it: the count
/// of changes is that of the cells, whichever group it stands with.
fn charged(
    sent: &StoredEvent,
    corrected: u64,
    counts: Option<&StoredEvent>,
) -> Option<(ChargeGroup, Totals)> {
    let first = charge(sent);
    let changes = corrected + u64::from(first.is_some());
    match counts.and_then(charge) {
        Some(charge) => {
            let totals = Totals { changes, ..Totals::of(&charge, Sign::Added) };
            Some((charge.group, totals))
        }
        None if changes == 0 => None,
        None => {
            let group = first.map_or_else(gone, |charge| charge.group);
            Some((group, Totals { changes, ..Totals::default() }))
        }
    }
}

/// The charge that an event makes, if it makes one.
pub(super) fn charge(stored: &StoredEvent) -> Option<Charge> {
    match measure(stored.event.borrowed()) {
        Measured::Charge(charge) => Some(charge),
        Measured::Nothing | Measured::Invalid(_) => None,
    }
}

/// The group of what only a correction ever made a charge, and another one took away again. Nothing counts in it.
fn gone() -> ChargeGroup {
    ChargeGroup {
        service: String::new(),
        description: None,
        unit: None,
        unit_price: None,
        currency: None,
        has_quantity: false,
    }
}

/// The sums of a row's only column.
pub(super) fn stored_sums(row: &Row) -> Result<Sums, StoreError> {
    let mut sums = Sums::default();
    sums.add(row.get(0)).map_err(damaged("a row of usage_app.cell"))?;
    Ok(sums)
}

/// A stored moment.
pub(super) fn moment(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MIN)
}
