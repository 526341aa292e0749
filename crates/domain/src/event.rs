//! Usage events: immutable CloudEvents 1.0 records, named for ever by (source, id).

mod batch;

pub use batch::{BatchBuilder, EventBatch, EventSpans, Members, Span};

use crate::time::Timestamp;

/// Longest id, source, type or subject, in bytes.
pub const MAX_NAME: usize = 1024;
/// Longest `data` of an event, in bytes of JSON.
pub const MAX_DATA: usize = 64 * 1024;
/// Longest sum of a CloudEvent's further attributes, in bytes of JSON.
pub const MAX_EXTENSIONS: usize = 4 * 1024;

/// The type of events that take another event back: `data` is its `{source, id}`.
pub const VOID_TYPE: &str = "usage.void";
/// The type of events that replace the data of another: `data` is its `{source, id}` and the new `data`.
pub const AMEND_TYPE: &str = "usage.amend";

/// A usage event as sent, with the time filled in where it named none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEvent {
    /// With `source`, its name for ever.
    pub id: String,
    /// Who says so.
    pub source: String,
    /// What kind of usage this is, such as `usage.charge`.
    pub event_type: String,
    /// Whose usage this is.
    pub subject: String,
    /// When the usage happened.
    pub time: Timestamp,
    /// Whether the sender gave the time; otherwise it is the moment of ingestion.
    pub time_given: bool,
    /// The payload: the text of a JSON object.
    pub data: Option<String>,
    /// Further CloudEvents attributes as sent: the text of a JSON object.
    pub extensions: Option<String>,
}

/// A usage event that is held elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    /// With `source`, its name for ever.
    pub id: &'a str,
    /// Who says so.
    pub source: &'a str,
    /// What kind of usage this is.
    pub event_type: &'a str,
    /// Whose usage this is.
    pub subject: &'a str,
    /// When the usage happened.
    pub time: Timestamp,
    /// Whether the sender gave the time.
    pub time_given: bool,
    /// The payload: the text of a JSON object.
    pub data: Option<&'a str>,
    /// Further attributes: the text of a JSON object.
    pub extensions: Option<&'a str>,
    /// The members of the payload, where they were noted when it was read.
    pub members: Option<Members<'a>>,
}

impl EventRef<'_> {
    /// A copy that stands by itself.
    #[must_use]
    pub fn to_event(self) -> UsageEvent {
        UsageEvent {
            id: self.id.to_string(),
            source: self.source.to_string(),
            event_type: self.event_type.to_string(),
            subject: self.subject.to_string(),
            time: self.time,
            time_given: self.time_given,
            data: self.data.map(str::to_string),
            extensions: self.extensions.map(str::to_string),
        }
    }
}

/// Why a record is not a usage event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEvent {
    /// A required attribute is empty.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// An attribute is longer than its limit.
    #[error("{field} is longer than {limit} bytes")]
    TooLong {
        /// The attribute.
        field: &'static str,
        /// Its limit in bytes.
        limit: usize,
    },
}

impl UsageEvent {
    /// The event where it is.
    #[must_use]
    pub fn borrowed(&self) -> EventRef<'_> {
        EventRef {
            id: &self.id,
            source: &self.source,
            event_type: &self.event_type,
            subject: &self.subject,
            time: self.time,
            time_given: self.time_given,
            data: self.data.as_deref(),
            extensions: self.extensions.as_deref(),
            members: None,
        }
    }

    /// Checks the limits that every event keeps.
    ///
    /// # Errors
    /// The first attribute that is empty or too long.
    pub fn check(&self) -> Result<(), InvalidEvent> {
        let names = [
            ("id", &self.id),
            ("source", &self.source),
            ("type", &self.event_type),
            ("subject", &self.subject),
        ];
        for (field, text) in names {
            if text.is_empty() {
                return Err(InvalidEvent::Empty(field));
            }
            if text.len() > MAX_NAME {
                return Err(InvalidEvent::TooLong { field, limit: MAX_NAME });
            }
        }
        let longer = |text: &Option<String>, limit| text.as_ref().is_some_and(|t| t.len() > limit);
        if longer(&self.data, MAX_DATA) {
            return Err(InvalidEvent::TooLong { field: "data", limit: MAX_DATA });
        }
        if longer(&self.extensions, MAX_EXTENSIONS) {
            return Err(InvalidEvent::TooLong { field: "extensions", limit: MAX_EXTENSIONS });
        }
        Ok(())
    }
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the log: of events of one time, the last stored has the largest. In a folder 0 for the
    /// first, without gaps.
    pub sequence: u64,
    /// The event.
    pub event: UsageEvent,
    /// When the request that brought it arrived.
    pub ingested_at: Timestamp,
    /// When the group of requests that it was committed with was stored.
    pub stored_at: Timestamp,
}
