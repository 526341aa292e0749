//! The events that a request's body holds, by its media type: one in structured or binary mode, an
//! array, or lines. They are noted where they stand in the body, in one pass.

use crate::error::ApiError;
use crate::reading::media_type;
use axum::http::HeaderMap;
use usage_api::event::{EventReader, ListError, read_binary_event};
use usage_domain::event::{BatchBuilder, EventBatch, EventRef};
use usage_domain::time::Timestamp;

/// The most events that one request may have.
const MAX_EVENTS: usize = 50_000;
const EXPECTED: &str = "application/cloudevents+json (one event), application/cloudevents-batch+json (an array), application/json (either, or the data of an event whose attributes are in ce- headers) or application/x-ndjson (an event per line)";
/// What a header's name begins with that holds an attribute.
const ATTRIBUTE: &str = "ce-";

/// The events of a request.
pub(super) struct Sent {
    /// Those that are usable, in the order sent.
    pub(super) events: EventBatch,
    /// The places of the others, from 0, and why.
    pub(super) errors: Vec<(usize, String)>,
    /// The lines that they stood on, from 1, where they came as lines.
    lines: Option<Vec<usize>>,
}

/// What is read from a body, before the body joins it.
type Read = (BatchBuilder, Vec<(usize, String)>, Option<Vec<usize>>);

impl Sent {
    /// Reads the body as its headers say. An event without a time is of the moment `received`.
    ///
    /// # Errors
    /// 415 for any other media type, 400 for a body that is not of its type.
    pub(super) fn read(headers: &HeaderMap, body: Vec<u8>, received: Timestamp) -> Result<Sent, ApiError> {
        let media_type = media_type(headers);
        let body = String::from_utf8(body).map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            ApiError::invalid(format!("the body is not UTF-8 at byte {place}"))
        })?;
        let is_binary = headers.keys().any(|name| name.as_str().starts_with(ATTRIBUTE));
        let (events, errors, lines) = if is_binary && !media_type.starts_with("application/cloudevents") {
            binary(&media_type, headers, &body, received)?
        } else if let "application/x-ndjson" | "application/ndjson" = &*media_type {
            lines(&body, received)?
        } else {
            structured(&media_type, &body, received)?
        };
        Ok(Sent { events: events.finish(body), errors, lines })
    }

    /// Takes out the events that are wrong for a reason of its own.
    pub(super) fn refuse(&mut self, wrong: impl Fn(EventRef<'_>) -> Option<String>) {
        let reasons: Vec<_> = self.events.iter().map(wrong).collect();
        if reasons.iter().all(Option::is_none) {
            return;
        }
        let known = std::mem::take(&mut self.errors);
        let usable = (0..known.len() + reasons.len()).filter(|i| known.iter().all(|(place, _)| place != i));
        let (mut kept, mut errors) = (BatchBuilder::default(), Vec::new());
        for ((place, reason), event) in usable.zip(reasons).zip(self.events.iter()) {
            match reason {
                Some(reason) => errors.push((place, reason)),
                None => kept.push(event),
            }
        }
        errors.extend(known);
        errors.sort();
        self.errors = errors;
        self.events = kept.finish(String::new());
    }

    /// How many events were sent.
    pub(super) fn count(&self) -> usize {
        self.events.len() + self.errors.len()
    }

    /// Where an event stands, for a complaint about it: its index from 0, or its line.
    pub(super) fn place(&self, index: usize) -> String {
        match self.lines.as_ref().and_then(|lines| lines.get(index)) {
            Some(line) => format!("line {line}"),
            None => index.to_string(),
        }
    }

    /// The reason as the verdict on an event has it, of which the index does not say the line.
    pub(super) fn reason(&self, index: usize, reason: &str) -> String {
        if self.lines.is_some() { format!("{}: {reason}", self.place(index)) } else { reason.to_string() }
    }
}

fn binary(media_type: &str, headers: &HeaderMap, body: &str, received: Timestamp) -> Result<Read, ApiError> {
    if !matches!(media_type, "application/json" | "") {
        return Err(ApiError::unsupported(
            "application/json: it is that of the data, the attributes are in ce- headers",
        ));
    }
    let attributes = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().strip_prefix(ATTRIBUTE)?, value.as_bytes())));
    let mut batch = BatchBuilder::on(body.len());
    let mut errors = Vec::new();
    match read_binary_event(attributes, body, received) {
        Ok(event) => batch.push(event.borrowed()),
        Err(reason) => errors.push((0, reason)),
    }
    Ok((batch, errors, None))
}

fn lines(body: &str, received: Timestamp) -> Result<Read, ApiError> {
    let mut reader = EventReader::new(body, received);
    let (mut lines, mut start) = (Vec::new(), 0);
    for (number, line) in (1..).zip(body.split('\n')) {
        let end = start + line.len();
        if !line.trim_ascii().is_empty() {
            if lines.len() == MAX_EVENTS {
                return Err(too_many());
            }
            reader.read_part(start, end);
            lines.push(number);
        }
        start = end + 1;
    }
    let (batch, errors) = reader.finish();
    Ok((batch, errors, Some(lines)))
}

/// One event or an array, whichever the media type allows.
fn structured(media_type: &str, body: &str, received: Timestamp) -> Result<Read, ApiError> {
    let first = body.trim_ascii_start().bytes().next();
    let is_array = match (media_type, first) {
        ("application/cloudevents+json", Some(b'[')) => {
            return Err(ApiError::invalid(
                "the body is an array: its type is application/cloudevents-batch+json",
            ));
        }
        ("application/cloudevents+json", _) => false,
        ("application/cloudevents-batch+json", _) => true,
        ("application/json" | "", Some(b'[')) => true,
        ("application/json" | "", Some(b'{')) => false,
        ("application/json" | "", _) => {
            return Err(ApiError::invalid("the body must be a CloudEvent or an array of CloudEvents"));
        }
        _ => return Err(ApiError::unsupported(EXPECTED)),
    };
    let mut reader = EventReader::new(body, received);
    if is_array {
        reader.read_array(MAX_EVENTS).map_err(|error| match error {
            ListError::TooMany => too_many(),
            ListError::Malformed => malformed(body),
        })?;
    } else {
        reader.read_part(0, body.len());
    }
    let (batch, errors) = reader.finish();
    Ok((batch, errors, None))
}

/// What is wrong with a body that should be an array.
fn malformed(body: &str) -> ApiError {
    match usage_json::array(body) {
        Err(error) => ApiError::invalid(format!("the body: {error}")),
        Ok(_) => ApiError::invalid("the body: not a JSON array that is read here"),
    }
}

fn too_many() -> ApiError {
    ApiError::invalid(format!("a request may have {MAX_EVENTS} events at most"))
}
