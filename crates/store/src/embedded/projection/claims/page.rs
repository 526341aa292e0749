//! Pages of entries: as many as fit into 4 KiB, with a checksum that is checked whenever one is read.
//!
//! An entry is eight bytes, however many a run has: a run of many needs more bits for the place in its span, and
//! its filter tells as many more of the hash. What the filter tells is not written again.

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;
/// Bytes of entries, at most; the checksum takes the rest.
const CONTENT: usize = PAGE - 4;
/// Bits of a hash that a filter of one bucket does not tell, and two more: so many that the first hash of a
/// bucket need only be known roughly.
const REST: u32 = 58;

/// How the entries of a run are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A hash, and the sequence less the first of the run.
    Whole,
    /// The low bits of a hash, and the same in as many bits as it needs.
    Packed { hash: u32, offset: u32 },
}

impl Shape {
    /// The shape of so many entries behind a filter of so many buckets.
    pub(super) fn packed(count: u32, buckets: u64) -> Shape {
        let offset = u32::BITS - count.saturating_sub(1).leading_zeros();
        Shape::Packed { hash: REST - buckets.max(1).ilog2(), offset }
    }

    /// Bytes of an entry.
    fn entry(self) -> usize {
        match self {
            Shape::Whole => 12,
            Shape::Packed { .. } => 8,
        }
    }

    /// Entries of a page.
    pub(super) fn per_page(self) -> u64 {
        (CONTENT / self.entry()) as u64
    }

    /// How many pages so many entries take.
    pub(super) fn pages(self, count: u64) -> u64 {
        count.div_ceil(self.per_page())
    }

    /// The bits of a hash that are written.
    pub(super) fn low(self, hash: u64) -> u64 {
        match self {
            Shape::Whole => hash,
            Shape::Packed { hash: bits, .. } => hash & ((1 << bits) - 1),
        }
    }

    /// The hash that has these low bits and is at least `least`, and less than the next that has them.
    pub(super) fn hash(self, low: u64, least: u64) -> u64 {
        match self {
            Shape::Whole => low,
            Shape::Packed { .. } => least.wrapping_add(self.low(low.wrapping_sub(least))),
        }
    }

    /// Adds an entry to the page that is being made at the end of `bytes`; `offset` is its sequence less
    /// the first of the run.
    pub(super) fn put(self, bytes: &mut Vec<u8>, hash: u64, offset: u32) {
        match self {
            Shape::Whole => {
                bytes.extend_from_slice(&hash.to_le_bytes());
                bytes.extend_from_slice(&offset.to_le_bytes());
            }
            Shape::Packed { offset: bits, .. } => {
                let entry = self.low(hash) << bits | u64::from(offset);
                bytes.extend_from_slice(&entry.to_le_bytes());
            }
        }
        if bytes.len() % PAGE + self.entry() > CONTENT {
            seal(bytes);
        }
    }

    /// The low bits of the hash at this place of a page, and its sequence less the first of the run.
    pub(super) fn take(self, page: &[u8], place: usize) -> (u64, u64) {
        let bytes = &page[place * self.entry()..][..self.entry()];
        let word = u64::from_le_bytes(std::array::from_fn(|i| bytes[i]));
        match self {
            Shape::Whole => (word, u64::from(u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]))),
            Shape::Packed { offset: bits, .. } => (word >> bits, word & ((1 << bits) - 1)),
        }
    }
}

/// Ends the page that is being made, if one is.
pub(super) fn seal(bytes: &mut Vec<u8>) {
    let begun = bytes.len() % PAGE;
    if begun > 0 {
        let start = bytes.len() - begun;
        bytes.resize(start + CONTENT, 0);
        let checksum = crc32fast::hash(&bytes[start..]);
        bytes.extend_from_slice(&checksum.to_le_bytes());
    }
}

/// Whether a page is as it was written.
pub(super) fn is_sound(page: &[u8]) -> bool {
    page.split_last_chunk::<4>()
        .is_some_and(|(content, checksum)| crc32fast::hash(content).to_le_bytes() == *checksum)
}
