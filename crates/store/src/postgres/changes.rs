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
    let (mut subjects, mut cells) = (Vec::new(), Vec::new());
    for subject in sums.subjects() {
        // Fewer than 2^32 subjects fit in a record.
        let (number, before) = (u32::try_from(subjects.len()).unwrap_or(u32::MAX), cells.len());
        let own = sums.cells_of(subject, Slot(0));
        cells.extend(own.map(|(slot, group, sum)| {
            (CellKey { subject: number, slot: *slot, group: *group }, sum.clone())
        }));
        if cells.len() > before {
            subjects.push(subject.clone());
        }
    }
    // Groups have numbers in the order in which they came, none left out.
    let groups = cells.iter().map(|(key, _)| key.group + 1).max().unwrap_or(0);
    let groups = (0..groups).map(|number| sums.group(number).clone()).collect();
    Cells { subjects, groups, cells }.encode()
}
