//! Stored events in the order of the log, as an export reads them.

#[cfg(feature = "openapi")]
use super::CloudEvent;
use super::EventBody;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use usage_domain::event::StoredEvent;

/// A page of the log (`GET /api/v1/events/log`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventLogPage {
    /// The events, in the order of the log.
    pub events: Vec<LoggedEvent>,
    /// What to ask the next page with (`after`); absent on the last. A page may be empty and not the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Where the log ends for this reading: the next pages are asked with it (`until`), so that events
    /// that come meanwhile are left out.
    pub until: String,
}

/// An event of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LoggedEvent {
    /// The event as sent, with the time filled in where it named none: it can be sent again as it is.
    #[cfg_attr(feature = "openapi", schema(value_type = CloudEvent))]
    pub event: Box<RawValue>,
    /// When the request that brought it arrived, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ingested_at: String,
    /// When it was stored, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub stored_at: String,
}

impl LoggedEvent {
    /// The wire form of a stored event.
    ///
    /// # Errors
    /// Stored data that is not JSON.
    pub fn new(stored: StoredEvent) -> Result<LoggedEvent, serde_json::Error> {
        Ok(LoggedEvent {
            event: to_raw_value(&EventBody(stored.event))?,
            ingested_at: stored.ingested_at.to_string(),
            stored_at: stored.stored_at.to_string(),
        })
    }
}
