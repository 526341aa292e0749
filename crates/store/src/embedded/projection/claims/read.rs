//! Reading a run from its first entry to its last, checking all that can be checked.

use super::entry::ClaimEntry;
use super::page::PAGE;
use super::run::Run;
use crate::StoreError;
use std::sync::Arc;

/// Pages that are read at once.
const AT_ONCE: u64 = 64;

/// The entries of a run in order. After an error there are no more.
pub(crate) struct RunReader {
    run: Arc<Run>,
    bytes: Vec<u8>,
    /// The rank of the next entry.
    rank: u64,
    /// The bucket of the filter that has it.
    bucket: usize,
    digest: u64,
    last: Option<ClaimEntry>,
    failed: bool,
}

impl RunReader {
    pub(crate) fn new(run: Arc<Run>) -> RunReader {
        RunReader { run, bytes: Vec::new(), rank: 0, bucket: 0, digest: 0, last: None, failed: false }
    }

    /// Reads all entries for their checks' sake.
    pub(crate) fn check(run: &Arc<Run>) -> Result<(), StoreError> {
        RunReader::new(run.clone()).try_for_each(|entry| entry.map(|_| ()))
    }

    fn read(&mut self) -> Result<Option<ClaimEntry>, StoreError> {
        let (head, per_page) = (self.run.head, self.run.head.shape.per_page());
        let page = self.rank / per_page;
        if self.rank == u64::from(head.count()) {
            if self.digest != head.digest {
                return Err(self.run.damaged(0, "the sum of its entries is wrong"));
            }
            return Ok(None);
        }
        if self.rank.is_multiple_of(per_page * AT_ONCE) {
            let left = head.pages() - page;
            // Few enough.
            self.bytes.resize(usize::try_from(left.min(AT_ONCE)).unwrap_or(0) * PAGE, 0);
            self.run.pages(page, &mut self.bytes)?;
        }
        let at = usize::try_from(page % AT_ONCE).unwrap_or(0) * PAGE;
        let entry = self.run.whole_entry(&self.bytes[at..at + PAGE], self.rank, &mut self.bucket);
        if self.last.is_some_and(|last| last >= entry) || entry.sequence >= head.span.to {
            return Err(self.run.damaged(page, "its entries have no order"));
        }
        if !self.run.knows(self.rank, entry.hash) {
            return Err(self.run.damaged(page, "its filter lacks an entry"));
        }
        self.digest = self.digest.wrapping_add(entry.digest());
        (self.last, self.rank) = (Some(entry), self.rank + 1);
        Ok(Some(entry))
    }
}

impl Iterator for RunReader {
    type Item = Result<ClaimEntry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let read = self.read();
        self.failed = read.is_err();
        read.transpose()
    }
}
