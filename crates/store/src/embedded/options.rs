//! How an embedded store works.

use super::Faults;

/// How an embedded store works.
#[derive(Debug, Clone)]
pub struct Options {
    /// A new store's secret: 16 random bytes. An existing store keeps its own.
    pub secret: [u8; 16],
    /// What others read of the owner, such as its process and address.
    pub owner: String,
    /// Events after which a checkpoint of the projections is written; the claims of as many make a run.
    pub checkpoint_every: u64,
    /// Bytes after which the log goes on in a new segment file.
    pub segment_bytes: u64,
    /// Events that may wait for the writer; more are refused with [`StoreError::Overloaded`].
    pub most_waiting: usize,
    /// Events of the log that are added up for a new meter at once; those of a longer one are behind.
    pub covered_at_once: u64,
    /// Whether this is the move of another store to the folder, which nobody else opens until it is whole.
    pub filling: bool,
    /// Where the disk is to fail, in tests.
    pub faults: Faults,
}

impl Options {
    /// The usual figures.
    #[must_use]
    pub fn new(secret: [u8; 16], owner: &str) -> Options {
        Options {
            secret,
            owner: owner.to_string(),
            checkpoint_every: 500_000,
            segment_bytes: 256 << 20,
            most_waiting: 200_000,
            // About a second's work.
            covered_at_once: 200_000,
            filling: false,
            faults: Faults::default(),
        }
    }
}
