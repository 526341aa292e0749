//! Stored events in the shape of version 3: snake case, a list of validation errors, a page with
//! cursors.

#[cfg(feature = "openapi")]
use super::CloudEvent;
use super::EventBody;
use serde::Serialize;
use usage_domain::event::StoredEvent;

/// A stored event (`GET /api/v3/openmeter/events`).
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeteredEvent {
    /// The event as sent, with the time filled in where it named none.
    #[cfg_attr(feature = "openapi", schema(value_type = CloudEvent))]
    pub event: EventBody,
    /// The customer that its subject belonged to at its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerReference>,
    /// When the request that brought it arrived, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ingested_at: String,
    /// When it was stored, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub stored_at: String,
    /// Why it cannot be billed or metered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validation_errors: Vec<ValidationError>,
}

/// Which customer.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerReference {
    /// Its id, a ULID.
    pub id: String,
}

/// Why an event cannot be billed or metered.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidationError {
    /// A stable name of the kind of error: `invalid_event`.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

impl MeteredEvent {
    /// The wire form of a stored event.
    #[must_use]
    pub fn new(stored: StoredEvent, customer: Option<String>, invalid: Vec<String>) -> MeteredEvent {
        let error = |message| ValidationError { code: "invalid_event".to_string(), message };
        MeteredEvent {
            event: EventBody(stored.event),
            customer: customer.map(|id| CustomerReference { id }),
            ingested_at: stored.ingested_at.to_string(),
            stored_at: stored.stored_at.to_string(),
            validation_errors: invalid.into_iter().map(error).collect(),
        }
    }
}

/// A page of stored events.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventsPage {
    /// The events of this page, newest time first.
    pub data: Vec<MeteredEvent>,
    /// Where this page is.
    pub meta: CursorMeta,
}

/// About a page that cursors lead to.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CursorMeta {
    /// Its place.
    pub page: CursorPage,
}

/// The place of a page.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CursorPage {
    /// The cursor of the first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The cursor of the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// What to ask the next page with (`page[after]`); null on the last.
    pub next: Option<String>,
    /// Always null: pages go forward only.
    pub previous: Option<String>,
    /// How many events were asked for.
    pub size: usize,
}

impl EventsPage {
    /// A page of events with its cursors.
    #[must_use]
    pub fn new(
        data: Vec<MeteredEvent>,
        size: usize,
        first: Option<String>,
        last: Option<String>,
        next: Option<String>,
    ) -> EventsPage {
        EventsPage { data, meta: CursorMeta { page: CursorPage { first, last, next, previous: None, size } } }
    }
}
