//! The chain of runs: what of the duplicate index is on disk, from the log's first event to a position.
//!
//! One thread at a time adds to it, and one tidies it; others read the list as it is at a moment. Runs that
//! are replaced stay readable for those who still have them.

use super::entry::ClaimEntry;
use super::front::Front;
use super::merge::Merged;
use super::page::PAGE;
use super::read::RunReader;
use super::run::Run;
use super::write::write_run;
use crate::StoreError;
use crate::embedded::faults::Faults;
use crate::embedded::projection::names::{Names, Span, remove};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Neighbours of similar size that become one.
const MERGED_AT_ONCE: usize = 8;
/// Runs of more entries together stay apart: their merging would take too long and too much memory.
const MOST_MERGED: u64 = 40_000_000;
/// Files whose pages of entries take no more are read whole when they are opened.
const CHECKED_AT_OPENING: u64 = 16 << 20;

/// The least room of a front.
const LEAST_ROOM: u64 = 1000;

type List = Arc<Vec<Arc<Run>>>;

/// The runs in a folder.
#[derive(Debug)]
pub(crate) struct Runs {
    names: Names,
    faults: Faults,
    /// The runs, and the filter over those that it covers.
    view: RwLock<(List, Arc<Front>)>,
}

impl Runs {
    /// Opens the runs in `folder`. The chain ends before the first that cannot be used, or that does
    /// not end with the record of the log of which `mark` gives the mark.
    pub(crate) fn open(
        folder: &Path,
        faults: Faults,
        mark: impl Fn(u64) -> Result<Option<u32>, StoreError>,
    ) -> Result<Runs, StoreError> {
        let runs = Runs {
            names: Names::new(folder, "claims"),
            faults,
            view: RwLock::new((List::default(), Arc::new(Front::with_room(0)))),
        };
        runs.begin(runs.load(mark)?);
        Ok(runs)
    }

