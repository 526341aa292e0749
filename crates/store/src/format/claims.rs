//! The claims of a block: source, id and content hash of each of its events.

use super::block::Form;
use super::columns::{HASH, SAME};
use crate::format::codec::{Malformed, Take};

/// What duplicates are recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) source: String,
    pub(crate) id: String,
    /// Keyed hash of the event's content.
    pub(crate) content: u64,
}

/// The claims of a block, as they are stored.
#[derive(Debug)]
pub(crate) struct Claims {
    bytes: Vec<u8>,
    sources: Vec<String>,
    /// Where the hashes of contents begin, and bytes of each.
    hashes: (usize, usize),
    rows: Vec<Name>,
}

/// Where a row's name is: the place of its source, that of its id in the bytes, and its length; 0 for a UUID.
#[derive(Debug, Clone, Copy)]
struct Name {
    source: usize,
    at: usize,
    length: usize,
}

impl Claims {
    pub(super) fn read(bytes: Vec<u8>, form: Form) -> Result<Claims, Malformed> {
        let mut take = Take(&bytes);
        let count = take.count()?;
        let sources = read_dictionary(&mut take)?.into_iter().map(str::to_string).collect();
        let place = |take: &Take<'_>| bytes.len() - take.0.len();
        let width = if form == Form::Rows { 8 } else { HASH };
        let hashes = (place(&take), width);
        take.bytes(count.saturating_mul(width))?;
        let rows = match form {
            Form::Rows => (0..count).map(|_| name(&mut take, place)).collect::<Result<_, _>>()?,
            Form::Columns => names(&mut take, count, place)?,
        };
        take.end()?;
        Ok(Claims { bytes, sources, hashes, rows })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The claim of this row.
    pub(crate) fn get(&self, row: usize) -> Result<Claim, Malformed> {
        let name = self.rows.get(row).ok_or(Malformed("it has fewer rows than its record says"))?;
        let source = self.sources.get(name.source);
        let source = source.ok_or(Malformed("an event has a source that is not there"))?.clone();
        let id = match name.length {
            0 => uuid_text(&self.bytes[name.at..name.at + 16]),
            length => std::str::from_utf8(&self.bytes[name.at..name.at + length])
                .map_err(|_| Malformed("an id is not UTF-8"))?
                .to_string(),
        };
        let (hashes, width) = self.hashes;
        let mut content = [0; 8];
        content[..width].copy_from_slice(&self.bytes[hashes + row * width..][..width]);
        Ok(Claim { source, id, content: u64::from_le_bytes(content) })
    }

    /// The claims of all rows.
    pub(super) fn all(&self) -> Result<Vec<Claim>, Malformed> {
        (0..self.len()).map(|row| self.get(row)).collect()
    }
}

/// The name of the next row, where its parts stand together.
fn name(take: &mut Take<'_>, place: impl Fn(&Take<'_>) -> usize) -> Result<Name, Malformed> {
    let (source, length) = (take.size()?, take.size()?);
    let at = place(take);
    take.bytes(if length == 0 { 16 } else { length })?;
    Ok(Name { source, at, length })
}

/// The names of all rows, column by column.
fn names(
    take: &mut Take<'_>,
    count: usize,
    place: impl Fn(&Take<'_>) -> usize,
) -> Result<Vec<Name>, Malformed> {
    let sources = column(take, count)?;
    let lengths = column(take, count)?;
    let one = |(source, length)| {
        let at = place(take);
        take.bytes(if length == 0 { 16 } else { length })?;
        Ok(Name { source, at, length })
    };
    sources.into_iter().zip(lengths).map(one).collect()
}

/// A column of so many small numbers.
pub(super) fn column(take: &mut Take<'_>, count: usize) -> Result<Vec<usize>, Malformed> {
    if take.byte()? == SAME {
        return Ok(vec![take.size()?; count]);
    }
    (0..count).map(|_| take.size()).collect()
}

fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

pub(super) fn read_dictionary<'a>(take: &mut Take<'a>) -> Result<Vec<&'a str>, Malformed> {
    (0..take.count()?).map(|_| take.text()).collect()
}
