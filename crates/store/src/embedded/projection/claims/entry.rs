//! Keyed hashes of claims, and the entries of the index.

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
