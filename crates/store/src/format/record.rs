//! A record: a group of blocks that were committed together, with a header that says what follows.
//!
//! Header and body have a checksum each. Nothing of a record is used before both were checked.

use super::block::{Block, Claim};
use crate::format::codec::{Malformed, Put, Take};
use usage_domain::event::StoredEvent;
use usage_domain::time::Timestamp;

/// Bytes of a header.
pub(crate) const HEADER: usize = 56;
const MAGIC: u32 = u32::from_le_bytes(*b"UREC");
const VERSION: u16 = 1;

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
    body_checksum: u32,
    /// The checksum of the header itself.
    pub(crate) checksum: u32,
}

/// A block to be written: its sections, and the rows of it that do not count.
pub(crate) struct BlockToWrite<'a> {
    pub(crate) received: Timestamp,
    pub(crate) rows: usize,
    pub(crate) skipped: Vec<u32>,
    pub(crate) sections: &'a [u8],
}

/// The bytes of a record.
pub(crate) fn encode(
    first: u64,
    events: u32,
    times: (Timestamp, Timestamp),
    stored_at: Timestamp,
    blocks: &[BlockToWrite<'_>],
) -> Vec<u8> {
    let size: usize = blocks.iter().map(|b| b.sections.len() + 64).sum();
    let mut out = Vec::with_capacity(HEADER + size);
    out.resize(HEADER, 0);
    out.put_var(blocks.len() as u64);
    for block in blocks {
        out.put_i64(block.received.nanos());
        out.put_var(block.rows as u64);
        out.put_var(block.skipped.len() as u64);
        for row in &block.skipped {
            out.put_var(u64::from(*row));
        }
        out.put_var(block.sections.len() as u64);
        out.extend_from_slice(block.sections);
    }
    let body = &out[HEADER..];
    // A group has less than 4 GiB: what a request may weigh, and what the queue takes, are bounded.
    let body_length = u32::try_from(body.len()).unwrap_or(u32::MAX);
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
    header.put_u32(crc32fast::hash(body));
    header.put_u32(crc32fast::hash(&header));
    out[..HEADER].copy_from_slice(&header);
    out
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
        if take.bytes(2)? != VERSION.to_le_bytes() {
            return Err(Malformed("the record is of a newer version"));
        }
        take.bytes(2)?;
        let (first, events) = (take.u64()?, take.u32()?);
        let mut time = || Timestamp::from_nanos(take.i64()?).ok_or(Malformed("a time is out of range"));
        let (earliest, latest, stored_at) = (time()?, time()?, time()?);
        let (body_length, body_checksum) = (take.u32()?, take.u32()?);
        let times = (earliest, latest);
        Ok(Header { first, events, times, stored_at, body_length, body_checksum, checksum })
    }

    /// Checks the body that belongs to this header.
    pub(crate) fn check(&self, body: &[u8]) -> Result<(), Malformed> {
        if body.len() != self.body_length as usize {
            return Err(Malformed("it ends too early"));
        }
        if crc32fast::hash(body) != self.body_checksum {
            return Err(Malformed("the checksum of a record is wrong"));
        }
        Ok(())
    }
}

/// A block within a record's body.
struct Part<'a> {
    received: Timestamp,
    rows: usize,
    /// Rows that do not count, in order.
    skipped: Vec<usize>,
    block: Block<'a>,
}

fn parts(body: &[u8]) -> Result<Vec<Part<'_>>, Malformed> {
    let mut take = Take(body);
    let mut parts = Vec::new();
    for _ in 0..take.count()? {
        let received = Timestamp::from_nanos(take.i64()?).ok_or(Malformed("a time is out of range"))?;
        let rows = take.size()?;
        let skipped = (0..take.count()?).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
        if skipped.len() > rows {
            return Err(Malformed("a block skips more rows than it has"));
        }
        let length = take.size()?;
        parts.push(Part { received, rows, skipped, block: Block::new(take.bytes(length)?) });
    }
    take.end()?;
    Ok(parts)
}

/// Drops the rows that do not count; `skipped` is in order.
fn counted<T>(rows: Vec<T>, skipped: &[usize]) -> impl Iterator<Item = T> {
    rows.into_iter().enumerate().filter(|(row, _)| skipped.binary_search(row).is_err()).map(|(_, item)| item)
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
    for Part { received, rows, skipped, block } in parts(body)? {
        if let Some(fingerprints) = fingerprints
            && !block.may_have(fingerprints)?
        {
            sequence += (rows - skipped.len()) as u64;
            continue;
        }
        for (event, claim) in counted(block.events()?, &skipped) {
            let stored = StoredEvent { sequence, event, ingested_at: received, stored_at: header.stored_at };
            events.push((stored, claim));
            sequence += 1;
        }
    }
    if fingerprints.is_none() && events.len() != header.events as usize {
        return Err(Malformed("it has another count of events than its header says"));
    }
    Ok(events)
}

/// The claims of the block that has the event of this place in the record, and the place of its first.
pub(crate) fn claims_around(body: &[u8], place: u64) -> Result<(u64, Vec<Claim>), Malformed> {
    let mut first = 0;
    for part in parts(body)? {
        let count = (part.rows - part.skipped.len()) as u64;
        if place < first + count {
            return Ok((first, counted(part.block.claims()?, &part.skipped).collect()));
        }
        first += count;
    }
    Err(Malformed("it has fewer events than its header says"))
}

/// The events of the block of a checked body that has the event of this sequence, and the sequence of the
/// first of them.
pub(crate) fn block_with(
    header: &Header,
    body: &[u8],
    wanted: u64,
) -> Result<(u64, Vec<StoredEvent>), Malformed> {
    let mut first = header.first;
    for Part { received, rows, skipped, block } in parts(body)? {
        let count = (rows - skipped.len()) as u64;
        if (first..first + count).contains(&wanted) {
            let stored = |(sequence, (event, _))| StoredEvent {
                sequence,
                event,
                ingested_at: received,
                stored_at: header.stored_at,
            };
            return Ok((first, (first..).zip(counted(block.events()?, &skipped)).map(stored).collect()));
        }
        first += count;
    }
    Err(Malformed("it has another count of events than its header says"))
}

/// The claims of a checked body, in the order of sequences.
pub(crate) fn claims(body: &[u8]) -> Result<Vec<Claim>, Malformed> {
    let mut claims = Vec::new();
    for part in parts(body)? {
        claims.extend(counted(part.block.claims()?, &part.skipped));
    }
    Ok(claims)
}
