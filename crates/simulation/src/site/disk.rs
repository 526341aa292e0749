//! A disk that fails as planned, holds whoever writes, and is copied as it is when the process dies.
//!
//! Every decision is made under one lock, when the store asks for a step. The store's threads work one
//! at a time here, so that the order of steps, and with it every decision, follows from the seed.

use super::files;
use super::{Hits, Moment};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use usage_store::embedded::{Faults, Step};

/// What is to go wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    /// These steps fail, from and until their so-manieth time (0 is the first).
    pub(crate) fails: Vec<(Step, u32, u32)>,
    /// The process dies at the so-manieth step of this kind, or of any.
    pub(crate) dies: Option<(Option<Step>, u32)>,
}

/// Bytes at the end of a log file that were never synced.
#[derive(Debug, Clone)]
pub(crate) struct Unsynced {
    /// The file's name.
    pub(crate) name: String,
    /// Where they begin.
    pub(crate) from: u64,
}

/// A copy of what was there when the process died.
#[derive(Debug, Clone)]
pub(crate) struct Remains {
    pub(crate) folder: PathBuf,
    pub(crate) unsynced: Option<Unsynced>,
    /// The first event of a segment that was about to be made.
    pub(crate) making: Option<u64>,
}

#[derive(Default)]
struct State {
    folder: PathBuf,
    /// Where the next copy goes.
    spare: PathBuf,
    trouble: Trouble,
    /// Steps since trouble was planned, by kind.
    count: Vec<(Step, u32)>,
    hits: Hits,
    remains: Option<Remains>,
    unsynced: Option<Unsynced>,
    /// Events in the log, while that is known.
    events: Option<u64>,
    hold: Option<Step>,
    held: bool,
    waker: Option<Waker>,
    /// What went wrong here, and not on purpose.
    broken: Option<String>,
    lies: bool,
}

/// The disk.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<(Mutex<State>, Condvar)>);

impl Disk {
    /// A disk that, where it `lies`, says that a write is durable when it is not.
    pub(crate) fn new(lies: bool) -> Disk {
        let disk = Disk::default();
        disk.state().lies = lies;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store is opened with.
    pub(crate) fn faults(&self) -> Faults {
        let disk = self.clone();
        Faults::new(move |step| disk.step(step)).one_at_a_time()
    }

    /// A store lives in `folder`; when it dies, a copy goes to `spare`.
    pub(crate) fn use_folder(&self, folder: &Path, spare: &Path) {
        let mut state = self.state();
        let before = std::mem::take(&mut *state);
        let State { lies, hits, trouble, count, .. } = before;
        let (folder, spare) = (folder.into(), spare.into());
        *state = State { folder, spare, lies, hits, trouble, count, ..State::default() };
    }

    pub(crate) fn begin_step(&self, events: u64) {
        let mut state = self.state();
        state.events = Some(events);
        state.hits = Hits::default();
    }

    pub(crate) fn hits(&self) -> Hits {
        self.state().hits
    }

    pub(crate) fn broken(&self) -> Option<String> {
        self.state().broken.take()
    }

    pub(crate) fn plan(&self, trouble: Trouble) {
        let mut state = self.state();
        state.trouble = trouble;
        state.count.clear();
    }

    pub(crate) fn hold(&self, moment: Moment) {
        self.state().hold = Some(match moment {
            Moment::Commit => Step::Write,
            Moment::Catalog => Step::Catalog,
            Moment::Cover => Step::Cover,
        });
    }

    pub(crate) fn poll_held(&self, context: &mut Context<'_>) -> bool {
        let mut state = self.state();
        state.waker = Some(context.waker().clone());
        state.held
    }

    /// Whoever is held goes on.
    pub(crate) fn release(&self) {
        let mut state = self.state();
        state.hold = None;
        state.held = false;
        self.0.1.notify_all();
    }

    /// The process dies now, unless it did.
    pub(crate) fn die(&self) {
        self.state().die(None);
    }

    pub(crate) fn remains(&self) -> Option<Remains> {
        self.state().remains.take()
    }

    fn step(&self, step: Step) -> io::Result<()> {
        let mut state = self.state();
        if state.hold == Some(step) && state.remains.is_none() {
            state.hold = None;
            state.held = true;
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
            while state.held {
                state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.decide(step)
    }
}

impl State {
    fn decide(&mut self, step: Step) -> io::Result<()> {
        if self.remains.is_some() {
            // How far the dead get is of no concern.
            return Err(disk_full());
        }
        if step == Step::Write {
            self.unsynced = files::last_segment(&self.folder);
            self.events = None;
        }
        let (of_kind, of_all) = self.counted(step);
        match self.trouble.dies {
            Some((Some(kind), n)) if kind == step && n == of_kind => self.die(Some(step)),
            Some((None, n)) if n == of_all => self.die(Some(step)),
            _ => {}
        }
        let fails =
            |(kind, from, until): &(Step, u32, u32)| *kind == step && *from <= of_kind && of_kind < *until;
        if self.remains.is_some() || self.trouble.fails.iter().any(fails) {
            return self.fail(step);
        }
        // What follows is done by a sound disk: a sync makes the record durable, an undo takes it away.
        if step == Step::Undo || step == Step::Sync && !self.lies {
            self.unsynced = None;
        }
        Ok(())
    }

    /// How many steps of this kind, and in all, came before since trouble was planned.
    fn counted(&mut self, step: Step) -> (u32, u32) {
        let all = self.count.iter().map(|(_, count)| count).sum();
        match self.count.iter_mut().find(|(kind, _)| *kind == step) {
            Some((_, count)) => {
                *count += 1;
                (*count - 1, all)
            }
            None => {
                self.count.push((step, 1));
                (0, all)
            }
        }
    }

    fn fail(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::Create | Step::Write | Step::Sync => self.hits.commits += 1,
            Step::Undo => self.hits.undos += 1,
            Step::Checkpoint => self.hits.checkpoints += 1,
            Step::Catalog => self.hits.catalog += 1,
            Step::Cover => self.hits.covers += 1,
        }
        Err(disk_full())
    }

    fn die(&mut self, step: Option<Step>) {
        if self.remains.is_some() {
            return;
        }
        self.hits.crashed = true;
        if let Err(error) = files::copy(&self.folder, &self.spare) {
            self.broken = Some(format!("the folder could not be copied: {error}"));
        }
        let making = self.events.filter(|_| step == Some(Step::Create));
        self.remains = Some(Remains { folder: self.spare.clone(), unsynced: self.unsynced.clone(), making });
    }
}

fn disk_full() -> io::Error {
    io::Error::from_raw_os_error(28)
}
