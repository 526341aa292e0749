//! Checkpoints: what the roll-ups got since the last one, written behind the writer's back.
//!
//! The writer freezes the front of the meters' cells, hands its other changes over whole, and goes on with
//! none; a thread writes them as a run, from which these cells are read from then on. Another merges runs.
//! A failed checkpoint loses nothing: its changes stay in memory and go with the next one.

use super::projection::cells::Cells;
use super::projection::delta::UsageDelta;
use super::projection::layers::{Chain, Front, Layers, Merged, Stored, Tail, folded};
use super::projection::metered::Series;
use super::projection::rollup::{CellKey, Group, RollUps, Sum};
use super::projection::stretch::{Stretch, no_cells};
use super::shared::{Shared, State};
use crate::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use usage_domain::meter::aggregate::State as MeterState;

/// Subjects that are named under one reading lock, so that the writer never waits long for it.
const NAMES_AT_ONCE: usize = 4096;

/// What a checkpoint writes, beside the changes of charges and corrections.
struct Taken {
    to: u64,
    /// The numbers of the meters' sums that the roll-ups cover.
    covered: Vec<u32>,
    fronts: Vec<Arc<Front>>,
}

impl Taken {
    /// Writes a run, and has its cells read from it.
    fn write(&self, chain: &Chain, delta: &mut UsageDelta, shared: &Shared) -> Result<(), StoreError> {
        if chain.position() >= self.to {
            return Ok(());
        }
        let mark = shared.read().log.mark(self.to)?.unwrap_or(0);
        let charges = cells(&delta.charges, shared, |state| &state.charges);
        let stretch = stretch(&self.covered, delta, charges);
        let tail = tail(chain, &shared.read().metered, &stretch);
        let stored = write(chain, self.to, mark, &tail, &self.fronts)?;
        let mut state = shared.write();
        let runs = chain.add(&stored);
        state.metered.thaw(&self.fronts, runs);
        *delta = UsageDelta::default();
        Ok(())
    }
}

/// What a stretch of the log added besides cells of meters.
pub(super) fn stretch(covered: &[u32], delta: &UsageDelta, charges: Vec<u8>) -> Stretch {
    let corrections = delta.corrections.clone();
    Stretch { covered: covered.to_vec(), corrections, charges, metered: no_cells::<Series, MeterState>() }
}

/// What a run that follows the chain has besides cells.
pub(super) fn tail(chain: &Chain, layers: &Layers, stretch: &Stretch) -> Tail {
    let named = chain.named();
    let (subjects, series) = layers.names(named);
    Tail { subjects: (named.0, subjects), series: (named.1, series), stretch: stretch.encode() }
}

/// Writes a run of what these fronts have.
pub(super) fn write(
    chain: &Chain,
    to: u64,
    mark: u32,
    tail: &Tail,
    fronts: &[Arc<Front>],
) -> Result<Stored, StoreError> {
    let cells = Merged::new(fronts.iter().map(|front| folded(front.clone())).collect())?;
    chain.write(to, mark, tail, cells)
}

/// The stored form of changed cells, with names from the roll-ups that their numbers are of.
fn cells<G: Group, S: Sum>(
    changes: &[(CellKey, S)],
    shared: &Shared,
    rollups: fn(&State) -> &RollUps<G, S>,
) -> Vec<u8> {
    let names = |subjects: &[u32], groups: &[u32]| {
        let mut names = Vec::with_capacity(subjects.len());
        for part in subjects.chunks(NAMES_AT_ONCE) {
            let state = shared.read();
            names.extend(part.iter().map(|number| rollups(&state).subject(*number).clone()));
        }
        let state = shared.read();
        (names, groups.iter().map(|number| rollups(&state).group(*number).clone()).collect())
    };
    Cells::of(changes, names).encode()
}

/// Decides when a checkpoint is due and has it written.
pub(crate) struct Checkpointer {
    shared: Arc<Shared>,
    chain: Arc<Chain>,
    /// Events after which a checkpoint is due.
    every: u64,
    last: u64,
    working: Option<JoinHandle<Option<UsageDelta>>>,
    /// The thread that merges runs, and what tells it to leave that.
    tidying: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    /// A checkpoint panicked, or never began: its changes are unknown, so that none may follow it. The log is
    /// replayed from the last sound one when the store opens.
    lost: bool,
    /// A checkpoint is waited for when it is begun.
    one_at_a_time: bool,
}

