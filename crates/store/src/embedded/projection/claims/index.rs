//! The whole index, as the writer has it: the latest claims in tables, the others in runs.
//!
//! Claims are collected in a table. When it is full it is frozen as it is and another one goes on, so that
//! nobody waits: a thread sorts it and writes it as a run, another merges runs. A frozen table is asked until
//! its run is there. A run that could not be written loses nothing: it is tried again with the next.

use super::entry::ClaimEntry;
use super::runs::Runs;
use super::table::Table;
use super::worker::Worker;
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::names::remove_folder;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most claims that a table has room for from the beginning.
const MOST_ROOM: usize = 1 << 20;
/// The most tables that wait to be written while a log is replayed.
const MOST_FROZEN: usize = 4;
/// The folder in which the index is made anew.
const ANEW: &str = "claims-anew";

/// What tells the record that ends at a position of this log, if one does.
type Mark<'a> = &'a dyn Fn(u64) -> Result<Option<u32>, StoreError>;

/// The claims of the whole log.
pub(crate) struct Claims {
    runs: Arc<Runs>,
    /// Tables that are full, the oldest first.
    frozen: Vec<Arc<Frozen>>,
    table: Table,
    /// The log position that the index reaches.
    next: u64,
    /// The sum of all entries' digests.
    digest: u64,
    /// Claims after which the table is frozen.
    every: usize,
    /// Writes runs.
    writing: Worker,
    /// Has the front cover them, and merges them: both take long.
    tidying: Worker,
    /// Tells the workers to leave what can wait.
    stop: Arc<AtomicBool>,
}

/// The claims of a span of the log that will be a run.
struct Frozen {
    to: u64,
    mark: u32,
    table: Table,
}

impl Claims {
    /// Opens what runs there are in `folder`: the log from [`Claims::next`] on is to be inserted.
    pub(crate) fn open(
        folder: &Path,
        faults: Faults,
        every: u64,
        mark: Mark<'_>,
    ) -> Result<Claims, StoreError> {
        remove_folder(&folder.join(ANEW))?;
        let (writing, tidying) = (Worker::new(&faults), Worker::new(&faults));
        let runs = Runs::open(folder, faults, mark)?;
        let every = usize::try_from(every).unwrap_or(usize::MAX);
        let mut claims = Claims {
            next: 0,
            digest: 0,
            runs: Arc::new(runs),
            frozen: Vec::new(),
            table: Table::with_room(0, 0),
            every,
            writing,
            tidying,
            stop: Arc::default(),
        };
        claims.begin();
        claims.work();
        Ok(claims)
    }

    /// Forgets all tables and begins where the runs end.
    fn begin(&mut self) {
        let list = self.runs.list();
        self.next = self.runs.position();
        self.digest = list.iter().fold(0, |sum: u64, run| sum.wrapping_add(run.head.digest));
        self.frozen.clear();
        self.table = self.new_table();
    }

    /// A table that does not have to grow.
    fn new_table(&self) -> Table {
        Table::with_room(self.next, self.every.min(MOST_ROOM))
    }

    /// The log position that the index reaches.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The sum of all entries' digests.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// The part that is on disk, for reading.
    pub(crate) fn runs(&self) -> Arc<Runs> {
        self.runs.clone()
    }

    /// Adds the claim of the next event.
    pub(crate) fn insert(&mut self, entry: ClaimEntry) {
        debug_assert_eq!(entry.sequence, self.next, "claims come in the order of the log");
        self.next = entry.sequence + 1;
        self.digest = self.digest.wrapping_add(entry.digest());
        self.table.push(entry.hash);
    }

