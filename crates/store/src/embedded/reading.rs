//! Reading charges and meters at one position: the cells under one lock, what they cannot tell from the log
//! behind it. A reading that cells of few subjects answer is done at once; others read files for long, and have
//! a thread for it.

use super::metering::{Asked, Joint};
use super::projection::charges::Reading as ChargeReading;
use super::projection::corrections::Corrections;
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
    let mut asked = asked(meters, reading)?;
    let mut taken = if asked.iter().any(Asked::is_of_each) {
        // What is frozen is looked through without the lock.
        let mut state = shared.write();
        state.metered.freeze_for_reading();
        Taken::of(&state, &asked, reading)
    } else {
        Taken::of(&shared.read(), &asked, reading)
    };
    taken.cells(&mut asked)?;
    taken.edges(shared, &mut asked)?;
    taken.finish(asked)
}

/// The same where that takes no time: where few subjects are asked for, and cells tell everything.
pub(super) fn at_once(
    shared: &Shared,
    meters: &[Arc<Meter>],
    reading: &Reading,
) -> Result<Option<Readings>, StoreError> {
    let mut asked = asked(meters, reading)?;
    if !asked.iter().all(Asked::is_of_few) {
        return Ok(None);
    }
    let taken = Taken::of(&shared.read(), &asked, reading);
    if !taken.charges.edges.is_empty() || taken.joints.iter().any(Joint::is_of_log) {
        return Ok(None);
    }
    taken.cells(&mut asked)?;
    if asked.iter().any(|asked| asked.wanted().is_some()) {
        return Ok(None);
    }
    taken.finish(asked).map(Some)
}

fn asked<'a>(meters: &'a [Arc<Meter>], reading: &'a Reading) -> Result<Vec<Asked<'a>>, StoreError> {
    let asked = meters.iter().zip(&reading.meters).map(|(meter, (_, query))| Asked::new(meter, query));
    Ok(asked.collect::<Result<_, _>>()?)
}

/// What there is at a position of the log.
struct Taken {
    charges: ChargeReading,
    joints: Vec<Joint>,
    corrections: Arc<Corrections>,
    next: u64,
}

impl Taken {
    fn of(state: &State, asked: &[Asked<'_>], reading: &Reading) -> Taken {
        let charges = reading.charges.as_ref();
        let charges = charges.map(|(subjects, period)| usage::cells(&state.charges, subjects, *period));
        Taken {
            charges: charges.unwrap_or_default(),
            joints: Joint::of(asked, state),
            corrections: state.corrections.clone(),
            next: state.next,
        }
    }

    /// Hands in the cells. Files are read without the lock, as rows are made: the writer waits for whoever holds
    /// it.
    fn cells(&self, asked: &mut [Asked<'_>]) -> Result<(), StoreError> {
        self.joints.iter().try_for_each(|joint| joint.hand_in(asked))
    }

    /// Hands in what the cells could not tell.
    fn edges(&mut self, shared: &Shared, asked: &mut [Asked<'_>]) -> Result<(), StoreError> {
        let wanted: Vec<_> = asked.iter().map(Asked::wanted).collect();
        if self.charges.edges.is_empty() && wanted.iter().all(Option::is_none) {
            return Ok(());
        }
        // The log only grows, so that its first `next` events are the same now.
        let log = shared.read().log.clone();
        usage::edges(&mut self.charges, &log, &self.corrections, self.next)?;
        for (asked, wanted) in asked.iter_mut().zip(&wanted) {
            if let Some(wanted) = wanted {
                asked.events(wanted, &log, &self.corrections, self.next)?;
            }
        }
        Ok(())
    }

    fn finish(self, asked: Vec<Asked<'_>>) -> Result<Readings, StoreError> {
        Ok(Readings {
            position: Position::after(self.next),
            charges: self.charges.totals.into_iter().collect(),
            meters: asked.into_iter().map(Asked::finish).collect::<Result<_, _>>()?,
        })
    }
}
