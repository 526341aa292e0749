//! The chain of runs: what of the roll-ups is on disk, from the log's first event to a position.
//!
//! One thread at a time adds to it, and one merges its runs; others read those that they were given. A run
//! names the record of the log that it ends with, so that it is never taken for part of another log. A damaged
//! or foreign file is never used: what it had is replayed from the log.

use super::Cell;
use super::merge::Merged;
use super::run::{Run, Tail};
use super::write::write_run;
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::names::{Names, Span, remove};
use crate::embedded::projection::stretch::merge_stretches;
use crate::format::codec::Malformed;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Neighbours of similar size that become one.
const MERGED_AT_ONCE: usize = 8;
/// Runs that have more bytes together stay apart: merging them would take too long.
const MOST_MERGED: u64 = 1 << 30;
/// The same for bytes of their tails, which are merged in memory.
const MOST_TAILS: u64 = 128 << 20;
/// Files that have no more bytes are read whole when they are opened.
const CHECKED_AT_OPENING: u64 = 16 << 20;

/// Runs in the order of the log.
pub(crate) type List = Arc<Vec<Arc<Run>>>;

/// The runs in a folder.
#[derive(Debug)]
pub(crate) struct Chain {
    names: Names,
    faults: Faults,
    list: Mutex<List>,
}

/// A run that took the place of others, which are gone once it is known.
pub(crate) struct Stored {
    run: Arc<Run>,
    old: Vec<Arc<Run>>,
}

impl Chain {
    /// An empty chain in this folder, until it is loaded.
    pub(crate) fn new(folder: &Path, faults: Faults) -> Chain {
        Chain { names: Names::new(folder, "usage"), faults, list: Mutex::default() }
    }

