//! What a stretch of the log added to the roll-ups.

use super::corrections::Fate;
use super::rollup::CellKey;
use usage_domain::meter::aggregate::State;
use usage_domain::usage::Totals;

/// Changes of the roll-ups since the last checkpoint. One entry per change: adding them up can wait for the checkpoint.
#[derive(Default)]
pub(crate) struct UsageDelta {
    pub(crate) charges: Vec<(CellKey, Totals)>,
    pub(crate) metered: Vec<(CellKey, State)>,
    /// What became of events, in the order in which it did.
    pub(crate) corrections: Vec<(u64, Fate)>,
}

impl UsageDelta {
    /// Puts earlier changes before these.
    pub(crate) fn follow(&mut self, mut earlier: UsageDelta) {
        earlier.charges.append(&mut self.charges);
        earlier.metered.append(&mut self.metered);
        earlier.corrections.append(&mut self.corrections);
        *self = earlier;
    }
}
