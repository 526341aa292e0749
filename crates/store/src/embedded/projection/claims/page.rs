//! Pages of entries: as many as fit into 4 KiB, with a checksum that is checked whenever one is read.

use super::entry::ClaimEntry;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;
/// Bytes of an entry: its hash, and its sequence less the first of the run.
const ENTRY: usize = 12;
/// Entries of a page; its checksum takes the rest.
pub(crate) const PER_PAGE: u64 = ((PAGE - 4) / ENTRY) as u64;
const CONTENT: usize = PAGE - 4;

/// How many pages so many entries take.
pub(crate) fn pages(count: u64) -> u64 {
    count.div_ceil(PER_PAGE)
}

/// Adds an entry to the page that is being made at the end of `bytes`; `offset` is its sequence less
/// the first of the run.
pub(crate) fn put(bytes: &mut Vec<u8>, hash: u64, offset: u32) {
    bytes.extend_from_slice(&hash.to_le_bytes());
    bytes.extend_from_slice(&offset.to_le_bytes());
    if bytes.len() % PAGE == CONTENT {
        seal(bytes);
    }
}

/// Ends the page that is being made, if one is.
pub(crate) fn seal(bytes: &mut Vec<u8>) {
    let begun = bytes.len() % PAGE;
    if begun > 0 {
        let start = bytes.len() - begun;
        bytes.resize(start + CONTENT, 0);
        let checksum = crc32fast::hash(&bytes[start..]);
        bytes.extend_from_slice(&checksum.to_le_bytes());
    }
}

/// Whether a page is as it was written.
pub(crate) fn is_sound(page: &[u8]) -> bool {
    page.split_last_chunk::<4>()
        .is_some_and(|(content, checksum)| crc32fast::hash(content).to_le_bytes() == *checksum)
}

/// The entry at this place of a page, in a run that begins at `from`.
pub(crate) fn entry(page: &[u8], place: usize, from: u64) -> ClaimEntry {
    let b = &page[place * ENTRY..][..ENTRY];
    let hash = u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
    let offset = u32::from_le_bytes([b[8], b[9], b[10], b[11]]);
    ClaimEntry { hash, sequence: from + u64::from(offset) }
}