    /// Reads from the folder what there is.
    fn load(
        &self,
        mark: impl Fn(u64) -> Result<Option<u32>, StoreError>,
    ) -> Result<Vec<Arc<Run>>, StoreError> {
        let chain = self.names.chain()?;
        let mut list = Vec::with_capacity(chain.len());
        for (i, span) in chain.iter().enumerate() {
            let path = self.names.path(*span);
            let mark = mark(span.to)?;
            let opened = open_checked(&path, *span).and_then(|run| match mark {
                Some(mark) if mark == run.head.mark => Ok(run),
                _ => Err("it is of another log".to_string()),
            });
            match opened {
                Ok(run) => list.push(run),
                Err(what) => {
                    tracing::warn!(?path, what, "a run cannot be used; its part is replayed from the log");
                    chain[i..].iter().try_for_each(|rest| remove(&self.names.path(*rest)))?;
                    break;
                }
            }
        }
        Ok(list)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.names.folder
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The runs as they are now, in the order of the log.
    pub(crate) fn list(&self) -> List {
        self.view().0
    }

    /// The runs, and the filter over them as far as it covers them.
    pub(crate) fn view(&self) -> (List, Arc<Front>) {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut (List, Arc<Front>))) {
        change(&mut self.view.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Begins with these runs, and a front that covers nothing.
    fn begin(&self, list: Vec<Arc<Run>>) {
        self.change(|view| *view = (Arc::new(list), Arc::new(Front::with_room(0))));
    }

    /// The log position that the runs reach.
    pub(crate) fn position(&self) -> u64 {
        self.list().last().map_or(0, |run| run.head.span.to)
    }

    /// Adds the claims from the end of the chain to the log position `to`, where the record of this mark
    /// ends.
    ///
    /// # Errors
    /// When they could not be written: the chain is as it was.
    pub(crate) fn push(&self, to: u64, mark: u32, entries: Vec<ClaimEntry>) -> Result<(), StoreError> {
        let span = Span { from: self.position(), to };
        let run = write_run(&self.names, &self.faults, span, mark, entries.into_iter().map(Ok))?;
        self.change(|(list, _)| *list = Arc::new(list.iter().cloned().chain([Arc::new(run)]).collect()));
        Ok(())
    }

    /// Whether the front lacks some runs, or some should become one.
    pub(crate) fn is_untidy(&self) -> bool {
        let (list, front) = self.view();
        list.last().is_some_and(|run| run.head.span.to > front.covers()) || due(&counts(&list)).is_some()
    }

    /// Makes the front cover all runs; gives up once `stop` says so.
    pub(crate) fn cover(&self, stop: &AtomicBool) -> Result<(), StoreError> {
        let (list, mut front) = self.view();
        let position = list.last().map_or(0, |run| run.head.span.to);
        if position > front.room() {
            front = Arc::new(Front::with_room((position + position / 2).max(LEAST_ROOM)));
        }
        // A run that was merged may have both what is covered and what is not: adding twice does no harm.
        for run in list.iter().filter(|run| run.head.span.to > front.covers()) {
            for entry in RunReader::new(run.clone()) {
                if stop.load(Ordering::Relaxed) {
                    return Err(StoreError::Closed);
                }
                front.add(entry?.hash);
            }
            front.cover(run.head.span.to);
        }
        self.change(|(_, view)| *view = front);
        Ok(())
    }

    /// Makes runs one if that is due; gives up once `stop` says so. Says whether it did.
    ///
    /// # Errors
    /// When they could not be merged: the chain is as it was.
    pub(crate) fn merge_if_due(&self, stop: &AtomicBool) -> Result<bool, StoreError> {
        let list = self.list();
        let Some(last) = due(&counts(&list)) else { return Ok(false) };
        let old = &list[list.len() - last..];
        let (Some(first), Some(last)) = (old.first(), old.last()) else { return Ok(false) };
        let span = Span { from: first.head.span.from, to: last.head.span.to };
        let merged = Merged::new(old.iter().map(|run| RunReader::new(run.clone())).collect())?;
        let until_stopped = merged.map(|entry| match stop.load(Ordering::Relaxed) {
            true => Err(StoreError::Closed),
            false => entry,
        });
        let run = Arc::new(write_run(&self.names, &self.faults, span, last.head.mark, until_stopped)?);
        self.change(|(list, _)| {
            // Meanwhile others may have come behind.
            let (before, after) = (|r: &&Arc<Run>| r.head.span.to <= span.from, span.to);
            let later = list.iter().filter(|r| r.head.span.from >= after);
            *list = Arc::new(list.iter().filter(before).chain([&run]).chain(later).cloned().collect());
        });
        for run in old {
            // What stays is a left-over that goes when the store is opened.
            let _ = remove(&run.path);
        }
        Ok(true)
    }

    /// Takes the place of these runs with those of `other`, which have the whole log.
    ///
    /// # Errors
    /// When files could not be removed or moved: the runs in memory are as they were. The files may have
    /// gaps then, which are filled from the log when the store is opened.
    pub(crate) fn replace_with(
        &self,
        other: &Runs,
        mark: impl Fn(u64) -> Result<Option<u32>, StoreError>,
    ) -> Result<(), StoreError> {
        // As with all files of a chain: where the removal of one fails, the others are removed all the same.
        let removed = self.list().iter().rev().map(|run| remove(&run.path)).fold(Ok(()), Result::and);
        removed?;
        for run in other.list().iter() {
            let path = self.names.path(run.head.span);
            std::fs::rename(&run.path, &path).map_err(StoreError::io("cannot write", &path))?;
        }
        self.names.sync().map_err(StoreError::io("cannot write", &self.names.folder))?;
        let position = other.position();
        // So that no more than two sets of filters are in memory at a time.
        other.begin(Vec::new());
        let list = self.load(mark)?;
        if list.last().map_or(0, |run| run.head.span.to) != position {
            let gone = std::io::ErrorKind::NotFound.into();
            return Err(StoreError::io("cannot read all runs of", self.folder())(gone));
        }
        // What the front had may have been wrong as well.
        self.begin(list);
        Ok(())
    }
}

/// Opens a run; one that is not large is read whole.
fn open_checked(path: &Path, span: Span) -> Result<Arc<Run>, String> {
    let run = Arc::new(Run::open(path, span)?);
    if run.head.pages() * PAGE as u64 <= CHECKED_AT_OPENING {
        RunReader::check(&run).map_err(|error| error.to_string())?;
    }
    Ok(run)
}

fn counts(list: &[Arc<Run>]) -> Vec<u64> {
    list.iter().map(|run| u64::from(run.head.count())).collect()
}

/// How many of the last runs, of which these are the counts of entries, should become one.
fn due(counts: &[u64]) -> Option<usize> {
    let similar = counts.last()?.saturating_mul(4);
    let mut sum = 0;
    let fits = |count: &&u64| {
        sum += **count;
        **count <= similar && sum <= MOST_MERGED
    };
    let last = counts.iter().rev().take_while(fits).count();
    (last >= MERGED_AT_ONCE).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::due;

    #[test]
    fn eight_similar_runs_become_one_unless_that_would_be_too_large() {
        let (half, four, thirty) = (500_000, 4_000_000, 32_000_000);
        for (counts, expected) in [
            (vec![], None),
            (vec![half; 7], None),
            (vec![half; 8], Some(8)),
            (vec![half; 11], Some(11)),
            (vec![four; 8], Some(8)),
            (vec![thirty; 8], None),
            (vec![thirty, thirty, four, four, half, half], None),
            // Of a short run alone, the longer ones before it are not similar.
            (vec![four, four, four, four, four, four, four, four, 10], None),
            (vec![thirty, thirty, four, four, four, four, four, four, four, four], Some(8)),
            (vec![four, half, half, half, half, half, half, half, half], Some(8)),
            // Too large for each other, and no hindrance to what follows.
            (vec![9_000_000; 9], None),
            ([vec![9_000_000; 9], vec![2_000_000]].concat(), None),
            ([vec![9_000_000; 4], vec![3_000_000; 8]].concat(), Some(9)),
        ] {
            assert_eq!(due(&counts), expected, "{counts:?}");
        }
    }
}
