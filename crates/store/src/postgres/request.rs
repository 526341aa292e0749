//! A request's events, ready for a group: what every store prepares, and the claims' fingerprints.
//! Runs in the request's own thread.

use super::fingerprint::Fingerprint;
use crate::Handling;
use crate::embedded::meters::Meters;
use crate::embedded::prepare::{Prepared, prepare};
use crate::embedded::projection::claims::HashKey;
use std::sync::Arc;
use usage_domain::event::{EventBatch, EventRef};
use usage_domain::time::Timestamp;

pub(super) struct Request {
    pub(super) prepared: Prepared,
    /// Of the rows, in the order of the block.
    pub(super) fingerprints: Vec<Fingerprint>,
}

impl Request {
    pub(super) fn new(
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
        key: &HashKey,
        meters: Arc<Meters>,
    ) -> Request {
        let prepared = prepare(events, received, handling, key, meters);
        let print = |event: EventRef<'_>| Fingerprint::of(key, event.source, event.id);
        let fingerprints = prepared.rows().map(|row| print(prepared.event(row))).collect();
        Request { prepared, fingerprints }
    }
}
