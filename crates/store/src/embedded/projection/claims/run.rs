//! A run: the claims of a span of the log on disk, in the order of their hashes.
//!
//! A file is a page that says what follows, the pages of entries, and the filter. The first page and the
//! filter are checked when the file is opened, a page of entries whenever it is read. Nothing of a page
//! is used before it was checked: damage is an error, never "not there". A file that turns out to be
//! damaged is removed (it stays open), so that its part is made anew from the log when the store is
//! opened again.

use super::entry::ClaimEntry;
use super::filter::Filter;
use super::page::{self, PAGE, Shape};
use crate::StoreError;
use crate::embedded::projection::names::Span;
use crate::format::codec::{Malformed, Put, Take};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: u32 = u32::from_le_bytes(*b"UCLM");
const VERSION: u32 = 2;
/// The version whose entries have whole hashes.
const WHOLE_VERSION: u32 = 1;

/// A run that is open.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) head: Head,
    pub(super) path: PathBuf,
    file: File,
    filter: Filter,
}

/// What a run says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) span: Span,
    /// The mark of the log's record that ends where the run does.
    pub(crate) mark: u32,
    /// The sum of its entries' digests.
    pub(crate) digest: u64,
    pub(super) filter_checksum: u32,
    pub(super) shape: Shape,
}

impl Head {
    /// The head of a run to be written, whose sums are not known yet.
    pub(super) fn new(span: Span, mark: u32) -> Head {
        Head { span, mark, digest: 0, filter_checksum: 0, shape: Head::packed(span) }
    }

    fn packed(span: Span) -> Shape {
        let count = span_count(span);
        Shape::packed(count, Filter::buckets(count))
    }

    /// How many entries: one for each event.
    pub(crate) fn count(&self) -> u32 {
        span_count(self.span)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PAGE);
        out.put_u32(MAGIC);
        out.put_u32(if self.shape == Shape::Whole { WHOLE_VERSION } else { VERSION });
        out.put_u64(self.span.from);
        out.put_u64(self.span.to);
        out.put_u32(self.mark);
        out.put_u64(self.digest);
        out.put_u32(self.filter_checksum);
        page::seal(&mut out);
        out
    }

    fn read(bytes: &[u8], span: Span) -> Result<Head, Malformed> {
        let mut take = Take(bytes);
        let shape = match (take.u32()?, take.u32()?) {
            (MAGIC, VERSION) => Head::packed(span),
            (MAGIC, WHOLE_VERSION) => Shape::Whole,
            _ => return Err(Malformed("it is of another version")),
        };
        if !page::is_sound(bytes) {
            return Err(Malformed("the checksum of its first page is wrong"));
        }
        if (take.u64()?, take.u64()?) != (span.from, span.to) {
            return Err(Malformed("it is not what its name says"));
        }
        if u32::try_from(span.to - span.from).is_err() {
            return Err(Malformed("it is of too many events"));
        }
        let (mark, digest, filter_checksum) = (take.u32()?, take.u64()?, take.u32()?);
        Ok(Head { span, mark, digest, filter_checksum, shape })
    }

    /// Bytes before the filter.
    fn filter_at(&self) -> u64 {
        PAGE as u64 * (1 + self.pages())
    }

    /// How many pages of entries there are.
    pub(super) fn pages(&self) -> u64 {
        self.shape.pages(u64::from(self.count()))
    }
}

fn span_count(span: Span) -> u32 {
    // Opening and merging keep to stretches of fewer than 2^32 events.
    u32::try_from(span.to - span.from).unwrap_or(u32::MAX)
}

impl Run {
    /// A run that was just written, through its file.
    pub(super) fn made(head: Head, path: PathBuf, file: File, filter: Filter) -> Run {
        Run { head, path, file, filter }
    }

