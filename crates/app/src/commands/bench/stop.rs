//! Being interrupted: the load ends, the fresh service and its folder go, and nothing stays behind.

use crate::failure::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Whether the work is to stop.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Stops where the program is told to.
    pub(super) fn on_signals() -> Stop {
        use tokio::signal::unix::{SignalKind, signal};
        let stop = Stop::default();
        let told = stop.clone();
        thread::spawn(move || {
            // Without its signals the program ends at once, and its folder stays behind.
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
                return;
            };
            runtime.block_on(async {
                let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
                let [Ok(mut interrupt), Ok(mut terminate)] = kinds.map(signal) else { return };
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                told.now();
            });
        });
        stop
    }

    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error once the work is to stop.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.is_asked() { Err(Failure::operation("interrupted")) } else { Ok(()) }
    }
}
