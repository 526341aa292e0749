//! The duplicate index: for every event its claim's keyed hash and where the event is.
//!
//! A hash alone never decides: whoever asks compares the source and the id with the log.

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// A secret of this database, so that nobody can make hashes collide on purpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HashKey(pub(crate) [u8; 16]);

impl HashKey {
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        for part in parts {
            hasher.write_u64(part.len() as u64);
            hasher.write(part);
        }
        hasher.finish()
    }

    /// The hash of the pair that names an event.
    pub(crate) fn claim(&self, source: &str, id: &str) -> u64 {
        self.hash(&[source.as_bytes(), id.as_bytes()])
    }
}

/// Hash and sequence of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClaimEntry {
    pub(crate) hash: u64,
    pub(crate) sequence: u64,
}

impl ClaimEntry {
    /// A figure of which sums tell whether two sets of entries are the same, in any order.
    pub(crate) fn digest(self) -> u64 {
        // An odd factor spreads the sequence over all bits, so that hashes that change places show.
        let mixed = self.hash ^ self.sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed.wrapping_mul(mixed >> 32 | 1)
    }
}

/// The claims of the whole log.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    table: HashTable<ClaimEntry>,
    digest: u64,
}

impl Claims {
    pub(crate) fn insert(&mut self, entry: ClaimEntry) {
        self.digest = self.digest.wrapping_add(entry.digest());
        self.table.insert_unique(entry.hash, entry, |entry| entry.hash);
    }

    /// Makes room ahead of a group, so that no insertion has to.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.table.reserve(count, |entry| entry.hash);
    }

    /// The sequences of events whose claim has this hash: hardly ever more than one.
    pub(crate) fn candidates(&self, hash: u64) -> impl Iterator<Item = u64> + '_ {
        self.table.iter_hash(hash).filter(move |entry| entry.hash == hash).map(|entry| entry.sequence)
    }

    pub(crate) fn len(&self) -> u64 {
        self.table.len() as u64
    }

    /// The sum of all entries' digests.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }
}
