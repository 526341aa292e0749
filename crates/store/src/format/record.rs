//! A record: a group of blocks that were committed together, with a header that says what follows.
//!
//! The header has a checksum, and one of the table of blocks that follows it, which has two of each block
//! ([`table`]). Nothing of a record is used before it was checked.

use super::block::Form;
use super::claims::{Claim, Claims};
use super::table::{self, BlockToWrite, Part};
use crate::format::codec::{Malformed, Put, Take};
use usage_domain::event::StoredEvent;
use usage_domain::time::Timestamp;

/// Bytes of a header.
pub(crate) const HEADER: usize = 56;
const MAGIC: u32 = u32::from_le_bytes(*b"UREC");
const VERSION: u16 = 3;
/// The version whose blocks are laid out by rows, and have a table.
const ROWS_VERSION: u16 = 2;
/// The version whose body has one checksum, and no table.
const FIRST_VERSION: u16 = 1;

/// What a record says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The sequence of its first event.
    pub(crate) first: u64,
    /// Events in it, skipped rows left out.
    pub(crate) events: u32,
    /// The earliest and the latest time of its events.
    pub(crate) times: (Timestamp, Timestamp),
    /// When the group was stored.
    pub(crate) stored_at: Timestamp,
    /// Bytes of the body.
    pub(crate) body_length: u32,
    version: u16,
    /// The checksum of the table; of the first version, that of the body.
    body_checksum: u32,
    /// The checksum of the header itself.
    pub(crate) checksum: u32,
}

/// The bytes of a record.
pub(crate) fn encode(
    first: u64,
    events: u32,
    times: (Timestamp, Timestamp),
    stored_at: Timestamp,
    blocks: &[BlockToWrite<'_>],
) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(&mut out, first, events, times, stored_at, blocks);
    out
}

