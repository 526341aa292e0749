//! What a stretch of the log added to the roll-ups.

use super::rollup::CellKey;
use usage_domain::usage::Totals;

/// Changes since the last checkpoint.
#[derive(Default)]
pub(crate) struct Delta {
    /// One entry per change: adding them up can wait for the checkpoint.
    pub(crate) cells: Vec<(CellKey, Totals)>,
}
