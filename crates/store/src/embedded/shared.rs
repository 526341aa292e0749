//! What the writer and all readers share: the committed state, published in single steps.

use super::log::segment::LogIndex;
use super::projection::claims::HashKey;
use super::projection::rollup::RollUps;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The committed state of the log and its roll-ups at one position.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) log: LogIndex,
    pub(crate) rollups: RollUps,
    /// The sequence of the next event: the count of events in the log.
    pub(crate) next: u64,
}

pub(crate) struct Shared {
    state: RwLock<State>,
    pub(crate) key: HashKey,
    pub(crate) queue: Queue,
}

impl Shared {
    pub(crate) fn new(state: State, key: HashKey, most_waiting: usize) -> Shared {
        Shared {
            state: RwLock::new(state),
            key,
            queue: Queue { waiting: AtomicUsize::new(0), most: most_waiting },
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        // The writer changes the state in steps that cannot panic half-way.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many events wait for the writer, and how many may.
pub(crate) struct Queue {
    waiting: AtomicUsize,
    most: usize,
}

impl Queue {
    /// Takes places for events, if that many are free. A lone request is never too large.
    pub(crate) fn take(&self, events: usize) -> bool {
        let before = self.waiting.fetch_add(events, Ordering::Relaxed);
        let fits = before == 0 || before + events <= self.most;
        if !fits {
            self.release(events);
        }
        fits
    }

    pub(crate) fn release(&self, events: usize) {
        self.waiting.fetch_sub(events, Ordering::Relaxed);
    }
}
