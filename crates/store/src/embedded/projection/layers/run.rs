//! A run: the cells that a span of the log added, on disk, in the order of subject, slot and group.
//!
//! A file is a header that says what follows, blocks of cells ([`block`](super::block)), and a tail: the first
//! key of each block, the names that this span was the first to have, and what else the span added
//! ([`Stretch`](crate::embedded::projection::stretch::Stretch)). Header and tail are checked when the file is
//! opened, a block whenever it is read: damage is an error, never "no usage". A file that turns out to be
//! damaged is removed (it stays open), so that its part is made anew from the log when the store is opened
//! again.

use super::block::{self, Known};
use super::length::WithLonger;
use super::packed::Packed;
use super::view::Wanted;
use super::{Cell, Cells};
use crate::StoreError;
use crate::embedded::projection::metered::Series;
use crate::embedded::projection::names::Span;
use crate::embedded::projection::rollup::{CellKey, Group};
use crate::embedded::projection::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MAGIC: u32 = u32::from_le_bytes(*b"UCKP");
const VERSION: u32 = 5;
/// The version whose cells of everybody are quarter-hours only, and each say their slot.
const SHORT_VERSION: u32 = 4;
/// Bytes of a header.
pub(super) const HEADER: usize = 52;
/// Bytes of a tail that are packed as one section.
const SECTION: usize = 64 << 20;
/// Blocks that are read at once by who reads them all.
const AT_ONCE: usize = 16;

/// A run that is open.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(super) span: Span,
    /// The mark of the log's record that ends where the run does.
    pub(super) mark: u32,
    pub(super) path: PathBuf,
    pub(super) body: Arc<Body>,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) file: File,
    pub(super) index: Index,
    /// Where the blocks end.
    pub(super) tail_at: u64,
    pub(super) tail_length: u64,
    /// How many subjects have numbers at its end.
    pub(super) subjects: u32,
    /// In which ways the groups that have numbers at its end add up.
    pub(super) kinds: Arc<Vec<u8>>,
    /// Whether its cells of everybody are quarter-hours only.
    pub(super) is_short: bool,
}

/// The first key of each block, and where it begins.
pub(super) type Index = Vec<(CellKey, u64)>;

/// What a file has besides cells.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Subjects that it names, from this number on.
    pub(crate) subjects: (u32, Vec<String>),
    /// The same of groups, and how each adds up.
    pub(crate) series: (u32, Vec<(Series, u8)>),
    /// The stored form of what else its span added.
    pub(crate) stretch: Vec<u8>,
}

/// What a file says of itself.
pub(super) struct Head {
    pub(super) span: Span,
    pub(super) mark: u32,
    pub(super) tail_at: u64,
    pub(super) tail_length: u64,
    pub(super) tail_checksum: u32,
    /// See [`Body::is_short`].
    pub(super) is_short: bool,
}

impl Head {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.put_u32(MAGIC);
        out.put_u32(if self.is_short { SHORT_VERSION } else { VERSION });
        out.put_u64(self.span.from);
        out.put_u64(self.span.to);
        out.put_u32(self.mark);
        out.put_u64(self.tail_at);
        out.put_u64(self.tail_length);
        out.put_u32(self.tail_checksum);
        out.put_u32(crc32fast::hash(&out));
        out
    }

    fn read(bytes: &[u8; HEADER], span: Span) -> Result<Head, Malformed> {
        let (content, checksum) = bytes.split_at(HEADER - 4);
        if Take(checksum).u32()? != crc32fast::hash(content) {
            return Err(Malformed("the checksum of its header is wrong"));
        }
        let mut take = Take(content);
        let is_short = match (take.u32()?, take.u32()?) {
            (MAGIC, VERSION) => false,
            (MAGIC, SHORT_VERSION) => true,
            _ => return Err(Malformed("it is of another version")),
        };
        if (take.u64()?, take.u64()?) != (span.from, span.to) {
            return Err(Malformed("it is not what its name says"));
        }
        let (mark, tail_at, tail_length) = (take.u32()?, take.u64()?, take.u64()?);
        Ok(Head { span, mark, tail_at, tail_length, tail_checksum: take.u32()?, is_short })
    }
}