    /// Opens a run; its entries are not read yet.
    ///
    /// # Errors
    /// In words, when it cannot be used.
    pub(crate) fn open(path: &Path, span: Span) -> Result<Run, String> {
        let text = |error: io::Error| error.to_string();
        let file = File::open(path).map_err(text)?;
        let mut first = [0; PAGE];
        file.read_exact_at(&mut first, 0).map_err(text)?;
        let head = Head::read(&first, span).map_err(|what| what.to_string())?;
        let mut offset = head.filter_at();
        let length = offset + Filter::stored(head.count());
        if file.metadata().map_err(text)?.len() != length {
            return Err("its length is wrong".to_string());
        }
        let mut checksum = crc32fast::Hasher::new();
        let filter = Filter::read(head.count(), |bytes| {
            file.read_exact_at(bytes, offset)?;
            offset += bytes.len() as u64;
            checksum.update(bytes);
            Ok(())
        });
        let filter = filter.map_err(text)?.map_err(|what| what.to_string())?;
        if checksum.finalize() != head.filter_checksum {
            return Err("the checksum of its filter is wrong".to_string());
        }
        Ok(Run { head, path: path.to_path_buf(), file, filter })
    }

    /// Calls `found` with each of the wanted hashes that is here and the sequence of its event. Where the
    /// hashes are in order, no page is read twice.
    pub(crate) fn find<P: Copy>(
        &self,
        wanted: &[(u64, P)],
        mut found: impl FnMut(u64, P),
    ) -> Result<(), StoreError> {
        let (mut page, mut number) = ([0; PAGE], u64::MAX);
        let (shape, from) = (self.head.shape, self.head.span.from);
        let mut passed = Vec::new();
        self.filter.may_have(wanted, |place| passed.push(place));
        for (hash, place) in passed.into_iter().map(|place| &wanted[place]) {
            for rank in self.filter.ranks(*hash) {
                if number != rank / shape.per_page() {
                    number = rank / shape.per_page();
                    self.pages(number, &mut page)?;
                }
                // The filter told the other bits.
                let (low, offset) = self.entry(&page, rank);
                if low == shape.low(*hash) {
                    found(from + offset, *place);
                }
            }
        }
        Ok(())
    }

    /// The entry of this rank, of the page that it is in: low bits of its hash, and its place in the span.
    fn entry(&self, page: &[u8], rank: u64) -> (u64, u64) {
        // A page has few entries.
        let place = usize::try_from(rank % self.head.shape.per_page()).unwrap_or(0);
        self.head.shape.take(page, place)
    }

    /// The same whole; `bucket` is one of the filter's that is not behind it, and becomes its own.
    pub(super) fn whole_entry(&self, page: &[u8], rank: u64, bucket: &mut usize) -> ClaimEntry {
        let (low, offset) = self.entry(page, rank);
        *bucket = self.filter.bucket_of(rank, *bucket);
        let hash = self.head.shape.hash(low, self.filter.least(*bucket, rank));
        ClaimEntry { hash, sequence: self.head.span.from + offset }
    }

    /// Reads whole pages from the `first` on and checks them.
    pub(super) fn pages(&self, first: u64, bytes: &mut [u8]) -> Result<(), StoreError> {
        let offset = (first + 1) * PAGE as u64;
        self.file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(first, "it ends too early"),
            _ => StoreError::io("cannot read", &self.path)(error),
        })?;
        match (first..).zip(bytes.chunks_exact(PAGE)).find(|(_, page)| !page::is_sound(page)) {
            Some((page, _)) => Err(self.damaged(page, "the checksum of a page is wrong")),
            None => Ok(()),
        }
    }

    /// Whether the filter knows that this hash is at this rank.
    pub(super) fn knows(&self, rank: u64, hash: u64) -> bool {
        self.filter.has_at(rank, hash)
    }

    /// Says what is wrong with a page, and sees to it that the file is not used again.
    pub(super) fn damaged(&self, page: u64, what: &str) -> StoreError {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = ?self.path, %error, "a damaged file cannot be removed");
        }
        StoreError::Damaged {
            path: self.path.clone(),
            offset: (page + 1) * PAGE as u64,
            what: format!(
                "{what}; this part of the index of duplicates is made anew from the log by 'usage_app rebuild', or when the service starts again"
            ),
        }
    }

    #[cfg(test)]
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }
}
