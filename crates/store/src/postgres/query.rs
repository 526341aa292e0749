//! Meters of a reading: cells, deltas, and what neither can tell from the log, all of one moment.

use super::changes::Sums;
use super::log;
use super::usage::{quarter, stored_sums};
use crate::StoreError;
use crate::embedded::metering::Asked;
use crate::embedded::projection::metered::MeterRollUps;
use crate::embedded::projection::slot::Slot;
use deadpool_postgres::Transaction;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use usage_domain::meter::Meter;
use usage_domain::meter::query::{MeterQuery, MeterRow, Scope};

const OF: &str = "
    SELECT cells FROM usage_app.cell WHERE subject = ANY ($1) AND quarter BETWEEN $2 AND $3";
const OF_EACH: &str = "
    SELECT cells FROM usage_app.cell WHERE subject <> '' AND quarter BETWEEN $1 AND $2";

/// The rows of what a meter is asked; `covered` where cells have it.
pub(super) async fn rows(
    transaction: &Transaction<'_>,
    deltas: &[Arc<Sums>],
    (meter, covered): (Meter, bool),
    query: &MeterQuery,
) -> Result<Vec<MeterRow>, StoreError> {
    let meter = Arc::new(meter);
    let mut asked = Asked::new(&meter, query)?;
    if covered {
        let reach = asked.reach();
        let span = (quarter("s", Slot::of(reach.start)), quarter("", Slot::quarter_of(reach.end)));
        let metered = cells(transaction, deltas, query, meter.series, span).await?;
        asked.cells(Some(&metered))?;
    } else {
        asked.cells(None)?;
    }
    if let Some(wanted) = asked.wanted() {
        // Two closures look at it, never at the same time.
        let asked = &Mutex::new(&mut asked);
        let locked = || asked.lock().unwrap_or_else(PoisonError::into_inner);
        let prints = wanted.fingerprints.as_deref();
        log::effective(
            transaction,
            prints,
            wanted.period,
            |stored| locked().wants(stored),
            |stored| Ok(locked().event(stored)?),
        )
        .await?;
    }
    Ok(asked.finish()?)
}

/// The cells of those who are asked for, merged or not, of a meter's sums.
async fn cells(
    transaction: &Transaction<'_>,
    deltas: &[Arc<Sums>],
    query: &MeterQuery,
    series: u32,
    (first, last): (i32, i32),
) -> Result<MeterRollUps, StoreError> {
    let subjects: Option<BTreeSet<&str>> = match &query.scope {
        Scope::Parts(parts) => Some(parts.iter().map(|part| part.subject.as_str()).collect()),
        Scope::Everybody if query.by_subject => None,
        Scope::Everybody => Some(BTreeSet::from([""])),
    };
    let rows = match &subjects {
        Some(subjects) => {
            let names: Vec<&[u8]> = subjects.iter().map(|subject| subject.as_bytes()).collect();
            let statement = transaction.prepare_cached(OF).await?;
            transaction.query(&statement, &[&names, &first, &last]).await?
        }
        None => {
            let statement = transaction.prepare_cached(OF_EACH).await?;
            transaction.query(&statement, &[&first, &last]).await?
        }
    };
    let mut metered = MeterRollUps::default();
    let mut add = |rollups: &MeterRollUps| match &subjects {
        Some(subjects) => {
            for subject in subjects {
                for (slot, group, sum) in rollups.cells_of(subject, Slot(0)) {
                    let group = rollups.group(*group);
                    if group.meter == series {
                        metered.add(subject, *slot, group, sum);
                    }
                }
            }
        }
        None => {
            for (subject, slot, group, sum) in rollups.all() {
                if group.meter == series && !subject.is_empty() {
                    metered.add(subject, slot, group, sum);
                }
            }
        }
    };
    for row in &rows {
        add(&stored_sums(row)?.metered);
    }
    for delta in deltas {
        add(&delta.metered);
    }
    Ok(metered)
}
