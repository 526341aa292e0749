//! Writing a run: in one pass over entries that come in order, with little in memory but its filter.

use super::entry::ClaimEntry;
use super::filter::Filter;
use super::page::{self, PAGE};
use super::run::{Head, Run};
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::names::{Names, Span};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// Bytes that are written at once.
const PART: usize = 256 * PAGE;
/// Bytes after which the disk is waited for, so that a commit never has to wait for more than these.
const SYNCED: u64 = 8 << 20;

/// Writes the run of a span of the log, which ends with the record of this mark.
///
/// # Errors
/// When it could not be written, or one of the entries is an error; then there is no file.
pub(super) fn write_run(
    names: &Names,
    faults: &Faults,
    span: Span,
    mark: u32,
    entries: impl Iterator<Item = Result<ClaimEntry, StoreError>>,
) -> Result<Run, StoreError> {
    write_as(Head::new(span, mark), (names, faults), entries)
}

/// The same with a head whose sums are not known yet.
pub(super) fn write_as(
    mut head: Head,
    (names, faults): (&Names, &Faults),
    entries: impl Iterator<Item = Result<ClaimEntry, StoreError>>,
) -> Result<Run, StoreError> {
    let span = head.span;
    let path = names.path(span);
    let failed = |source| StoreError::WriteFailed { path: path.clone(), source };
    let (filter, file) = names.make(span, faults, |file| {
        let mut out = Out { file, pending: 0 };
        // The first page comes last, when all is known.
        out.write(&[0; PAGE]).map_err(failed)?;
        let mut filter = Filter::with_room(head.count());
        let mut bytes = Vec::with_capacity(PART + PAGE);
        let mut written = 0u64;
        for entry in entries {
            let entry = entry?;
            // Of a span of fewer than 2^32 events.
            let offset = u32::try_from(entry.sequence - span.from).unwrap_or(u32::MAX);
            head.shape.put(&mut bytes, entry.hash, offset);
            filter.push(entry.hash, head.count());
            head.digest = head.digest.wrapping_add(entry.digest());
            written += 1;
            if bytes.len() == PART {
                out.write(&bytes).map_err(failed)?;
                bytes.clear();
            }
        }
        assert_eq!(written, span.to - span.from, "a run has an entry for each event of its span");
        page::seal(&mut bytes);
        out.write(&bytes).map_err(failed)?;
        filter.finish(head.count());
        let mut checksum = crc32fast::Hasher::new();
        let stored = filter.write(|part| {
            checksum.update(part);
            out.write(part)
        });
        stored.map_err(failed)?;
        head.filter_checksum = checksum.finalize();
        out.file.write_all_at(&head.encode(), 0).map_err(failed)?;
        Ok(filter)
    })?;
    Ok(Run::made(head, path, file, filter))
}

struct Out<'a> {
    file: &'a mut File,
    /// Bytes that the disk was not yet waited for.
    pending: u64,
}

impl Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.pending += bytes.len() as u64;
        if self.pending >= SYNCED {
            self.file.sync_data()?;
            self.pending = 0;
        }
        Ok(())
    }
}