impl Tail {
    pub(super) fn encode(&self, index: &Index) -> Vec<u8> {
        let mut out = Vec::with_capacity(index.len() * 12 + self.stretch.len());
        out.put_var(index.len() as u64);
        for (key, at) in index {
            for number in [key.subject, key.slot.0, key.group] {
                out.put_var(u64::from(number));
            }
            out.put_var(*at);
        }
        let (first, names) = &self.subjects;
        out.put_var(u64::from(*first));
        out.put_var(names.len() as u64);
        names.iter().for_each(|name| out.put_text(name));
        let (first, series) = &self.series;
        out.put_var(u64::from(*first));
        out.put_var(series.len() as u64);
        for (series, kind) in series {
            series.put(&mut out);
            out.push(*kind);
        }
        out.extend_from_slice(&self.stretch);
        let mut packed = Vec::with_capacity(out.len() / 2);
        out.chunks(SECTION).for_each(|part| packed.put_section(part));
        packed
    }

    fn read(packed: &[u8]) -> Result<(Index, Tail), Malformed> {
        let (mut take, mut bytes) = (Take(packed), Vec::new());
        while !take.0.is_empty() {
            bytes.append(&mut take.section()?);
        }
        let mut take = Take(&bytes);
        let small =
            |take: &mut Take<'_>| u32::try_from(take.var()?).map_err(|_| Malformed("a number is too large"));
        let mut index = Vec::new();
        for _ in 0..take.count()? {
            let (subject, slot, group) = (small(&mut take)?, Slot(small(&mut take)?), small(&mut take)?);
            index.push((CellKey { subject, slot, group }, take.var()?));
        }
        let first = small(&mut take)?;
        let names = (0..take.count()?).map(|_| take.text().map(str::to_string));
        let subjects = (first, names.collect::<Result<_, _>>()?);
        let first = small(&mut take)?;
        let mut series = Vec::new();
        for _ in 0..take.count()? {
            series.push((Series::take(&mut take)?, take.byte()?));
        }
        Ok((index, Tail { subjects, series: (first, series), stretch: take.0.to_vec() }))
    }
}

impl Run {
    /// Opens a run that follows another, and gives its tail; its blocks are not read yet.
    ///
    /// # Errors
    /// In words, when it cannot be used.
    pub(super) fn open(path: &Path, span: Span, before: Option<&Run>) -> Result<(Run, Tail), String> {
        let text = |error: io::Error| error.to_string();
        let file = File::open(path).map_err(text)?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).map_err(text)?;
        let head = Head::read(&header, span).map_err(|what| what.to_string())?;
        if head.tail_at.checked_add(head.tail_length) != Some(file.metadata().map_err(text)?.len()) {
            return Err("its length is wrong".to_string());
        }
        let (index, tail) = read_tail(&file, &head)?;
        let mut kinds = before.map_or_else(Vec::new, |run| run.body.kinds.to_vec());
        let subjects = before.map_or(0, |run| run.body.subjects);
        if tail.subjects.0 != subjects || tail.series.0 as usize != kinds.len() {
            return Err("its names do not follow those before".to_string());
        }
        kinds.extend(tail.series.1.iter().map(|(_, kind)| *kind));
        let count = u32::try_from(tail.subjects.1.len()).unwrap_or(u32::MAX);
        let (tail_at, tail_length) = (head.tail_at, head.tail_length);
        let subjects = subjects.saturating_add(count);
        let (kinds, is_short) = (Arc::new(kinds), head.is_short);
        let body = Body { file, index, tail_at, tail_length, subjects, kinds, is_short };
        let run = Run { span, mark: head.mark, path: path.to_path_buf(), body: Arc::new(body) };
        Ok((run, tail))
    }

    /// Reads its tail again.
    pub(super) fn tail(&self) -> Result<Tail, StoreError> {
        let again =
            Run::read_header(&self.body.file, self.span).and_then(|head| read_tail(&self.body.file, &head));
        again.map(|(_, tail)| tail).map_err(|what| self.damaged(0, &what))
    }

    fn read_header(file: &File, span: Span) -> Result<Head, String> {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).map_err(|error| error.to_string())?;
        Head::read(&header, span).map_err(|what| what.to_string())
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.body.tail_at + self.body.tail_length
    }

    /// Where the block of this number begins, or the blocks end.
    fn offset(&self, block: usize) -> u64 {
        self.body.index.get(block).map_or(self.body.tail_at, |(_, at)| *at)
    }

    /// Reads blocks that follow each other; they are not checked yet.
    fn blocks(&self, blocks: Range<usize>) -> Result<Vec<u8>, StoreError> {
        let (at, end) = (self.offset(blocks.start), self.offset(blocks.end));
        let length = end.checked_sub(at).and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|_| end <= self.body.tail_at);
        let mut bytes = vec![0; length.ok_or_else(|| self.damaged(at, "its blocks are not in order"))?];
        self.body.file.read_exact_at(&mut bytes, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(at, "it ends too early"),
            _ => StoreError::io("cannot read", &self.path)(error),
        })?;
        Ok(bytes)
    }

    fn known(&self) -> Known<'_> {
        let Body { subjects, is_short, .. } = *self.body;
        Known { subjects, kinds: &self.body.kinds, has_all_slots: is_short }
    }

    /// Adds the wanted cells.
    pub(super) fn cells(&self, wanted: &Wanted, into: &mut Vec<Cell>) -> Result<(), StoreError> {
        let index = &self.body.index;
        let first = CellKey { subject: wanted.subjects.start, slot: wanted.slots.0, group: 0 };
        let begin = index.partition_point(|(key, _)| *key <= first).saturating_sub(1);
        for (number, (key, at)) in index.iter().enumerate().skip(begin) {
            if wanted.is_past(key) {
                break;
            }
            let block = self.blocks(number..number + 1)?;
            let read = block::read(&block, &self.known(), |key, sum| {
                if wanted.has(&key) {
                    into.push((key, sum));
                }
                !wanted.is_past(&key)
            });
            read.map_err(|what| self.damaged(*at, &what.to_string()))?;
        }
        Ok(())
    }

    /// All cells, in their order.
    pub(super) fn all(&self) -> Cells {
        let (run, cells) = (self.clone(), Vec::new().into_iter());
        let cells = RunReader { run, block: 0, cells, last: None, failed: false };
        if self.body.is_short { Box::new(WithLonger::new(cells)) } else { Box::new(cells) }
    }

    /// Reads all cells for their checks' sake.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.all().try_for_each(|cell| cell.map(drop))
    }

    /// Says what is wrong, and sees to it that the file is not used again.
    fn damaged(&self, offset: u64, what: &str) -> StoreError {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = ?self.path, %error, "a damaged file cannot be removed");
        }
        StoreError::Damaged {
            path: self.path.clone(),
            offset,
            what: format!(
                "{what}; this part of the totals is made anew from the log by 'usage_app rebuild', or when the service starts again"
            ),
        }
    }
}