impl Checkpointer {
    pub(crate) fn new(shared: Arc<Shared>, chain: Chain, every: u64) -> Checkpointer {
        let (one_at_a_time, last) = (chain.faults().is_one_at_a_time(), chain.position());
        let (chain, stop) = (Arc::new(chain), Arc::default());
        let (working, tidying) = (None, None);
        Checkpointer { shared, chain, every, last, working, tidying, stop, lost: false, one_at_a_time }
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Starts a checkpoint if one is due and none is under way.
    pub(crate) fn take_if_due(&mut self, delta: &mut UsageDelta, next: u64) {
        if next - self.last < self.every || self.working.as_ref().is_some_and(|w| !w.is_finished()) {
            return;
        }
        self.take_back(delta);
        if self.lost {
            *delta = UsageDelta::default();
            return;
        }
        let (mut changes, taken) = (std::mem::take(delta), self.take(next));
        let (chain, shared) = (self.chain.clone(), self.shared.clone());
        let work = move || match taken.write(&chain, &mut changes, &shared) {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "a checkpoint failed; it is tried again");
                Some(changes)
            }
        };
        match std::thread::Builder::new().name("checkpoint".into()).spawn(work) {
            Ok(worker) => {
                self.working = Some(worker);
                self.last = next;
                if self.one_at_a_time {
                    self.take_back(delta);
                }
            }
            Err(error) => {
                tracing::error!(%error, "no checkpoint thread could be started; none is written any more");
                self.lost = true;
            }
        }
        self.tidy();
    }

    /// All that no run has yet; the front goes on without it.
    fn take(&self, to: u64) -> Taken {
        let mut state = self.shared.write();
        Taken { to, covered: state.meters.covered(), fronts: state.metered.freeze() }
    }

    /// Has runs merged, unless that is under way.
    fn tidy(&mut self) {
        if self.tidying.as_ref().is_some_and(|t| !t.is_finished()) || !self.chain.is_untidy() {
            return;
        }
        let (chain, shared, stop) = (self.chain.clone(), self.shared.clone(), self.stop.clone());
        let work = move || match merge(&chain, &shared, &stop) {
            // Told to stop.
            Ok(()) | Err(StoreError::Closed) => {}
            Err(error) => tracing::warn!(%error, "checkpoints could not be merged"),
        };
        match std::thread::Builder::new().name("checkpoint tidy".into()).spawn(work) {
            Ok(worker) => self.tidying = Some(worker),
            Err(error) => tracing::warn!(%error, "no thread to merge checkpoints could be started"),
        }
        if self.one_at_a_time {
            self.wait_for_tidying();
        }
    }

    fn wait_for_tidying(&mut self) {
        if let Some(worker) = self.tidying.take()
            && worker.join().is_err()
        {
            tracing::error!("merging checkpoints panicked");
        }
    }

    /// Waits for the thread that merges, which leaves that.
    fn stop_tidying(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wait_for_tidying();
        self.stop.store(false, Ordering::Relaxed);
    }

    /// Waits for the checkpoint under way; what it could not write goes back to `delta`.
    fn take_back(&mut self, delta: &mut UsageDelta) {
        let Some(worker) = self.working.take() else { return };
        let failed = match worker.join() {
            Ok(None) => return,
            Ok(Some(failed)) => failed,
            Err(_) => {
                tracing::error!("a checkpoint panicked; none is written any more");
                self.lost = true;
                return;
            }
        };
        delta.follow(failed);
    }

    /// Writes all that no checkpoint has yet, and waits for it.
    pub(crate) fn finish(&mut self, delta: &mut UsageDelta, next: u64) -> Result<(), StoreError> {
        self.stop_tidying();
        self.take_back(delta);
        if self.lost {
            return Err(StoreError::Closed);
        }
        self.take(next).write(&self.chain, delta, &self.shared)?;
        self.last = next;
        Ok(())
    }

    /// Takes over the files of a chain that was made anew; those that there were are gone.
    ///
    /// # Errors
    /// When files could not be removed or moved. Those that were made anew are read all the same, until the
    /// store is closed.
    pub(crate) fn replace_with(&mut self, anew: &Chain) -> Result<(), StoreError> {
        self.stop_tidying();
        self.take_back(&mut UsageDelta::default());
        self.lost = false;
        self.last = anew.position();
        let cleared = self.chain.clear();
        // Files that stay are in nobody's way: the names of others are taken all the same.
        cleared.and(self.chain.take_over(anew))
    }
}

/// Merges runs as long as that is due.
fn merge(chain: &Chain, shared: &Shared, stop: &AtomicBool) -> Result<(), StoreError> {
    loop {
        let kept = {
            let state = shared.read();
            state.metered.groups_of(|series| state.meters.has(series))
        };
        let Some(stored) = chain.merge_if_due(stop, &kept)? else { return Ok(()) };
        let mut state = shared.write();
        let runs = chain.add(&stored);
        state.metered.thaw(&[], runs);
        drop(state);
        chain.forget(&stored);
    }
}
