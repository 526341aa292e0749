//! Segment files: where records lie, one after the other, and how they are read back.

use crate::StoreError;
use crate::format::claims::{Claim, Claims};
use crate::format::codec::Malformed;
use crate::format::record::{self, HEADER, Header};
use crate::format::table::{self, Part};
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use usage_domain::event::StoredEvent;
use usage_domain::time::Timestamp;

/// The first bytes of a segment file: a name and the version of its format.
pub(crate) const SEGMENT_HEADER: [u8; 16] = *b"usage log v1\n\0\0\0";

/// A segment file that is open for reading.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// The sequence of its first event.
    pub(crate) first: u64,
    file: File,
}

/// Bytes of a body that are read to find its table: enough for that of about a hundred blocks.
const TABLE: usize = 4096;

/// The claims of a block of the log.
#[derive(Debug)]
pub(crate) struct BlockClaims {
    /// The sequence of its first event.
    first: u64,
    part: Part,
    claims: Claims,
}

impl BlockClaims {
    /// Whether the event of this sequence is in the block.
    pub(crate) fn has(&self, sequence: u64) -> bool {
        sequence >= self.first && sequence - self.first < self.part.count()
    }

    /// The claim of the event of this sequence, which is in the block.
    pub(crate) fn get(&self, sequence: u64) -> Result<Claim, Malformed> {
        self.claims.get(self.part.row(sequence - self.first))
    }
}

/// Where a record lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordRef {
    /// The sequence of its first event.
    pub(crate) first: u64,
    pub(crate) events: u32,
    /// Index of its segment.
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    /// The earliest and the latest time of its events.
    pub(crate) times: (Timestamp, Timestamp),
}

impl Segment {
    pub(crate) fn path(folder: &Path, first: u64) -> PathBuf {
        folder.join(format!("{first:020}.log"))
    }

    pub(crate) fn open(path: PathBuf, first: u64) -> Result<Segment, StoreError> {
        let file = File::open(&path).map_err(StoreError::io("cannot open", &path))?;
        let segment = Segment { path, first, file };
        segment.check_name()?;
        Ok(segment)
    }

    /// A segment that was just made, through its file.
    pub(crate) fn made(path: PathBuf, first: u64, file: File) -> Segment {
        Segment { path, first, file }
    }

    /// Checks the first bytes of the file.
    pub(crate) fn check_name(&self) -> Result<(), StoreError> {
        let mut header = [0; SEGMENT_HEADER.len()];
        self.fill(&mut header, 0, 0)?;
        match header {
            SEGMENT_HEADER => Ok(()),
            _ if header.starts_with(b"usage log v") => {
                Err(self.damaged(0, &Malformed("its format is of another version")))
            }
            _ => Err(self.damaged(0, &Malformed("it is no log segment"))),
        }
    }

