//! Looking after a store: what verifying and rebuilding found.

use crate::position::Position;

/// What a walk through the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The position that was compared.
    pub position: Position,
    /// Events read.
    pub events: u64,
    /// Groups whose checksum was checked.
    pub records: u64,
    /// Bytes of log.
    pub bytes: u64,
    /// Totals that were recounted and compared.
    pub totals: u64,
    /// What does not agree, and where.
    pub problems: Vec<String>,
}

/// What making the projections anew did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebuildReport {
    /// The position that the projections include now.
    pub position: Position,
    /// Events read.
    pub events: u64,
    /// Totals made.
    pub totals: u64,
}