    fn locked(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runs as they are now.
    pub(crate) fn list(&self) -> List {
        self.locked().clone()
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The log position that the chain reaches.
    pub(crate) fn position(&self) -> u64 {
        self.locked().last().map_or(0, |run| run.span.to)
    }

    /// How many subjects and groups its files name.
    pub(crate) fn named(&self) -> (u32, u32) {
        let count =
            |run: &Arc<Run>| (run.body.subjects, u32::try_from(run.body.kinds.len()).unwrap_or(u32::MAX));
        self.locked().last().map_or((0, 0), count)
    }

    /// Opens the longest chain from 0 on, no longer than the log, and hands out the tails in order. It ends
    /// before the first file that cannot be used, or that does not end with the record of the log of which
    /// `mark` gives the mark.
    pub(crate) fn load(
        &self,
        mark: impl Fn(u64) -> Result<Option<u32>, StoreError>,
        mut each: impl FnMut(Tail) -> Result<(), Malformed>,
    ) -> Result<(), StoreError> {
        let spans = self.names.chain()?;
        let mut list: Vec<Arc<Run>> = Vec::with_capacity(spans.len());
        for (i, span) in spans.iter().enumerate() {
            let path = self.names.path(*span);
            let mark = mark(span.to)?;
            let before = list.last().map(|run| &**run);
            let opened = open_checked(&path, *span, before).and_then(|(run, tail)| match mark {
                Some(mark) if mark == run.mark => each(tail).map(|()| run).map_err(|e| e.to_string()),
                _ => Err("it is of another log".to_string()),
            });
            match opened {
                Ok(run) => list.push(Arc::new(run)),
                Err(what) => {
                    tracing::warn!(
                        ?path,
                        what,
                        "a checkpoint cannot be used; its part is replayed from the log"
                    );
                    spans[i..].iter().try_for_each(|rest| remove(&self.names.path(*rest)))?;
                    break;
                }
            }
        }
        *self.locked() = Arc::new(list);
        Ok(())
    }

    /// Writes the run from the end of the chain to the log position `to`, where the record of this mark ends.
    /// It is not part of the chain before it is added.
    ///
    /// # Errors
    /// When it could not be written: the chain is as it was.
    pub(crate) fn write(
        &self,
        to: u64,
        mark: u32,
        tail: &Tail,
        cells: impl Iterator<Item = Result<Cell, StoreError>>,
    ) -> Result<Stored, StoreError> {
        let mut kinds = self.locked().last().map_or_else(Vec::new, |run| run.body.kinds.to_vec());
        kinds.extend(tail.series.1.iter().map(|(_, kind)| *kind));
        let span = Span { from: self.position(), to };
        let run = write_run((&self.names, &self.faults), span, mark, tail, kinds, cells)?;
        Ok(Stored { run: Arc::new(run), old: Vec::new() })
    }

    /// Makes a run part of the chain, in the place of those that it was made of; gives the new list.
    pub(crate) fn add(&self, stored: &Stored) -> List {
        let mut list = self.locked();
        let span = stored.run.span;
        // Meanwhile others may have come behind.
        let before = list.iter().filter(|run| run.span.to <= span.from);
        let later = list.iter().filter(|run| run.span.from >= span.to);
        *list = Arc::new(before.chain([&stored.run]).chain(later).cloned().collect());
        list.clone()
    }

    /// Removes the files of the runs that another took the place of.
    pub(crate) fn forget(&self, stored: &Stored) {
        for run in &stored.old {
            // What stays is a left-over that goes when the store is opened.
            let _ = remove(&run.path);
        }
    }

    /// Whether some runs should become one.
    pub(crate) fn is_untidy(&self) -> bool {
        due(&sizes(&self.list())).is_some()
    }

    /// Writes one run in the place of several, if that is due; gives up once `stop` says so. Cells of groups
    /// that are not `kept`, by number, are left out.
    ///
    /// # Errors
    /// When they could not be merged: the chain is as it was.
    pub(crate) fn merge_if_due(
        &self,
        stop: &AtomicBool,
        kept: &[bool],
    ) -> Result<Option<Stored>, StoreError> {
        let list = self.list();
        let Some(last) = due(&sizes(&list)) else { return Ok(None) };
        let old = list[list.len() - last..].to_vec();
        let (Some(first), Some(last)) = (old.first(), old.last()) else { return Ok(None) };
        let span = Span { from: first.span.from, to: last.span.to };
        let tail = merge_tails(&old)?;
        let cells = Merged::new(old.iter().map(|run| run.all()).collect())?;
        let wanted = |cell: &Result<Cell, StoreError>| {
            cell.as_ref().map_or(true, |(key, _)| kept.get(key.group as usize).copied().unwrap_or(true))
        };
        let until_stopped = cells.filter(wanted).map(|cell| match stop.load(Ordering::Relaxed) {
            true => Err(StoreError::Closed),
            false => cell,
        });
        let (files, kinds) = ((&self.names, &self.faults), last.body.kinds.to_vec());
        let run = write_run(files, span, last.mark, &tail, kinds, until_stopped)?;
        Ok(Some(Stored { run: Arc::new(run), old }))
    }

    /// Forgets all files.
    ///
    /// # Errors
    /// When one could not be removed: the others are forgotten all the same.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        let list = std::mem::take(&mut *self.locked());
        list.iter().rev().map(|run| remove(&run.path)).fold(Ok(()), Result::and)
    }

    /// Takes the files of `other`, whose runs have the whole log, for those of this chain, which is empty.
    ///
    /// # Errors
    /// When files could not be moved. They may have gaps then, which are filled from the log when the store is
    /// opened; until then those that did not move are read where they are.
    pub(crate) fn take_over(&self, other: &Chain) -> Result<(), StoreError> {
        let mut list = other.list().to_vec();
        *self.locked() = Arc::new(list.clone());
        for run in &mut list {
            let path = self.names.path(run.span);
            std::fs::rename(&run.path, &path).map_err(StoreError::io("cannot write", &path))?;
            *run = Arc::new(Run { path, ..Run::clone(run) });
        }
        *self.locked() = Arc::new(list);
        self.names.sync().map_err(StoreError::io("cannot write", &self.names.folder))
    }
}

/// Opens a run; one that is not large is read whole.
fn open_checked(path: &Path, span: Span, before: Option<&Run>) -> Result<(Run, Tail), String> {
    let (run, tail) = Run::open(path, span, before)?;
    if run.length() <= CHECKED_AT_OPENING {
        run.check().map_err(|error| error.to_string())?;
    }
    Ok((run, tail))
}

/// What runs that follow each other have besides cells.
fn merge_tails(runs: &[Arc<Run>]) -> Result<Tail, StoreError> {
    let mut merged = Tail::default();
    let mut stretches = Vec::with_capacity(runs.len());
    for (i, run) in runs.iter().enumerate() {
        let tail = run.tail()?;
        if i == 0 {
            (merged.subjects.0, merged.series.0) = (tail.subjects.0, tail.series.0);
        }
        merged.subjects.1.extend(tail.subjects.1);
        merged.series.1.extend(tail.series.1);
        stretches.push(tail.stretch);
    }
    let unusable = |what: Malformed| StoreError::Catalog(format!("a checkpoint cannot be merged: {what}"));
    merged.stretch = merge_stretches(&stretches).map_err(unusable)?;
    Ok(merged)
}

/// The bytes of each run and of its tail.
fn sizes(list: &[Arc<Run>]) -> Vec<(u64, u64)> {
    list.iter().map(|run| (run.length(), run.body.tail_length)).collect()
}

/// How many of the last runs, of which these are the sizes, should become one.
fn due(sizes: &[(u64, u64)]) -> Option<usize> {
    let similar = sizes.last()?.0.saturating_mul(4);
    let mut sum = (0, 0);
    let fits = |(bytes, tail): &&(u64, u64)| {
        sum = (sum.0 + bytes, sum.1 + tail);
        *bytes <= similar && sum.0 <= MOST_MERGED && sum.1 <= MOST_TAILS
    };
    let last = sizes.iter().rev().take_while(fits).count();
    (last >= MERGED_AT_ONCE).then_some(last)
}
