//! The records of a CSV file and the lines they start on.
//!
//! Lines end in LF or CRLF. The `csv` crate counts a line as begun before the LF of a CRLF and
//! before blank lines, so the line of a record is worked out here, from where the record ends.

use super::source::{BUFFER, Source};
use crate::ImportError;
use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use std::io;
use std::path::Path;

pub(crate) const UNCLOSED: &str = "the file ends within quotes";

/// The records of a file, one at a time.
#[derive(Debug)]
pub(crate) struct Records {
    reader: Reader<Source>,
    record: ByteRecord,
    last_field: Vec<u8>,
    begun: u64,
    unclosed: bool,
}

impl Records {
    pub(crate) fn open(path: &Path) -> Result<Records, ImportError> {
        let source = Source::open(path)
            .map_err(|source| ImportError::Unreadable { path: path.display().to_string(), source })?;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER)
            .from_reader(source);
        Ok(Records { reader, record: ByteRecord::new(), last_field: Vec::new(), begun: 1, unclosed: false })
    }

    /// Reads the next record that is not a blank line; its line, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<u64>> {
        loop {
            self.reader.get_mut().renew_budget();
            self.begun = self.reader.position().line();
            if !self.reader.read_byte_record(&mut self.record).map_err(into_io)? {
                return Ok(None);
            }
            let inside = line_feeds(self.record.as_slice());
            let after = self.reader.position().line();
            // Every record ends in a line feed, which `Source` sees to. If all that were read are
            // within fields, the file has ended within quotes.
            if after - self.begun == inside {
                self.unclosed = true;
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, UNCLOSED));
            }
            let line = after - inside - 1;
            self.cut_carriage_return();
            if self.record.len() > 1 || self.record.get(0).is_some_and(|field| !field.is_empty()) {
                return Ok(Some(line));
            }
        }
    }

    /// The record that was read last.
    pub(crate) fn record(&self) -> &ByteRecord {
        &self.record
    }

    /// Whether the file has ended within quotes; the record that was read last is what they begin in.
    pub(crate) fn is_unclosed(&self) -> bool {
        self.unclosed
    }

    /// The record that was read last, to be given back by [`Records::give_back`].
    pub(crate) fn take(&mut self) -> ByteRecord {
        std::mem::take(&mut self.record)
    }

    /// Gives a record's memory back for the next one.
    pub(crate) fn give_back(&mut self, record: ByteRecord) {
        self.record = record;
    }

    /// The line on which the record that could not be read begins.
    pub(crate) fn line(&self) -> u64 {
        self.begun
    }

    pub(crate) fn size(&self) -> u64 {
        self.reader.get_ref().size()
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.reader.get_ref().bytes_read()
    }

    fn cut_carriage_return(&mut self) {
        let fields = self.record.len();
        let Some(kept) = fields.checked_sub(1).and_then(|i| self.record.get(i)?.strip_suffix(b"\r")) else {
            return;
        };
        self.last_field.clear();
        self.last_field.extend_from_slice(kept);
        self.record.truncate(fields - 1);
        self.record.push_field(&self.last_field);
    }
}

/// How many there are: mostly none, which is quick to see.
fn line_feeds(bytes: &[u8]) -> u64 {
    if bytes.contains(&b'\n') { bytes.iter().filter(|byte| **byte == b'\n').count() as u64 } else { 0 }
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
