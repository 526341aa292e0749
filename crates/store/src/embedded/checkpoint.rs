//! Checkpoints: the changes of the roll-ups since the last one, written behind the writer's back.
//!
//! The writer hands its changes over whole and goes on with none; a thread names, packs and writes
//! them. A failed checkpoint loses nothing: its changes go with the next one.

use super::faults::Faults;
use super::projection::cells::Cells;
use super::projection::delta::UsageDelta;
use super::projection::files::Chain;
use super::projection::metered::EVERYBODY;
use super::projection::rollup::{CellKey, Group, RollUps, Sum};
use super::projection::stretch::{Stretch, merge_stretches};
use super::shared::{Shared, State};
use crate::StoreError;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Subjects that are named under one reading lock, so that the writer never waits long for it.
const NAMES_AT_ONCE: usize = 4096;

/// The files of the roll-ups.
pub(crate) struct Chains {
    pub(crate) usage: Chain,
}

impl Chains {
    pub(crate) fn open(folder: &Path, faults: &Faults) -> Result<Chains, StoreError> {
        Ok(Chains { usage: Chain::open(folder, "usage", faults.clone())? })
    }

    /// Forgets all files.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        self.usage.clear()
    }

    /// Writes changes that end at the log position `to`, where the roll-ups cover these meters.
    fn write(
        &mut self,
        delta: &mut UsageDelta,
        to: u64,
        covered: &[u32],
        shared: &Shared,
    ) -> Result<(), StoreError> {
        if self.usage.position() < to {
            let mark = shared.read().log.mark(to)?.unwrap_or(0);
            let stretch = stretch(delta, covered, shared);
            self.usage.push(to, mark, &stretch.encode(), merge_stretches)?;
            *delta = UsageDelta::default();
        }
        Ok(())
    }
}

fn stretch(delta: &UsageDelta, covered: &[u32], shared: &Shared) -> Stretch {
    // Whoever has no number has no cells yet.
    let everybody = shared.read().metered.number_of(EVERYBODY).unwrap_or(0);
    Stretch {
        covered: covered.to_vec(),
        corrections: delta.corrections.clone(),
        charges: cells(&delta.charges, shared, |state| &state.charges),
        metered: cells(&delta.metered(everybody), shared, |state| &state.metered),
    }
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
    chains: Arc<Mutex<Chains>>,
    /// Events after which a checkpoint is due.
    every: u64,
    last: u64,
    working: Option<JoinHandle<Option<UsageDelta>>>,
    /// A checkpoint panicked: its changes are unknown, so that none may follow it. The log is
    /// replayed from the last sound one when the store opens.
    lost: bool,
    /// A checkpoint is waited for when it is begun.
    one_at_a_time: bool,
}

impl Checkpointer {
    pub(crate) fn new(shared: Arc<Shared>, chains: Chains, every: u64, last: u64) -> Checkpointer {
        let one_at_a_time = chains.usage.faults().is_one_at_a_time();
        let chains = Arc::new(Mutex::new(chains));
        Checkpointer { shared, chains, every, last, working: None, lost: false, one_at_a_time }
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
        let mut taken = std::mem::take(delta);
        let covered = self.shared.read().meters.covered();
        let (chains, shared) = (self.chains.clone(), self.shared.clone());
        let work = move || {
            let mut chains = chains.lock().unwrap_or_else(PoisonError::into_inner);
            match chains.write(&mut taken, next, &covered, &shared) {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(%error, "a checkpoint failed; it is tried again");
                    Some(taken)
                }
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
            Err(error) => tracing::warn!(%error, "no checkpoint thread could be started"),
        }
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
        self.take_back(delta);
        if self.lost {
            return Err(StoreError::Closed);
        }
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        let covered = self.shared.read().meters.covered();
        chains.write(delta, next, &covered, &self.shared)?;
        self.last = next;
        Ok(())
    }

    /// Forgets all checkpoints.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        self.take_back(&mut UsageDelta::default());
        self.lost = false;
        self.chains.lock().unwrap_or_else(PoisonError::into_inner).clear()
    }
}
