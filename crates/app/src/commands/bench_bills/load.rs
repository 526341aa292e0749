//! Usage that goes on arriving while bills are made: how fast it is stored.
//!
//! Owns a load of events of subjects that no customer pays for, of the current month, so that no bill changes.

use super::{new_id, subject, unreadable};
use crate::failure::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use tokio::task::JoinHandle;
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;
use usage_engine::{Engine, EngineError};
use usage_store::Handling;

/// Who sends at the same time, each batch behind the answer to the one before.
const SENDERS: u64 = 4;
/// Events of a batch.
const BATCH: u64 = 1000;
/// Subjects of the load.
const SUBJECTS: u64 = 100_000;

/// A load that goes on until it is stopped.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    stored: Arc<AtomicU64>,
    began: Instant,
    senders: Vec<JoinHandle<Result<(), EngineError>>>,
}

impl Load {
    pub(super) fn start(engine: &Engine, now: Timestamp) -> Load {
        let (stop, stored) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let sender = |number: u64| {
            let (engine, stop, stored) = (engine.clone(), stop.clone(), stored.clone());
            tokio::spawn(async move {
                let run = new_id();
                for batch in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let event = |place: u64| event(&format!("{run}-{number}"), batch * BATCH + place, now);
                    engine.ingest((0..BATCH).map(event).collect(), now, Handling::Strict).await?;
                    stored.fetch_add(BATCH, Ordering::Relaxed);
                }
                Ok(())
            })
        };
        let senders = (0..SENDERS).map(sender).collect();
        Load { stop, stored, began: Instant::now(), senders }
    }

    /// Stops it; how many events were stored in a second.
    pub(super) async fn stop(self) -> Result<f64, Failure> {
        // What is on its way when the time is over is not counted.
        let (stored, seconds) = (self.stored.load(Ordering::Relaxed), self.began.elapsed().as_secs_f64());
        self.stop.store(true, Ordering::Relaxed);
        for sender in self.senders {
            sender.await.map_err(unreadable)??;
        }
        Ok(stored as f64 / seconds)
    }
}

fn event(sender: &str, number: u64, now: Timestamp) -> UsageEvent {
    UsageEvent {
        id: format!("{sender}-{number}"),
        source: "load".into(),
        event_type: format!("bench_{}", number % 3),
        subject: format!("load-{}", subject(number.wrapping_mul(7919) % SUBJECTS)),
        time: now,
        time_given: true,
        data: Some(format!("{{\"value\":{},\"model\":\"m{}\"}}", number % 10, number % 2)),
        extensions: None,
    }
}
