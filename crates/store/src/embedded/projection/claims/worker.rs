//! A thread that does one piece of work at a time, behind somebody who does not wait for it.

use crate::StoreError;
use crate::embedded::faults::Faults;
use std::thread::JoinHandle;

/// The thread of the piece of work under way, if any.
pub(super) struct Worker {
    thread: Option<JoinHandle<()>>,
    /// The work is waited for when it is begun.
    one_at_a_time: bool,
}

impl Worker {
    pub(super) fn new(faults: &Faults) -> Worker {
        Worker { thread: None, one_at_a_time: faults.is_one_at_a_time() }
    }

    /// Starts a piece of work, unless one is under way. One that fails says so, and is left to the next.
    pub(super) fn start(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
    ) {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        self.join();
        let work = move || match work() {
            // Told to stop.
            Ok(()) | Err(StoreError::Closed) => {}
            Err(error) => {
                tracing::warn!(%error, "the index of duplicates was not written; it is tried again")
            }
        };
        match std::thread::Builder::new().name(name.into()).spawn(work) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => tracing::warn!(%error, "no thread for the index of duplicates could be started"),
        }
        if self.one_at_a_time {
            self.join();
        }
    }

    /// Waits for the work under way.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a thread of the index of duplicates panicked");
        }
    }
}
