//! Requests that make something once, however often they are sent: under a key of their sender's.
//!
//! The key is noted in the write that makes the thing, so that of two that are sent at once, one makes it and
//! both answer with it. A note stays: a key means the same for ever.

use super::records::put;
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use usage_domain::customer::CustomerId;
use usage_domain::plan::InvalidPlan;
use usage_store::{DocumentWrite, Expect, Kind, StoreError};

/// The longest key, in bytes.
pub const MAX_REQUEST_KEY: usize = 128;

/// A request as its sender calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    key: String,
    request: String,
}

/// What becomes of a request: what it makes, and for whom. A key means something within both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) what: &'static str,
    pub(crate) customer: CustomerId,
}

/// What a key stands for.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The request, in words by which two that mean the same are the same.
    request: String,
    /// The id of what it made.
    made: String,
}

impl Once {
    /// The request under this key; `request` is the same text for every request that means the same.
    ///
    /// # Errors
    /// A key that is empty, too long, or has other than visible ASCII characters.
    pub fn new(key: &str, request: String) -> Result<Once, InvalidPlan> {
        if (1..=MAX_REQUEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Once { key: key.to_string(), request });
        }
        let right = format!("must have 1 to {MAX_REQUEST_KEY} visible ASCII characters");
        Err(InvalidPlan::new("Idempotency-Key", right))
    }

    fn id(&self, of: Made) -> String {
        format!("{} of {} under {}", of.what, of.customer, self.key)
    }
}

impl Engine {
    /// The id of what a request has made already.
    pub(crate) async fn made_before(
        &self,
        of: Made,
        once: Option<&Once>,
    ) -> Result<Option<String>, EngineError> {
        let Some(once) = once else { return Ok(None) };
        let id = once.id(of);
        match self.record(Kind::Counter, &id, |text| serde_json::from_str::<Note>(text)).await? {
            None => Ok(None),
            Some(kept) if kept.value.request == once.request => Ok(Some(kept.value.made)),
            Some(_) => Err(EngineError::KeyTaken { key: once.key.clone() }),
        }
    }

    /// Writes what a request makes, under this id. Gives the id of what there is then: another one, where
    /// the same request was sent twice at once and the other came first.
    pub(crate) async fn write_once(
        &self,
        mut writes: Vec<DocumentWrite>,
        of: Made,
        once: Option<&Once>,
        made: &str,
    ) -> Result<String, EngineError> {
        if let Some(once) = once {
            let note = Note { request: once.request.clone(), made: made.to_string() };
            let body = serde_json::to_string(&note).unwrap_or_default();
            writes.push(put(Kind::Counter, once.id(of), Some(of.customer), body, Expect::Absent));
        }
        match self.write(writes).await {
            Ok(()) => Ok(made.to_string()),
            Err(error @ EngineError::Store(StoreError::Stale { .. })) => {
                self.made_before(of, once).await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }
}
