//! Numbers that look random and can be had again: each follows from a key and a place.

/// What SplitMix64 adds to its state for each number.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number that SplitMix64 makes of a state: different states give different numbers.
fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The number at a place under a key; different places of a key have different numbers.
pub(super) fn at(key: u64, place: u64) -> u64 {
    mix(key.wrapping_add(place.wrapping_mul(STEP)))
}

/// A sequence of numbers.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below a limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        scaled(self.next(), limit)
    }
}

/// A random number brought below a limit.
pub(super) fn scaled(random: u64, limit: u64) -> u64 {
    ((u128::from(random) * u128::from(limit)) >> 64) as u64
}
