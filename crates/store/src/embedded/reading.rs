//! Reading charges and meters at one position: the cells under one lock, what they cannot tell from the log
//! behind it.

use super::metering::Asked;
use super::shared::Shared;
use super::usage;
use crate::{Reading, Readings, StoreError};
use std::sync::Arc;
use usage_domain::meter::Meter;
use usage_domain::position::Position;

/// What is asked of charges and of `meters`, which are those that the questions name, in their order.
pub(super) fn read(
    shared: &Shared,
    meters: &[Arc<Meter>],
    reading: &Reading,
) -> Result<Readings, StoreError> {
    let asked = meters.iter().zip(&reading.meters).map(|(meter, (_, query))| Asked::new(meter, query));
    let mut asked = asked.collect::<Result<Vec<_>, _>>()?;
    let state = shared.read();
    let charges = reading.charges.as_ref();
    let charges = charges.map(|(subjects, period)| usage::cells(&state.charges, subjects, *period));
    let mut charges = charges.unwrap_or_default();
    for (asked, meter) in asked.iter_mut().zip(meters) {
        asked.cells(state.meters.covers(meter.series).then_some(&state.metered))?;
    }
    let next = state.next;
    let wanted: Vec<_> = asked.iter().map(Asked::wanted).collect();
    // The log only grows, so that its first `next` events are the same without the lock. The rows are made
    // without it as well: the writer waits for whoever holds it.
    let is_cut = !charges.edges.is_empty() || wanted.iter().any(Option::is_some);
    let behind = is_cut.then(|| (state.log.clone(), state.corrections.clone()));
    drop(state);
    if let Some((log, corrections)) = behind {
        usage::edges(&mut charges, &log, &corrections, next)?;
        for (asked, wanted) in asked.iter_mut().zip(&wanted) {
            if let Some(wanted) = wanted {
                asked.events(wanted, &log, &corrections, next)?;
            }
        }
    }
    Ok(Readings {
        position: Position::after(next),
        charges: charges.totals.into_iter().collect(),
        meters: asked.into_iter().map(Asked::finish).collect::<Result<_, _>>()?,
    })
}
