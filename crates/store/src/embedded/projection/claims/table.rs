//! The latest claims in memory: their hashes in the order of the log, and where each of them is.
//!
//! What is looked into and added to at random takes five bytes a claim, so that the caches have most of it.

use super::entry::ClaimEntry;
use hashbrown::HashTable;

/// The claims of a stretch of the log, without a gap.
#[derive(Debug)]
pub(super) struct Table {
    /// The sequence of the first.
    first: u64,
    hashes: Vec<u64>,
    /// Their places among the hashes.
    places: HashTable<u32>,
}

impl Table {
    /// An empty table from this sequence on, which does not grow before it has so many claims.
    pub(super) fn with_room(first: u64, room: usize) -> Table {
        Table { first, hashes: Vec::with_capacity(room), places: HashTable::with_capacity(room) }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Adds the claim of the next event.
    pub(super) fn push(&mut self, hash: u64) {
        // A table is frozen long before it has 2^32 claims.
        let place = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
        self.hashes.push(hash);
        self.places.insert_unique(hash, place, |place| self.hashes[*place as usize]);
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, count: usize) {
        self.hashes.reserve(count);
        self.places.reserve(count, |place| self.hashes[*place as usize]);
    }

    /// The sequences of events whose claims have this hash: hardly ever more than one.
    pub(super) fn find(&self, hash: u64) -> impl Iterator<Item = u64> {
        let same = self.places.iter_hash(hash).filter(move |place| self.hashes[**place as usize] == hash);
        same.map(|place| self.first + u64::from(*place))
    }

    /// All claims, in the order of the log.
    pub(super) fn entries(&self) -> impl Iterator<Item = ClaimEntry> {
        (self.first..).zip(&self.hashes).map(|(sequence, hash)| ClaimEntry { hash: *hash, sequence })
    }
}