    /// Fills `bytes` from `offset` on; a file that ends before is damaged where `record` begins.
    fn fill(&self, bytes: &mut [u8], offset: u64, record: u64) -> Result<(), StoreError> {
        self.file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self.damaged(record, &Malformed("it ends too early")),
            _ => StoreError::io("cannot read", &self.path)(error),
        })
    }

    pub(crate) fn length(&self) -> Result<u64, StoreError> {
        self.file.metadata().map(|m| m.len()).map_err(StoreError::io("cannot read", &self.path))
    }

    /// Reads bytes as they are.
    pub(crate) fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes, offset, offset)?;
        Ok(bytes)
    }

    /// Reads a record's header.
    pub(crate) fn header(&self, offset: u64) -> Result<Header, StoreError> {
        let mut bytes = [0; HEADER];
        self.fill(&mut bytes, offset, offset)?;
        Header::read(&bytes).map_err(|what| self.damaged(offset, &what))
    }

    /// Reads a record whole and checks it.
    pub(crate) fn record(&self, offset: u64) -> Result<(Header, Vec<u8>), StoreError> {
        let header = self.header(offset)?;
        let mut body = vec![0; header.body_length as usize];
        self.fill(&mut body, offset + HEADER as u64, offset)?;
        header.check(&body).map_err(|what| self.damaged(offset, &what))?;
        Ok((header, body))
    }

    pub(crate) fn events(
        &self,
        offset: u64,
        fingerprints: Option<&[u32]>,
    ) -> Result<Vec<(StoredEvent, Claim)>, StoreError> {
        let (header, body) = self.record(offset)?;
        record::events(&header, &body, fingerprints).map_err(|what| self.damaged(offset, &what))
    }

    /// The claims of the block that has the event of this sequence: of the record no more is read than these,
    /// but of one of the first version.
    pub(crate) fn claims_around(&self, record: &RecordRef, sequence: u64) -> Result<BlockClaims, StoreError> {
        let (header, place) = (self.header(record.offset)?, sequence - record.first);
        let found = if header.has_table() {
            let (first, part) = self.part_with(&header, record.offset, place)?;
            let (at, length) = part.claims();
            let bytes = self.body(record.offset, at, length)?;
            let claims = part.check_claims(&bytes).and_then(|()| part.open(&bytes).packed_claims());
            claims.map(|claims| (first, part, claims))
        } else {
            let (header, body) = self.record(record.offset)?;
            record::claims_around(&header, &body, place)
        };
        let (first, part, claims) = found.map_err(|what| self.damaged(record.offset, &what))?;
        Ok(BlockClaims { first: record.first + first, part, claims })
    }

    /// A part of the body of the record at this offset.
    fn body(&self, offset: u64, at: usize, length: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes, offset + HEADER as u64 + at as u64, offset)?;
        Ok(bytes)
    }

    /// The block of a record with a table that has the event of this place, and the place of its first.
    fn part_with(&self, header: &Header, offset: u64, place: u64) -> Result<(u64, Part), StoreError> {
        let damaged = |what: Malformed| self.damaged(offset, &what);
        let begun = TABLE.min(header.body_length as usize);
        let mut table = self.body(offset, 0, begun)?;
        let length = table::length(&table).map_err(damaged)?;
        if length > header.body_length as usize {
            return Err(damaged(Malformed("its table is too long")));
        }
        if length > table.len() {
            table = self.body(offset, 0, length)?;
        }
        table.truncate(length);
        let parts = header.table(&table).map_err(damaged)?;
        record::part_with(parts, place).map_err(damaged)
    }

    /// The events of the block that has the event of this sequence, and the sequence of the first of them.
    pub(crate) fn block_with(
        &self,
        offset: u64,
        sequence: u64,
    ) -> Result<(u64, Vec<StoredEvent>), StoreError> {
        let (header, body) = self.record(offset)?;
        record::block_with(&header, &body, sequence).map_err(|what| self.damaged(offset, &what))
    }

    pub(crate) fn claims(&self, offset: u64) -> Result<Vec<Claim>, StoreError> {
        let (header, body) = self.record(offset)?;
        record::claims(&header, &body).map_err(|what| self.damaged(offset, &what))
    }

    pub(crate) fn damaged(&self, offset: u64, what: &Malformed) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), offset, what: what.to_string() }
    }
}

/// All records of the log that are committed, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogIndex {
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) records: Vec<RecordRef>,
}

impl LogIndex {
    /// The record that holds the event of this sequence.
    pub(crate) fn holding(&self, sequence: u64) -> Option<RecordRef> {
        let after = self.records.partition_point(|record| record.first <= sequence);
        let record = self.records[..after].last()?;
        (sequence < record.first + u64::from(record.events)).then_some(*record)
    }

    /// What tells the log's first `position` events from those of any other log: the checksum of
    /// the header of the record that ends there, if one does.
    pub(crate) fn mark(&self, position: u64) -> Result<Option<u32>, StoreError> {
        let record = position.checked_sub(1).and_then(|last| self.holding(last));
        match record {
            Some(record) if record.first + u64::from(record.events) == position => {
                self.segment(&record).header(record.offset).map(|header| Some(header.checksum))
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn segment(&self, record: &RecordRef) -> &Arc<Segment> {
        &self.segments[record.segment as usize]
    }
}
