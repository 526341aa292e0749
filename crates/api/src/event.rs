//! Usage events on the wire: CloudEvents 1.0 in JSON.
//!
//! Reading is strict: a key that stands twice, a wrong kind of value or a missing attribute is
//! refused with its name. The digits of `data` are never touched.

mod batch;
mod binary;
pub mod log;
mod read;
mod shape;
pub mod v3;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use usage_domain::event::{StoredEvent, UsageEvent};
use usage_domain::verdict;

pub use batch::{EventReader, ListError};
pub use binary::read_binary_event;
pub use read::read_event;

/// A CloudEvent to send.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "specversion": "1.0", "id": "0001", "source": "docs", "type": "usage.charge", "subject": "acme-web",
    "data": {"service": "Search API", "quantity": "1000", "unit": "queries", "unit_price": "0.0004"},
})))]
pub struct CloudEvent {
    /// With `source`, its name for ever.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub id: String,
    /// Who says so.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub source: String,
    /// Always `1.0`.
    #[cfg_attr(feature = "openapi", schema(pattern = r"^1\.0$"))]
    pub specversion: String,
    /// What kind of usage this is, such as `usage.charge`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub event_type: String,
    /// Whose usage this is.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub subject: String,
    /// When it happened, RFC 3339; the moment of arrival where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub time: Option<String>,
    /// The payload: a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub data: Option<Box<RawValue>>,
}

/// One event or many, as `application/json` may hold.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[schema(as = OneOrManyEvents, example = json!([{
    "specversion": "1.0", "id": "0001", "source": "docs", "type": "usage.charge", "subject": "acme-web",
    "data": {"service": "Search API", "quantity": "1000", "unit": "queries", "unit_price": "0.0004"},
}]))]
#[serde(untagged)]
pub enum OneOrMany {
    /// One event.
    One(CloudEvent),
    /// Many events.
    Many(Vec<CloudEvent>),
}

impl CloudEvent {
    /// The wire form of an event that was made here.
    ///
    /// # Errors
    /// Data that is not JSON.
    pub fn new(event: &UsageEvent) -> Result<CloudEvent, serde_json::Error> {
        let data = event.data.clone().map(RawValue::from_string).transpose()?;
        Ok(CloudEvent {
            id: event.id.clone(),
            source: event.source.clone(),
            specversion: "1.0".to_string(),
            event_type: event.event_type.clone(),
            subject: event.subject.clone(),
            time: event.time_given.then(|| event.time.to_string()),
            data,
        })
    }
}

/// A stored event, in the shape of `GET /api/v1/events`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IngestedEvent {
    /// The event as sent, with the time filled in where it named none.
    #[cfg_attr(feature = "openapi", schema(value_type = CloudEvent))]
    pub event: EventBody,
    /// The customer that its subject belonged to at its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Why it cannot be billed or metered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_error: Option<String>,
    /// When the request that brought it arrived, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub ingested_at: String,
    /// When it was stored, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub stored_at: String,
}

impl IngestedEvent {
    /// The wire form of a stored event.
    #[must_use]
    pub fn new(
        stored: StoredEvent,
        customer_id: Option<String>,
        validation_error: Option<String>,
    ) -> IngestedEvent {
        IngestedEvent {
            event: EventBody(stored.event),
            customer_id,
            validation_error,
            ingested_at: stored.ingested_at.to_string(),
            stored_at: stored.stored_at.to_string(),
        }
    }
}

/// A page of stored events (`GET /api/v2/events`).
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// The events of this page, newest time first.
    pub items: Vec<IngestedEvent>,
    /// What to ask the next page with; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An event as it is shown: every attribute as sent.
#[derive(Debug, Clone)]
pub struct EventBody(pub UsageEvent);

impl Serialize for EventBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &event.id)?;
        map.serialize_entry("source", &event.source)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("type", &event.event_type)?;
        map.serialize_entry("subject", &event.subject)?;
        map.serialize_entry("time", &event.time.to_string())?;
        if let Some(extensions) = &event.extensions {
            let object = usage_json::object(extensions).map_err(serde::ser::Error::custom)?;
            for (key, text) in object.entries() {
                map.serialize_entry(key, &raw(text)?)?;
            }
        }
        if let Some(data) = &event.data {
            map.serialize_entry("data", &raw(data)?)?;
        }
        map.end()
    }
}

fn raw<E: serde::ser::Error>(text: &str) -> Result<&RawValue, E> {
    serde_json::from_str(text).map_err(E::custom)
}

/// What became of the events of a request sent with `Prefer: handling=lenient` (200).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestReport {
    /// Stored now.
    pub accepted: u64,
    /// Stored before, with the same content.
    pub duplicate: u64,
    /// Stored before, with other content: the first stands.
    pub conflict: u64,
    /// Not valid: nothing of them was stored.
    pub rejected: u64,
    /// One verdict per event, in the order sent.
    pub verdicts: Vec<EventVerdict>,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventVerdict {
    /// Its place in the request, from 0.
    pub index: u64,
    /// `accepted`, `duplicate`, `conflict` or `rejected`.
    pub verdict: VerdictKind,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What can become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum VerdictKind {
    /// Stored now.
    Accepted,
    /// Stored before, with the same content.
    Duplicate,
    /// Stored before, with other content.
    Conflict,
    /// Not valid.
    Rejected,
}

impl IngestReport {
    /// The wire form of the verdicts on a request's events.
    #[must_use]
    pub fn new(verdicts: Vec<verdict::Verdict>) -> IngestReport {
        let mut report = IngestReport::default();
        for (index, verdict) in (0..).zip(verdicts) {
            let (verdict, reason) = match verdict {
                verdict::Verdict::Accepted => (VerdictKind::Accepted, None),
                verdict::Verdict::Duplicate => (VerdictKind::Duplicate, None),
                verdict::Verdict::Conflict => (VerdictKind::Conflict, None),
                verdict::Verdict::Rejected(reason) => (VerdictKind::Rejected, Some(reason)),
            };
            report.push(EventVerdict { index, verdict, reason });
        }
        report
    }

    /// Adds the verdict on a further event.
    pub fn push(&mut self, verdict: EventVerdict) {
        *match verdict.verdict {
            VerdictKind::Accepted => &mut self.accepted,
            VerdictKind::Duplicate => &mut self.duplicate,
            VerdictKind::Conflict => &mut self.conflict,
            VerdictKind::Rejected => &mut self.rejected,
        } += 1;
        self.verdicts.push(verdict);
    }
}
