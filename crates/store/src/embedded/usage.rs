//! Charges of a reading: whole cells from the roll-ups, what a boundary cuts from the log.

use super::effective::Lookup;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::charges::{ChargeRollUps, Reading};
use super::projection::corrections::{Corrections, Fate};
use super::projection::rollup::Sum;
use super::reading;
use super::shared::Shared;
use crate::format::block::fingerprint;
use crate::measure::{Measured, measure};
use crate::{Readings, StoreError};
use usage_domain::charge::Charge;
use usage_domain::customer::PaidSubject;
use usage_domain::event::StoredEvent;
use usage_domain::meter::aggregate::Sign;
use usage_domain::time::Period;
use usage_domain::usage::{Totals, Usage};

/// What the charges of these subjects at these times add up to, within `period`.
pub(super) fn read(shared: &Shared, subjects: Vec<PaidSubject>, period: Period) -> Result<Usage, StoreError> {
    let reading = crate::Reading { charges: Some((subjects, period)), meters: Vec::new() };
    let Readings { position, charges, .. } = reading::read(shared, &[], &reading)?;
    Ok(Usage { position, groups: charges })
}

/// Adds up the cells that there are; notes what they cannot tell.
pub(super) fn cells(charges: &ChargeRollUps, subjects: &[PaidSubject], period: Period) -> Reading {
    let mut reading = Reading::default();
    for paid in subjects {
        if let Some(part) = paid.period.intersection(&period) {
            charges.read(&paid.subject, part, &mut reading);
        }
    }
    reading
}

/// Adds what the cells could not tell, from the first `next` events of the log.
pub(super) fn edges(
    reading: &mut Reading,
    log: &LogIndex,
    corrections: &Corrections,
    next: u64,
) -> Result<(), StoreError> {
    let mut lookup = Lookup::default();
    for (subject, part) in std::mem::take(&mut reading.edges) {
        scan::each(log, Some(&[fingerprint(&subject)]), part, next, |stored| {
            if stored.event.subject != subject {
                return Ok(());
            }
            each_change(log, corrections, &mut lookup, stored, |charge, sign| {
                let totals = Totals::of(&charge, sign);
                Sum::merge(reading.totals.entry(charge.group).or_default(), &totals);
            })
        })?;
    }
    Ok(())
}

/// Hands each change that an event made to `each`, as the roll-ups have them: that a charge came with it,
/// or went as it was corrected.
fn each_change(
    log: &LogIndex,
    corrections: &Corrections,
    lookup: &mut Lookup,
    mut stored: StoredEvent,
    mut each: impl FnMut(Charge, Sign),
) -> Result<(), StoreError> {
    let charge = |stored: &StoredEvent| match measure(stored.event.borrowed()) {
        Measured::Charge(charge) => Some(charge),
        Measured::Nothing | Measured::Invalid(_) => None,
    };
    let mut counts = charge(&stored);
    for fate in corrections.history(stored.sequence) {
        if let Some(charge) = counts {
            each(charge.clone(), Sign::Added);
            each(charge, Sign::Removed);
        }
        counts = match fate {
            Fate::Voided => None,
            Fate::Amended(by) => {
                stored.event.data = lookup.amended(log, *by)?;
                charge(&stored)
            }
        };
    }
    if let Some(charge) = counts {
        each(charge, Sign::Added);
    }
    Ok(())
}

/// How often the usage of these subjects has changed, without adding it up; `None` where only the log
/// can tell.
pub(super) fn changes(shared: &Shared, subjects: &[PaidSubject], period: Period) -> Option<u64> {
    let state = shared.read();
    let parts = subjects.iter().filter_map(|paid| Some((paid, paid.period.intersection(&period)?)));
    parts.map(|(paid, part)| state.charges.changes(&paid.subject, part)).sum()
}