/// The same in the place of what `out` has.
pub(crate) fn encode_into(
    out: &mut Vec<u8>,
    first: u64,
    events: u32,
    times: (Timestamp, Timestamp),
    stored_at: Timestamp,
    blocks: &[BlockToWrite<'_>],
) {
    let size: usize = blocks.iter().map(|b| b.sections.bytes.len()).sum();
    let table = table::encode(blocks);
    out.clear();
    out.reserve(HEADER + table.len() + size);
    out.resize(HEADER, 0);
    out.extend_from_slice(&table);
    for block in blocks {
        out.extend_from_slice(&block.sections.bytes);
    }
    // A group has less than 4 GiB: what a request may weigh, and what the queue takes, are bounded.
    let body_length = u32::try_from(out.len() - HEADER).unwrap_or(u32::MAX);
    let mut header = Vec::with_capacity(HEADER);
    header.put_u32(MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&[0, 0]);
    header.put_u64(first);
    header.put_u32(events);
    header.put_i64(times.0.nanos());
    header.put_i64(times.1.nanos());
    header.put_i64(stored_at.nanos());
    header.put_u32(body_length);
    header.put_u32(crc32fast::hash(&table));
    header.put_u32(crc32fast::hash(&header));
    out[..HEADER].copy_from_slice(&header);
}

/// Whether a sound header stands anywhere in these bytes.
pub(crate) fn any_header(bytes: &[u8]) -> bool {
    let magic = MAGIC.to_le_bytes();
    bytes.windows(HEADER).any(|window| {
        window.starts_with(&magic) && window.try_into().is_ok_and(|bytes| Header::read(bytes).is_ok())
    })
}

impl Header {
    /// Reads a header and checks it.
    pub(crate) fn read(bytes: &[u8; HEADER]) -> Result<Header, Malformed> {
        let mut take = Take(bytes);
        if take.u32()? != MAGIC {
            return Err(Malformed("no record begins here"));
        }
        let checksum = u32::from_le_bytes([bytes[52], bytes[53], bytes[54], bytes[55]]);
        if crc32fast::hash(&bytes[..HEADER - 4]) != checksum {
            return Err(Malformed("the checksum of a record's header is wrong"));
        }
        let version = take.bytes(2)?;
        let version = u16::from_le_bytes([version[0], version[1]]);
        if !(FIRST_VERSION..=VERSION).contains(&version) {
            return Err(Malformed("the record is of a newer version"));
        }
        take.bytes(2)?;
        let (first, events) = (take.u64()?, take.u32()?);
        let mut time = || Timestamp::from_nanos(take.i64()?).ok_or(Malformed("a time is out of range"));
        let (earliest, latest, stored_at) = (time()?, time()?, time()?);
        let (body_length, body_checksum) = (take.u32()?, take.u32()?);
        let times = (earliest, latest);
        Ok(Header { first, events, times, stored_at, body_length, version, body_checksum, checksum })
    }

    /// Checks the body that belongs to this header.
    pub(crate) fn check(&self, body: &[u8]) -> Result<(), Malformed> {
        if body.len() != self.body_length as usize {
            return Err(Malformed("it ends too early"));
        }
        if self.version == FIRST_VERSION {
            return self.check_sum(body);
        }
        let table = body.get(..table::length(body)?).ok_or(Malformed("it ends too early"))?;
        self.check_sum(table)?;
        self.parts(body)?.iter().try_for_each(|part| part.check(body))
    }

    fn check_sum(&self, bytes: &[u8]) -> Result<(), Malformed> {
        if crc32fast::hash(bytes) == self.body_checksum {
            Ok(())
        } else {
            Err(Malformed("the checksum of a record is wrong"))
        }
    }

    /// Whether a block can be read without the others.
    pub(crate) fn has_table(&self) -> bool {
        self.version > FIRST_VERSION
    }

    /// The blocks of a body that begins with this table, which is checked.
    pub(crate) fn table(&self, table: &[u8]) -> Result<Vec<Part>, Malformed> {
        self.check_sum(table)?;
        table::read(table, self.body_length as usize, self.form())
    }

    fn form(&self) -> Form {
        if self.version > ROWS_VERSION { Form::Columns } else { Form::Rows }
    }

    /// The blocks of a body.
    fn parts(&self, body: &[u8]) -> Result<Vec<Part>, Malformed> {
        if self.version == FIRST_VERSION {
            return table::read_v1(body);
        }
        let table = body.get(..table::length(body)?).ok_or(Malformed("it ends too early"))?;
        table::read(table, body.len(), self.form())
    }
}

/// The events of a checked body, of blocks that may have subjects of these fingerprints, which are in order
/// (all, where `None`).
pub(crate) fn events(
    header: &Header,
    body: &[u8],
    fingerprints: Option<&[u32]>,
) -> Result<Vec<(StoredEvent, Claim)>, Malformed> {
    let mut sequence = header.first;
    let mut events = Vec::new();
    for part in header.parts(body)? {
        let block = part.block(body);
        if let Some(fingerprints) = fingerprints
            && !block.may_have(fingerprints)?
        {
            sequence += part.count();
            continue;
        }
        let (ingested_at, stored_at) = (part.received, header.stored_at);
        for (event, claim) in part.counted(block.events()?) {
            let stored = StoredEvent { sequence, event, ingested_at, stored_at };
            events.push((stored, claim));
            sequence += 1;
        }
    }
    if fingerprints.is_none() && events.len() != header.events as usize {
        return Err(Malformed("it has another count of events than its header says"));
    }
    Ok(events)
}

/// The block among these that has the event of this place in the record, and the place of its first.
pub(crate) fn part_with(parts: Vec<Part>, place: u64) -> Result<(u64, Part), Malformed> {
    let mut first = 0;
    for part in parts {
        if place < first + part.count() {
            return Ok((first, part));
        }
        first += part.count();
    }
    Err(Malformed("it has fewer events than its header says"))
}

/// The claims of the block of a checked body that has the event of this place in the record, and the place of
/// its first.
pub(crate) fn claims_around(
    header: &Header,
    body: &[u8],
    place: u64,
) -> Result<(u64, Part, Claims), Malformed> {
    let (first, part) = part_with(header.parts(body)?, place)?;
    let claims = part.block(body).packed_claims()?;
    Ok((first, part, claims))
}

/// The events of the block of a checked body that has the event of this sequence, and the sequence of the
/// first of them.
pub(crate) fn block_with(
    header: &Header,
    body: &[u8],
    wanted: u64,
) -> Result<(u64, Vec<StoredEvent>), Malformed> {
    let mut first = header.first;
    for part in header.parts(body)? {
        let (received, count) = (part.received, part.count());
        if (first..first + count).contains(&wanted) {
            let stored = |(sequence, (event, _))| StoredEvent {
                sequence,
                event,
                ingested_at: received,
                stored_at: header.stored_at,
            };
            return Ok((
                first,
                (first..).zip(part.counted(part.block(body).events()?)).map(stored).collect(),
            ));
        }
        first += count;
    }
    Err(Malformed("it has another count of events than its header says"))
}

/// The claims of a checked body, in the order of sequences.
pub(crate) fn claims(header: &Header, body: &[u8]) -> Result<Vec<Claim>, Malformed> {
    let mut claims = Vec::new();
    for part in header.parts(body)? {
        claims.extend(part.counted(part.block(body).claims()?));
    }
    Ok(claims)
}
