//! What a record's body says of its blocks: since version 2 a table in front of them, so that a block is
//! read and checked without the others.
//!
//! The header's checksum is that of the table, which has those of the blocks; of a record of version 1 it
//! is that of the body whole.

use super::block::{Block, Form};
use super::columns::Sections;
use crate::format::codec::{Malformed, Put, Take};
use usage_domain::time::Timestamp;

/// Bytes in front of a table: its length.
pub(crate) const PREFIX: usize = 4;

/// A block within a record's body.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) received: Timestamp,
    rows: usize,
    /// Rows that do not count, in order.
    skipped: Vec<usize>,
    /// Where it is in the body.
    at: usize,
    length: usize,
    /// Of a record since version 2.
    checked: Option<Checked>,
    form: Form,
}

/// What a block is checked by.
#[derive(Debug, Clone, Copy)]
struct Checked {
    /// Bytes of its sections up to the claims' end.
    claims: usize,
    /// The checksum of these, and that of the rest.
    checksums: (u32, u32),
}

/// A block to be written: its sections, and the rows of it that do not count.
pub(crate) struct BlockToWrite<'a> {
    pub(crate) received: Timestamp,
    pub(crate) rows: usize,
    pub(crate) skipped: Vec<u32>,
    pub(crate) sections: &'a Sections,
}

/// The table of these blocks, with its length in front.
pub(crate) fn encode(blocks: &[BlockToWrite<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(PREFIX + 8 + blocks.len() * 40);
    out.put_u32(0);
    out.put_var(blocks.len() as u64);
    for block in blocks {
        out.put_i64(block.received.nanos());
        out.put_var(block.rows as u64);
        out.put_var(block.skipped.len() as u64);
        for row in &block.skipped {
            out.put_var(u64::from(*row));
        }
        out.put_var(block.sections.bytes.len() as u64);
        out.put_var(block.sections.claims as u64);
        out.put_u32(block.sections.checksums.0);
        out.put_u32(block.sections.checksums.1);
    }
    // A record has less than 4 GiB.
    let length = u32::try_from(out.len() - PREFIX).unwrap_or(u32::MAX);
    out[..PREFIX].copy_from_slice(&length.to_le_bytes());
    out
}

/// How many bytes the table takes at whose beginning these are, with its length in front.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Malformed> {
    let length = Take(bytes).u32()? as usize;
    length.checked_add(PREFIX).ok_or(Malformed("its table is too long"))
}

/// Reads a checked table, of a body of so many bytes with blocks of this form.
pub(crate) fn read(table: &[u8], body: usize, form: Form) -> Result<Vec<Part>, Malformed> {
    let mut take = Take(table.get(PREFIX..).unwrap_or_default());
    let (mut parts, mut at) = (Vec::new(), table.len());
    for _ in 0..take.count()? {
        let (received, rows, skipped) = rows(&mut take)?;
        let (length, claims) = (take.size()?, take.size()?);
        let checksums = (take.u32()?, take.u32()?);
        let end = at.checked_add(length).filter(|end| *end <= body && claims <= length);
        let end = end.ok_or(Malformed("its blocks are longer than it is"))?;
        parts.push(Part {
            received,
            rows,
            skipped,
            at,
            length,
            checked: Some(Checked { claims, checksums }),
            form,
        });
        at = end;
    }
    take.end()?;
    if at != body {
        return Err(Malformed("it has bytes too many"));
    }
    Ok(parts)
}

/// The blocks of a body of version 1.
pub(crate) fn read_v1(body: &[u8]) -> Result<Vec<Part>, Malformed> {
    let mut take = Take(body);
    let mut parts = Vec::new();
    for _ in 0..take.count()? {
        let (received, rows, skipped) = rows(&mut take)?;
        let length = take.size()?;
        let at = body.len() - take.0.len();
        take.bytes(length)?;
        parts.push(Part { received, rows, skipped, at, length, checked: None, form: Form::Rows });
    }
    take.end()?;
    Ok(parts)
}

/// When a block came, how many rows it has, and which of them do not count.
fn rows(take: &mut Take<'_>) -> Result<(Timestamp, usize, Vec<usize>), Malformed> {
    let received = Timestamp::from_nanos(take.i64()?).ok_or(Malformed("a time is out of range"))?;
    let rows = take.size()?;
    let skipped = (0..take.count()?).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
    if skipped.len() > rows {
        return Err(Malformed("a block skips more rows than it has"));
    }
    Ok((received, rows, skipped))
}

impl Part {
    /// How many events of it count.
    pub(crate) fn count(&self) -> u64 {
        (self.rows - self.skipped.len()) as u64
    }

    /// Where it is in the body, up to the end of its claims.
    pub(crate) fn claims(&self) -> (usize, usize) {
        (self.at, self.checked.map_or(self.length, |checked| checked.claims))
    }

    /// Checks the bytes up to the end of its claims.
    pub(crate) fn check_claims(&self, bytes: &[u8]) -> Result<(), Malformed> {
        match self.checked {
            Some(Checked { checksums: (expected, _), .. }) => same(bytes, expected),
            None => Ok(()),
        }
    }

    /// Checks it, in its body.
    pub(crate) fn check(&self, body: &[u8]) -> Result<(), Malformed> {
        let Some(Checked { claims, checksums }) = self.checked else { return Ok(()) };
        let (front, rest) = self.bytes(body).split_at(claims);
        same(front, checksums.0)?;
        same(rest, checksums.1)
    }

    fn bytes<'a>(&self, body: &'a [u8]) -> &'a [u8] {
        &body[self.at..self.at + self.length]
    }

    /// Its block, in its body.
    pub(crate) fn block<'a>(&self, body: &'a [u8]) -> Block<'a> {
        self.open(self.bytes(body))
    }

    /// Its block, of which these bytes are all or those up to the end of its claims.
    pub(crate) fn open<'a>(&self, bytes: &'a [u8]) -> Block<'a> {
        Block::new(bytes, self.form)
    }

    /// Drops the rows that do not count.
    pub(crate) fn counted<T>(&self, rows: Vec<T>) -> impl Iterator<Item = T> {
        let counts = |row: &usize| self.skipped.binary_search(row).is_err();
        rows.into_iter().enumerate().filter(move |(row, _)| counts(row)).map(|(_, item)| item)
    }

    /// The row of the event of this place among those that count.
    pub(crate) fn row(&self, place: u64) -> usize {
        // Fewer than the rows of a block.
        let mut row = usize::try_from(place).unwrap_or(usize::MAX);
        for skipped in &self.skipped {
            if *skipped <= row {
                row += 1;
            }
        }
        row
    }
}

fn same(bytes: &[u8], expected: u32) -> Result<(), Malformed> {
    if crc32fast::hash(bytes) == expected {
        Ok(())
    } else {
        Err(Malformed("the checksum of a block is wrong"))
    }
}
