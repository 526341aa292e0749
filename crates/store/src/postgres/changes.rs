//! What a record adds to the cells, and its stored form: a delta.

use crate::embedded::meters::Meters;
use crate::embedded::projection::cells::Cells;
use crate::embedded::projection::charges::ChargeRollUps;
use crate::embedded::projection::delta::UsageDelta;
use crate::embedded::projection::metered::MeterRollUps;
use crate::embedded::projection::rollup::{CellKey, Group, RollUps, Sum};
use crate::embedded::projection::stretch::Stretch;
use crate::embedded::replay::Effect;
use crate::embedded::worth::{RollUpsMut, Worth};
use crate::format::codec::Malformed;
use usage_domain::meter::aggregate::{Order, Sign};

/// Roll-ups of some events.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) charges: ChargeRollUps,
    pub(super) metered: MeterRollUps,
}

impl Sums {
    /// Adds a stored form.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let stretch = Stretch::read(bytes)?;
        Cells::read(&stretch.charges)?.add_to(&mut self.charges);
        Cells::read(&stretch.metered)?.add_to(&mut self.metered);
        Ok(())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.charges.count() + self.metered.count()
    }
}

/// What some events add, each change noted.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) sums: Sums,
    delta: UsageDelta,
}

impl Changes {
    /// Adds what an event of this subject and order is worth, or takes it back.
    pub(super) fn apply(&mut self, meters: &Meters, subject: &str, order: Order, worth: &Worth, sign: Sign) {
        let mut into = RollUpsMut {
            charges: &mut self.sums.charges,
            metered: &mut self.sums.metered,
            delta: &mut self.delta,
            meters,
            // Meters that are not covered are not measured here.
            uncovered: &mut MeterRollUps::default(),
        };
        into.apply(subject, order, worth, sign);
    }

    /// Adds what a correction changes.
    pub(super) fn correct(&mut self, meters: &Meters, effect: &Effect) {
        let (event, order) = (&effect.target.event, (effect.target.event.time, effect.target.sequence));
        self.apply(meters, &event.subject, order, &effect.before, Sign::Removed);
        self.apply(meters, &event.subject, order, &effect.after, Sign::Added);
    }

    /// Keeps the sums alone.
    pub(super) fn forget_changes(&mut self) {
        self.delta = UsageDelta::default();
    }

    /// The stored form; `None` where nothing was added.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        if self.delta.charges.is_empty() && self.delta.metered.is_empty() {
            return None;
        }
        let charges = cells(&self.delta.charges, &self.sums.charges);
        Some(form(charges, cells(&self.delta.metered, &self.sums.metered)))
    }
}

/// The stored form of cells of both kinds, each in its own.
pub(super) fn form(charges: Vec<u8>, metered: Vec<u8>) -> Vec<u8> {
    // What a stretch of the log says besides is rows of tables here.
    Stretch { covered: Vec::new(), corrections: Vec::new(), charges, metered }.encode()
}

fn cells<G: Group, S: Sum>(changes: &[(CellKey, S)], named: &RollUps<G, S>) -> Vec<u8> {
    let name = |subjects: &[u32], groups: &[u32]| {
        let subjects = subjects.iter().map(|number| named.subject(*number).clone());
        let groups = groups.iter().map(|number| named.group(*number).clone());
        (subjects.collect(), groups.collect())
    };
    Cells::of(changes, name).encode()
}
