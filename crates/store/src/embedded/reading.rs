//! Reading charges and meters at one position: the cells under one lock, what they cannot tell from the log
//! behind it.

use super::metering::Asked;
use super::projection::charges::Reading as ChargeReading;
use super::projection::corrections::Corrections;
use super::projection::layers::View;
use super::shared::{Shared, State};
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
    let Taken { mut charges, views, corrections, next } = if asked.iter().any(Asked::is_of_each) {
        // What is frozen is looked through without the lock.
        let mut state = shared.write();
        state.metered.freeze_for_reading();
        Taken::of(&state, &asked, reading)
    } else {
        Taken::of(&shared.read(), &asked, reading)
    };
    // Files are read without the lock, as rows are made: the writer waits for whoever holds it.
    for (asked, view) in asked.iter_mut().zip(&views) {
        asked.layers(view.as_ref())?;
    }
    let wanted: Vec<_> = asked.iter().map(Asked::wanted).collect();
    if !charges.edges.is_empty() || wanted.iter().any(Option::is_some) {
        // The log only grows, so that its first `next` events are the same now.
        let log = shared.read().log.clone();
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

/// What there is at a position of the log.
struct Taken {
    charges: ChargeReading,
    /// Of each meter, if its cells are read.
    views: Vec<Option<View>>,
    corrections: Arc<Corrections>,
    next: u64,
}

impl Taken {
    fn of(state: &State, asked: &[Asked<'_>], reading: &Reading) -> Taken {
        let charges = reading.charges.as_ref();
        let charges = charges.map(|(subjects, period)| usage::cells(&state.charges, subjects, *period));
        Taken {
            charges: charges.unwrap_or_default(),
            views: asked.iter().map(|asked| asked.view(state)).collect(),
            corrections: state.corrections.clone(),
            next: state.next,
        }
    }
}
