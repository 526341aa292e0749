//! Appending to the log: one record, made durable, or nothing.

use super::segment::{SEGMENT_HEADER, Segment};
use crate::StoreError;
use crate::embedded::faults::{Faults, Step};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The end of the log, where records are added.
pub(crate) struct Appender {
    folder: PathBuf,
    faults: Faults,
    /// A segment that has grown to so many bytes is followed by a new one.
    segment_bytes: u64,
    current: Option<Current>,
    /// The number of segments so far.
    segments: u32,
}

struct Current {
    path: PathBuf,
    file: File,
    length: u64,
    /// A failed sync, or an attempt that could not be undone, leaves it unknown what the disk has:
    /// such a file is not added to any more.
    spoiled: bool,
}

/// What appending a record led to.
pub(crate) struct Appended {
    /// Where the record lies: segment and offset.
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    /// The segment, where this record is the first of it.
    pub(crate) opened: Option<Arc<Segment>>,
}

impl Appender {
    /// Begins a log in `folder`.
    pub(crate) fn new(folder: &Path, segment_bytes: u64, faults: Faults) -> Appender {
        Appender { folder: folder.to_path_buf(), faults, segment_bytes, current: None, segments: 0 }
    }

    /// Goes on in the last of `segments` segments, which has `length` sound bytes.
    pub(crate) fn resume(&mut self, last: &Segment, length: u64, segments: u32) -> Result<(), StoreError> {
        let file = OpenOptions::new()
            .write(true)
            .open(&last.path)
            .map_err(StoreError::io("cannot open for writing", &last.path))?;
        self.segments = segments;
        self.current = Some(Current { path: last.path.clone(), file, length, spoiled: false });
        Ok(())
    }

    /// Adds a record whose first event has the sequence `first`, and makes it durable.
    ///
    /// # Errors
    /// When it could not be written; then the log is as it was, and it can be tried again.
    pub(crate) fn append(&mut self, first: u64, record: &[u8]) -> Result<Appended, StoreError> {
        let full = |c: &Current| c.spoiled || c.length >= self.segment_bytes;
        let opened = if self.current.as_ref().is_none_or(full) { Some(self.open_next(first)?) } else { None };
        let segment = self.segments - 1;
        let Some(current) = &mut self.current else { return Err(StoreError::Closed) };
        let offset = current.length;
        if let Err(source) = current.write(record, &self.faults) {
            let path = current.path.clone();
            if opened.is_some() {
                // The file holds nothing; the next try makes it anew under the same name.
                self.current = None;
                self.segments -= 1;
            }
            return Err(StoreError::WriteFailed { path, source });
        }
        Ok(Appended { segment, offset, opened })
    }

    fn open_next(&mut self, first: u64) -> Result<Arc<Segment>, StoreError> {
        let path = Segment::path(&self.folder, first);
        let failed = |source| StoreError::WriteFailed { path: path.clone(), source };
        let create = || -> io::Result<(File, File)> {
            self.faults.check(Step::Create)?;
            let mut file =
                OpenOptions::new().create(true).read(true).write(true).truncate(true).open(&path)?;
            let reader = file.try_clone()?;
            file.write_all(&SEGMENT_HEADER)?;
            file.sync_data()?;
            File::open(&self.folder)?.sync_all()?;
            Ok((file, reader))
        };
        let (file, reader) = create().map_err(failed)?;
        let segment = Arc::new(Segment::made(path.clone(), first, reader));
        self.current = Some(Current { path, file, length: SEGMENT_HEADER.len() as u64, spoiled: false });
        self.segments += 1;
        Ok(segment)
    }
}

impl Current {
    fn write(&mut self, record: &[u8], faults: &Faults) -> io::Result<()> {
        let written = self.write_at_end(record, faults);
        let was_written = written.is_ok();
        let result = written.and_then(|()| {
            faults.check(Step::Sync)?;
            self.file.sync_data()
        });
        if result.is_ok() {
            self.length += record.len() as u64;
        } else {
            // Whatever reached the file is cut off again. After a failed sync, and where even that
            // fails, the next record goes to a new file, and opening the log ignores what stands
            // here behind it.
            let undone = self.undo(faults).is_ok();
            self.spoiled |= was_written || !undone;
        }
        result
    }

    fn undo(&self, faults: &Faults) -> io::Result<()> {
        faults.check(Step::Undo)?;
        self.file.set_len(self.length)?;
        self.file.sync_data()
    }

    fn write_at_end(&self, record: &[u8], faults: &Faults) -> io::Result<()> {
        if let Err(error) = faults.check(Step::Write) {
            // A real disk fails in the middle of a write.
            self.file.write_all_at(&record[..record.len() / 2], self.length)?;
            return Err(error);
        }
        self.file.write_all_at(record, self.length)
    }
}