fn read_tail(file: &File, head: &Head) -> Result<(Index, Tail), String> {
    let length = usize::try_from(head.tail_length).map_err(|_| "its tail is too long".to_string())?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, head.tail_at).map_err(|error| error.to_string())?;
    if crc32fast::hash(&bytes) != head.tail_checksum {
        return Err("the checksum of its tail is wrong".to_string());
    }
    Tail::read(&bytes).map_err(|what| what.to_string())
}

/// The cells of a run in order. After an error there are no more.
struct RunReader {
    run: Run,
    /// The next block that is not read.
    block: usize,
    cells: std::vec::IntoIter<Cell>,
    last: Option<CellKey>,
    failed: bool,
}

impl RunReader {
    fn read(&mut self) -> Result<Option<Cell>, StoreError> {
        if self.cells.len() == 0 && self.block < self.run.body.index.len() {
            self.cells = self.decode()?.into_iter();
        }
        Ok(self.cells.next())
    }

    fn decode(&mut self) -> Result<Vec<Cell>, StoreError> {
        let run = &self.run;
        let end = run.body.index.len().min(self.block + AT_ONCE);
        let bytes = run.blocks(self.block..end)?;
        let (start, mut cells): (_, Vec<Cell>) = (run.offset(self.block), Vec::new());
        for number in self.block..end {
            let (from, to) = (run.offset(number), run.offset(number + 1));
            let place = |at: u64| at.checked_sub(start).and_then(|at| usize::try_from(at).ok());
            let block = place(from).zip(place(to)).and_then(|(from, to)| bytes.get(from..to));
            let block = block.ok_or_else(|| run.damaged(from, "its blocks are not in order"))?;
            let mut first = Some(run.body.index[number].0);
            let mut ordered = true;
            let last = &mut self.last;
            let read = block::read(block, &run.known(), |key: CellKey, sum: Packed| {
                ordered &=
                    last.is_none_or(|last| last < key) && first.take().is_none_or(|first| first == key);
                *last = Some(key);
                cells.push((key, sum));
                true
            });
            read.map_err(|what| run.damaged(from, &what.to_string()))?;
            if !ordered {
                return Err(run.damaged(from, "its blocks are not in order"));
            }
        }
        self.block = end;
        Ok(cells)
    }
}

impl Iterator for RunReader {
    type Item = Result<Cell, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read();
        self.failed = read.is_err();
        read.transpose()
    }
}
