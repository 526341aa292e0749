//! What a stretch of the log added to the roll-ups, besides the cells of meters.
//!
//! One entry per change: adding them up can wait for the checkpoint.

use super::cells::fold;
use super::corrections::Fate;
use super::rollup::CellKey;
use usage_domain::usage::Totals;

/// Changes of the roll-ups since the last checkpoint.
#[derive(Default)]
pub(crate) struct UsageDelta {
    pub(crate) charges: Vec<(CellKey, Totals)>,
    /// What became of events, in the order in which it did.
    pub(crate) corrections: Vec<(u64, Fate)>,
}

impl UsageDelta {
    /// Makes the changes of a cell one, which then take as much as the cells do.
    pub(crate) fn fold(&mut self) {
        fold(&mut self.charges);
    }

    /// Puts earlier changes before these.
    pub(crate) fn follow(&mut self, mut earlier: UsageDelta) {
        earlier.charges.append(&mut self.charges);
        earlier.corrections.append(&mut self.corrections);
        *self = earlier;
    }
}
