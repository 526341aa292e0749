//! The bytes of a file, unpacked where it is gzip.
//!
//! Owns what is counted and bounded: the bytes that were read from the disk, and how much a single
//! row may take, so that a missing quote cannot make a row of the whole file.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// The longest row that is read, in bytes.
pub const MAX_ROW: usize = 1024 * 1024;
/// What is read at a time.
pub(crate) const BUFFER: usize = 64 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The unpacked bytes of a file; a last line without its end gets one.
#[derive(Debug)]
pub(crate) struct Source {
    stream: Stream,
    size: u64,
    budget: usize,
    ends_with: u8,
}

#[derive(Debug)]
enum Stream {
    Plain(Counted),
    Gzip(Box<MultiGzDecoder<BufReader<Counted>>>),
}

/// A file and how much of it was read.
#[derive(Debug)]
struct Counted {
    file: File,
    bytes: u64,
}

impl Source {
    /// Opens a file; its first bytes say whether it is gzip, not its name.
    pub(crate) fn open(path: &Path) -> io::Result<Source> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut magic = Vec::with_capacity(GZIP.len());
        file.by_ref().take(GZIP.len() as u64).read_to_end(&mut magic)?;
        file.rewind()?;
        let counted = Counted { file, bytes: 0 };
        let stream = if magic == GZIP {
            Stream::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, counted))))
        } else {
            Stream::Plain(counted)
        };
        Ok(Source { stream, size, budget: MAX_ROW, ends_with: b'\n' })
    }

    /// Begins a new row.
    pub(crate) fn renew_budget(&mut self) {
        self.budget = MAX_ROW;
    }

    /// Bytes on the disk.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes on the disk that were read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        match &self.stream {
            Stream::Plain(counted) => counted.bytes,
            Stream::Gzip(decoder) => decoder.get_ref().get_ref().bytes,
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 {
            let reason = format!("a row is longer than {MAX_ROW} bytes; is a closing quote missing?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        let most = buffer.len().min(self.budget);
        let buffer = &mut buffer[..most];
        let read = match &mut self.stream {
            Stream::Plain(counted) => counted.read(buffer)?,
            Stream::Gzip(decoder) => decoder.read(buffer)?,
        };
        if read > 0 {
            self.ends_with = buffer[read - 1];
            self.budget -= read;
            return Ok(read);
        }
        if self.ends_with == b'\n' || buffer.is_empty() {
            return Ok(0);
        }
        self.ends_with = b'\n';
        buffer[0] = b'\n';
        Ok(1)
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}
