//! Writing a run: in one pass over cells that come in order, with little in memory but its tail.

use super::Cell;
use super::block::BlockWriter;
use super::run::{Body, HEADER, Head, Run, Tail};
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::names::{Names, Span};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes that are written at once.
const PART: usize = 1 << 20;
/// Bytes after which the disk is waited for, so that a commit never has to wait for more than these.
const SYNCED: u64 = 8 << 20;

/// Writes the run of a span of the log, which ends with the record of this mark; `kinds` are those of all
/// groups that have numbers at its end.
///
/// # Errors
/// When it could not be written, or one of the cells is an error; then there is no file.
pub(super) fn write_run(
    (names, faults): (&Names, &Faults),
    span: Span,
    mark: u32,
    tail: &Tail,
    kinds: Vec<u8>,
    cells: impl Iterator<Item = Result<Cell, StoreError>>,
) -> Result<Run, StoreError> {
    let path = names.path(span);
    let failed = |source| StoreError::WriteFailed { path: path.clone(), source };
    let ((index, head), file) = names.make(span, faults, |file| {
        let mut out = Out { file, bytes: vec![0; HEADER], at: 0, pending: 0 };
        let (mut index, mut block) = (Vec::new(), BlockWriter::new());
        for cell in cells {
            if block.put(&cell?) {
                out.block(&mut block, &mut index).map_err(failed)?;
            }
        }
        out.block(&mut block, &mut index).map_err(failed)?;
        let tail_at = out.position();
        let tail = tail.encode(&index);
        out.write(&tail).map_err(failed)?;
        out.flush().map_err(failed)?;
        let (tail_length, tail_checksum) = (tail.len() as u64, crc32fast::hash(&tail));
        let head = Head { span, mark, tail_at, tail_length, tail_checksum, is_short: false };
        out.file.write_all_at(&head.encode(), 0).map_err(failed)?;
        Ok((index, head))
    })?;
    let (first, count) = (tail.subjects.0, u32::try_from(tail.subjects.1.len()).unwrap_or(u32::MAX));
    let body = Body {
        file,
        index,
        tail_at: head.tail_at,
        tail_length: head.tail_length,
        subjects: first.saturating_add(count),
        kinds: Arc::new(kinds),
        is_short: false,
    };
    Ok(Run { span, mark, path, body: Arc::new(body) })
}

struct Out<'a> {
    file: &'a mut File,
    /// Bytes that are not written yet.
    bytes: Vec<u8>,
    /// Where they belong.
    at: u64,
    /// Bytes that the disk was not yet waited for.
    pending: u64,
}

impl Out<'_> {
    fn position(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PART { self.flush() } else { Ok(()) }
    }

    /// Writes a block, if it has anything, and begins the next.
    fn block(&mut self, block: &mut BlockWriter, index: &mut super::run::Index) -> io::Result<()> {
        if let Some(first) = block.seal() {
            index.push((first, self.position()));
            self.write(&block.bytes)?;
        }
        block.begin();
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.bytes)?;
        let length = self.bytes.len() as u64;
        (self.at, self.pending) = (self.at + length, self.pending + length);
        self.bytes.clear();
        if self.pending >= SYNCED {
            self.file.sync_data()?;
            self.pending = 0;
        }
        Ok(())
    }
}
