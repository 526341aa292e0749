//! What nearly all new ids are answered by: one look at memory, however many runs there are.
//!
//! A Bloom filter in blocks of a cache line over the claims of all runs up to a log position. Only a hash that
//! it may have is looked for in those runs; one in 30 new ones, at most. It is no part of the files: it is made
//! from the runs behind the writer, and what it does not cover yet is asked of each run. When it is full,
//! one with half as much room again takes its place.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits for each claim that there is room for.
const BITS: u64 = 8;
/// Bits of a block, in words.
const WORDS: usize = 8;
/// Bits of a block that a hash sets.
const SET: u32 = 4;

#[repr(align(64))]
struct Block([AtomicU64; WORDS]);

/// A filter over the claims of runs. One thread adds to it while others ask.
pub(crate) struct Front {
    blocks: Vec<Block>,
    room: u64,
    /// The log position up to which it has all claims.
    covers: AtomicU64,
}

impl Front {
    /// An empty filter with room for so many claims.
    pub(crate) fn with_room(room: u64) -> Front {
        let blocks = (room * BITS).div_ceil(WORDS as u64 * 64).max(1);
        let block = || Block(std::array::from_fn(|_| AtomicU64::new(0)));
        Front { blocks: (0..blocks).map(|_| block()).collect(), room, covers: AtomicU64::new(0) }
    }

    pub(crate) fn room(&self) -> u64 {
        self.room
    }

    /// The log position up to which it has all claims: to be asked before it is relied on.
    pub(crate) fn covers(&self) -> u64 {
        self.covers.load(Ordering::Acquire)
    }

    /// States that it has all claims up to this log position.
    pub(crate) fn cover(&self, position: u64) {
        self.covers.store(position, Ordering::Release);
    }

    fn block(&self, hash: u64) -> &Block {
        let place = (u128::from(hash) * self.blocks.len() as u128) >> 64;
        // The high half of a product with a length is below that length.
        &self.blocks[usize::try_from(place).unwrap_or(0)]
    }

    /// The bits of a block that stand for a hash: of its low end, as its high end chooses the block.
    fn bits(hash: u64) -> impl Iterator<Item = (usize, u64)> {
        (0..SET).map(move |i| {
            let bit = hash >> (9 * i) & 511;
            // Eight words.
            (usize::try_from(bit >> 6).unwrap_or(0), 1 << (bit & 63))
        })
    }

    pub(crate) fn add(&self, hash: u64) {
        let block = self.block(hash);
        for (word, bit) in Front::bits(hash) {
            // Only one thread writes, and nobody relies on it before it is covered.
            let word = &block.0[word];
            word.store(word.load(Ordering::Relaxed) | bit, Ordering::Relaxed);
        }
    }

    /// Whether a claim of this hash may be among those that it covers.
    pub(crate) fn may_have(&self, hash: u64) -> bool {
        let block = self.block(hash);
        // Without a way out in the middle, so that nothing is guessed.
        Front::bits(hash)
            .fold(true, |all, (word, bit)| all & (block.0[word].load(Ordering::Relaxed) & bit != 0))
    }
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Front({} of {} claims)", self.covers(), self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::Front;
    use crate::embedded::projection::claims::tests::spread;

    #[test]
    fn a_full_front_lets_one_new_hash_in_30_pass_and_every_old_one() {
        let (front, count) = (Front::with_room(200_000), 200_000);
        (0..count).for_each(|figure| front.add(spread(figure)));
        assert!((0..count).all(|figure| front.may_have(spread(figure))));
        let passed = (count..2 * count).filter(|figure| front.may_have(spread(*figure))).count();
        assert!((4000..7000).contains(&passed), "{passed} of {count}");
    }
}
