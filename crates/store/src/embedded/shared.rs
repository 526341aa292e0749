//! What the writer and all readers share: the committed state, published in single steps.

use super::Options;
use super::cover::CoverPlan;
use super::log::segment::LogIndex;
use super::meters::Meters;
use super::projection::charges::ChargeRollUps;
use super::projection::claims::{HashKey, Runs};
use super::projection::corrections::Corrections;
use super::projection::layers::{Layers, Subjects};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The committed state of the log and its roll-ups at one position.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) log: LogIndex,
    pub(crate) charges: ChargeRollUps,
    pub(crate) metered: Layers,
    /// The meters that usage is added up for.
    pub(crate) meters: Arc<Meters>,
    /// Readers keep those of the position that they read at.
    pub(crate) corrections: Arc<Corrections>,
    /// The sequence of the next event: the count of events in the log.
    pub(crate) next: u64,
    /// A digest of the duplicate index, for verifying it.
    pub(crate) claims: u64,
}

pub(crate) struct Shared {
    state: RwLock<State>,
    pub(crate) key: HashKey,
    /// The numbers of subjects with metered usage.
    pub(crate) subjects: Arc<Subjects>,
    /// The part of the duplicate index that is on disk: never more than the state has.
    pub(crate) runs: Arc<Runs>,
    pub(crate) queue: Queue,
    pub(crate) covering: CoverPlan,
    /// Events after which a checkpoint is due: about as many as are held in memory at a time.
    pub(crate) every: u64,
    /// Held by who verifies: one at a time recounts the log.
    pub(crate) verifying: Mutex<()>,
    closing: AtomicBool,
}

impl Shared {
    pub(crate) fn new(state: State, key: HashKey, runs: Arc<Runs>, options: &Options) -> Shared {
        Shared {
            subjects: state.metered.subjects().clone(),
            state: RwLock::new(state),
            key,
            runs,
            covering: CoverPlan {
                at_once: options.covered_at_once,
                faults: options.faults.clone(),
                one: Mutex::default(),
            },
            every: options.checkpoint_every,
            verifying: Mutex::default(),
            closing: AtomicBool::new(false),
            queue: Queue::new(options.most_waiting),
        }
    }

    /// Tells work that goes on beside everything else to stop.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        // The writer changes the state in steps that cannot panic half-way.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most bytes of events that wait, whatever their number.
const MOST_BYTES: usize = 512 << 20;

/// What requests weigh in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Weight {
    pub(crate) fn add(&mut self, more: Weight) {
        self.events += more.events;
        self.bytes += more.bytes;
    }

    /// Whether a request can be stored at all: a section of a block has less than 1 GiB.
    pub(crate) fn is_storable(self) -> bool {
        self.bytes <= MOST_BYTES
    }
}

/// How many events wait for the writer, and how many may.
pub(crate) struct Queue {
    events: AtomicUsize,
    bytes: AtomicUsize,
    most: Weight,
}

impl Queue {
    /// A queue in which so many events may wait.
    pub(crate) fn new(most_waiting: usize) -> Queue {
        let most = Weight { events: most_waiting, bytes: MOST_BYTES };
        Queue { events: AtomicUsize::new(0), bytes: AtomicUsize::new(0), most }
    }

    /// Takes places for a request, if that many are free. A lone request is never too large.
    pub(crate) fn take(&self, weight: Weight) -> bool {
        let events = self.events.fetch_add(weight.events, Ordering::Relaxed);
        let bytes = self.bytes.fetch_add(weight.bytes, Ordering::Relaxed);
        let fits = events + weight.events <= self.most.events && bytes + weight.bytes <= self.most.bytes;
        if events == 0 || fits {
            return true;
        }
        self.release(weight);
        false
    }

    pub(crate) fn release(&self, weight: Weight) {
        self.events.fetch_sub(weight.events, Ordering::Relaxed);
        self.bytes.fetch_sub(weight.bytes, Ordering::Relaxed);
    }
}