    /// Makes room ahead of a group, so that no insertion has to.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.table.reserve(count);
    }

    /// The sequences of events whose claims have one of the wanted hashes, each with what the hash came
    /// with: hardly ever more than one for a hash.
    ///
    /// # Errors
    /// When a run cannot be read where one of the claims may be.
    pub(crate) fn find<P: Copy>(&self, wanted: &[(u64, P)]) -> Result<Vec<(u64, P)>, StoreError> {
        let (runs, front) = self.runs.view();
        let mut found = Vec::new();
        for table in std::iter::once(&self.table).chain(self.frozen.iter().map(|frozen| &frozen.table)) {
            if table.is_empty() {
                continue;
            }
            for (hash, place) in wanted.iter() {
                found.extend(table.find(*hash).map(|sequence| (sequence, *place)));
            }
        }
        let covers = front.covers();
        let (covered, others) = runs.split_at(runs.partition_point(|run| run.head.span.to <= covers));
        if !covered.is_empty() {
            let mut passed: Vec<_> =
                wanted.iter().filter(|(hash, _)| front.may_have(*hash)).copied().collect();
            // In the order of the runs' pages.
            passed.sort_unstable_by_key(|(hash, _)| *hash);
            for run in covered {
                run.find(&passed, |sequence, place| found.push((sequence, place)))?;
            }
        }
        for run in others {
            run.find(wanted, |sequence, place| found.push((sequence, place)))?;
        }
        Ok(found)
    }

    /// Lets go of frozen tables that are runs by now.
    fn retire(&mut self) {
        if !self.frozen.is_empty() {
            let position = self.runs.position();
            self.frozen.retain(|frozen| frozen.to > position);
        }
    }

    /// Adds the claim of the next event of a log that is replayed: far more of them than one table has.
    pub(crate) fn replay(&mut self, entry: ClaimEntry, mark: Mark<'_>) {
        self.freeze_if_full(mark);
        if self.frozen.len() > MOST_FROZEN {
            // The log is read faster than runs are written.
            self.wait_for_runs();
        }
        self.insert(entry);
    }

    /// Waits until the frozen tables are runs, unless that fails.
    fn wait_for_runs(&mut self) {
        self.writing.join();
        self.retire();
    }

    /// Waits until there is nothing more to do.
    #[cfg(test)]
    pub(super) fn wait_for_disk(&mut self) {
        self.wait_for_runs();
        while self.runs.is_untidy() {
            self.work();
            self.tidying.join();
        }
    }

    /// Sees to it that a full table becomes a run, without waiting for it. Within a record nothing is
    /// done: a run ends where a record of the log does.
    pub(crate) fn freeze_if_full(&mut self, mark: Mark<'_>) {
        self.retire();
        if self.table.len() < self.every {
            return;
        }
        match self.freeze(mark) {
            Ok(true) => self.work(),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the index of duplicates could not be frozen"),
        }
    }

    /// Freezes the table if a record of the log ends here.
    fn freeze(&mut self, mark: Mark<'_>) -> Result<bool, StoreError> {
        let Some(mark) = mark(self.next)? else { return Ok(false) };
        let next = self.new_table();
        let table = std::mem::replace(&mut self.table, next);
        self.frozen.push(Arc::new(Frozen { to: self.next, mark, table }));
        Ok(true)
    }

    /// Has the workers do what there is to do. One that is busy takes it the next time.
    fn work(&mut self) {
        if !self.frozen.is_empty() {
            let (runs, frozen) = (self.runs.clone(), self.frozen.clone());
            self.writing.start("claims", move || write(&runs, frozen));
        }
        if self.runs.is_untidy() {
            let (runs, stop) = (self.runs.clone(), self.stop.clone());
            self.tidying.start("claims tidy", move || {
                let covered = runs.cover(&stop);
                while runs.merge_if_due(&stop)? {}
                covered
            });
        }
    }

    /// Waits for the workers, which leave what can wait.
    fn wait(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.writing.join();
        self.tidying.join();
        self.stop.store(false, Ordering::Relaxed);
    }

    /// Writes all that is in no run yet, and waits for it. The log must end where the index does.
    pub(crate) fn finish(&mut self, mark: Mark<'_>) -> Result<(), StoreError> {
        self.wait();
        if !self.table.is_empty() {
            self.freeze(mark)?;
        }
        let written = write(&self.runs, self.frozen.clone());
        self.retire();
        written
    }

    /// An empty index beside this one, to be made from the log.
    pub(crate) fn anew(&self) -> Result<Anew, StoreError> {
        let folder = self.runs.folder().join(ANEW);
        remove_folder(&folder)?;
        std::fs::create_dir(&folder).map_err(StoreError::io("cannot make", &folder))?;
        let every = self.every as u64;
        let claims = Claims::open(&folder, self.runs.faults().clone(), every, &|_| Ok(None))?;
        Ok(Anew { claims, folder })
    }

    /// Takes the place of this index with one that was made anew from the same log.
    ///
    /// # Errors
    /// When its files could not be written or exchanged: the index in memory is as it was.
    pub(crate) fn replace_with(&mut self, mut anew: Anew, mark: Mark<'_>) -> Result<(), StoreError> {
        anew.claims.finish(mark)?;
        self.wait();
        self.runs.replace_with(&anew.claims.runs, mark)?;
        self.begin();
        self.work();
        Ok(())
    }
}

impl Drop for Claims {
    /// Nothing is written any more once the index is gone.
    fn drop(&mut self) {
        self.wait();
    }
}

/// An index in a folder of its own, which is gone with it.
pub(crate) struct Anew {
    pub(crate) claims: Claims,
    folder: PathBuf,
}

impl Drop for Anew {
    fn drop(&mut self) {
        self.claims.wait();
        if let Err(error) = remove_folder(&self.folder) {
            tracing::warn!(%error, "what is left of a rebuild goes when the store is opened");
        }
    }
}

/// Makes runs of frozen tables.
fn write(runs: &Runs, frozen: Vec<Arc<Frozen>>) -> Result<(), StoreError> {
    for frozen in frozen {
        if frozen.to > runs.position() {
            let mut entries: Vec<_> = frozen.table.entries().collect();
            entries.sort_unstable();
            runs.push(frozen.to, frozen.mark, entries)?;
        }
    }
    Ok(())
}
