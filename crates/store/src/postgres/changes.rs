//! What a record adds to the cells, and its stored form: a delta.

use crate::embedded::projection::cells::Cells;
use crate::embedded::projection::rollup::{CellKey, RollUps};
use usage_domain::charge::Charge;
use usage_domain::time::Timestamp;
use usage_domain::usage::Totals;

#[derive(Default)]
pub(super) struct Changes {
    pub(super) rollups: RollUps,
    /// One entry per change.
    changes: Vec<(CellKey, Totals)>,
}

impl Changes {
    pub(super) fn add(&mut self, subject: &String, time: Timestamp, charge: &Charge) {
        self.changes.push(self.rollups.add(subject, time, charge));
    }

    /// The stored form; `None` where nothing was added.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let name = |subjects: &[u32], groups: &[u32]| {
            let subjects = subjects.iter().map(|number| self.rollups.subject(*number).clone());
            let groups = groups.iter().map(|number| self.rollups.group(*number).clone());
            (subjects.collect(), groups.collect())
        };
        (!self.changes.is_empty()).then(|| Cells::of(&self.changes, name).encode())
    }
}
