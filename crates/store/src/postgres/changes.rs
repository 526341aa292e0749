//! What a record adds to the cells, and its stored form: a delta.

use crate::embedded::meters::Meters;
use crate::embedded::projection::cells::Cells;
use crate::embedded::projection::charges::ChargeRollUps;
use crate::embedded::projection::delta::UsageDelta;
use crate::embedded::projection::metered::MeterRollUps;
use crate::embedded::projection::rollup::{CellKey, Group, RollUps, Sum};
use crate::embedded::projection::slot::Slot;
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

/// What some events add.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) sums: Sums,
    /// What the embedded store has of its changes for a checkpoint: not looked at here.
    unused: UsageDelta,
    /// Meters that are not covered are not measured here: nothing.
    uncovered: MeterRollUps,
}

impl Changes {
    /// What the events of a request are added to.
    pub(super) fn open<'a>(&'a mut self, meters: &'a Meters) -> RollUpsMut<'a, MeterRollUps> {
        RollUpsMut {
            charges: &mut self.sums.charges,
            metered: &mut self.sums.metered,
            delta: &mut self.unused,
            meters,
            uncovered: &mut self.uncovered,
        }
    }

    /// Adds what an event of this subject and order is worth, or takes it back.
    pub(super) fn apply(&mut self, meters: &Meters, subject: &str, order: Order, worth: &Worth, sign: Sign) {
        self.open(meters).apply(subject, order, worth, sign);
        self.unused = UsageDelta::default();
    }

    /// Adds what a correction changes.
    pub(super) fn correct(&mut self, meters: &Meters, effect: &Effect) {
        self.apply(meters, &effect.subject, effect.order, &effect.before, Sign::Removed);
        self.apply(meters, &effect.subject, effect.order, &effect.after, Sign::Added);
    }

    /// The stored form; `None` where nothing was added.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        (self.sums.count() > 0).then(|| form(cells(&self.sums.charges), cells(&self.sums.metered)))
    }
}

/// The stored form of cells of both kinds, each in its own.
pub(super) fn form(charges: Vec<u8>, metered: Vec<u8>) -> Vec<u8> {
    // What a stretch of the log says besides is rows of tables here.
    Stretch { covered: Vec::new(), corrections: Vec::new(), charges, metered }.encode()
}

fn cells<G: Group, S: Sum>(sums: &RollUps<G, S>) -> Vec<u8> {
    // Under numbers in the order in which they come.
    let mut named = RollUps::<G, S>::default();
    let numbered = |(subject, slot, group, sum): (&String, Slot, &G, &S)| {
        (named.add(subject, slot, group, sum), sum.clone())
    };
    let cells: Vec<(CellKey, S)> = sums.all().map(numbered).collect();
    let name = |subjects: &[u32], groups: &[u32]| {
        let subjects = subjects.iter().map(|number| named.subject(*number).clone());
        let groups = groups.iter().map(|number| named.group(*number).clone());
        (subjects.collect(), groups.collect())
    };
    Cells::of(&cells, name).encode()
}
