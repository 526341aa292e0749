//! Blocks: some kilobytes of cells in their order, with a checksum that is checked whenever one is read.

use super::length::Length;
use super::whole::EVERYBODY_NUMBER;
use super::{Cell, Packed};
use crate::embedded::projection::rollup::CellKey;
use crate::embedded::projection::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};

/// Bytes of cells after which a block ends: a bill looks for some cells of one subject, and reads all before
/// them.
const BYTES: usize = 2 << 10;
/// Bytes of a checksum.
const CHECKSUM: usize = 4;
/// The key before any other.
const NONE: CellKey = CellKey { subject: 0, slot: Slot(0), group: 0 };

/// A block in the making.
pub(super) struct BlockWriter {
    pub(super) bytes: Vec<u8>,
    first: Option<CellKey>,
    last: CellKey,
}

impl BlockWriter {
    pub(super) fn new() -> BlockWriter {
        BlockWriter { bytes: Vec::with_capacity(BYTES + BYTES / 8), first: None, last: NONE }
    }

    /// Adds the next cell; whether the block should end with it.
    pub(super) fn put(&mut self, (key, sum): &Cell) -> bool {
        self.first.get_or_insert(*key);
        let out = &mut self.bytes;
        let later = key.slot != self.last.slot;
        out.put_var(u64::from(key.subject - self.last.subject) << 1 | u64::from(later));
        if later {
            out.put_signed(i64::from(key.slot.0) - i64::from(self.last.slot.0));
        }
        out.put_signed(i64::from(key.group) - i64::from(self.last.group));
        sum.put(Length::stretch(key.slot).0, out);
        self.last = *key;
        out.len() >= BYTES
    }

    /// Ends the block: its bytes are ready. The key of its first cell, if it has any.
    pub(super) fn seal(&mut self) -> Option<CellKey> {
        let first = self.first.take()?;
        let checksum = crc32fast::hash(&self.bytes);
        self.bytes.put_u32(checksum);
        Some(first)
    }

    /// Begins the next one.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        (self.first, self.last) = (None, NONE);
    }
}

/// What is known of a file's cells: names that they may have are so many subjects, and groups that add up in
/// these ways.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    pub(super) subjects: u32,
    pub(super) kinds: &'a [u8],
    /// Whether each cell says its slot.
    pub(super) has_all_slots: bool,
}

/// Hands the cells of a block to `each`, in their order, until that says no.
pub(super) fn read(
    block: &[u8],
    known: &Known<'_>,
    mut each: impl FnMut(CellKey, Packed) -> bool,
) -> Result<(), Malformed> {
    let (content, checksum) =
        block.split_at_checked(block.len().saturating_sub(CHECKSUM)).unwrap_or((block, &[]));
    if Take(checksum).u32()? != crc32fast::hash(content) {
        return Err(Malformed("the checksum of a block is wrong"));
    }
    let mut take = Take(content);
    let (mut last, mut any) = (NONE, false);
    while !take.0.is_empty() {
        let key = next_key(&mut take, last, known)?;
        if any && key <= last {
            return Err(Malformed("its cells are not in order"));
        }
        let sum = Packed::take(Length::stretch(key.slot).0, &mut take)?;
        if known.kinds[key.group as usize] != sum.kind() {
            return Err(Malformed("cells of one group add up in two ways"));
        }
        (last, any) = (key, true);
        if !each(key, sum) {
            return Ok(());
        }
    }
    Ok(())
}

fn next_key(take: &mut Take<'_>, last: CellKey, known: &Known<'_>) -> Result<CellKey, Malformed> {
    let step = |from: u32, by: i64| i64::from(from).checked_add(by).and_then(|next| u32::try_from(next).ok());
    let no_name = Malformed("a cell has a name that is not there");
    let (by, later) = match take.var()? {
        by if known.has_all_slots => (by, true),
        both => (both >> 1, both & 1 == 1),
    };
    let subject = u32::try_from(by).ok().and_then(|by| last.subject.checked_add(by));
    let subject = subject.filter(|number| *number < known.subjects).ok_or(no_name.clone())?;
    let stored = if subject == EVERYBODY_NUMBER { Length::stored } else { Slot::stored };
    let slot = step(last.slot.0, if later { take.signed()? } else { 0 }).and_then(stored);
    let slot = slot.ok_or(Malformed("a cell is of no time"))?;
    let group = step(last.group, take.signed()?).filter(|group| (*group as usize) < known.kinds.len());
    Ok(CellKey { subject, slot, group: group.ok_or(no_name)? })
}
