//! The events that a request's body holds, by its media type: one in structured or binary mode, an
//! array, or lines.

use crate::error::ApiError;
use crate::reading::{media_type, text};
use axum::http::HeaderMap;
use usage_api::event::{read_binary_event, read_event};
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;
use usage_json::JsonError;

/// The most events that one request may have.
const MAX_EVENTS: usize = 50_000;
const EXPECTED: &str = "application/cloudevents+json (one event), application/cloudevents-batch+json (an array), application/json (either, or the data of an event whose attributes are in ce- headers) or application/x-ndjson (an event per line)";
/// What a header's name begins with that holds an attribute.
const ATTRIBUTE: &str = "ce-";

/// The events of a request, in its order, each read or with the reason why not.
pub(super) struct Sent {
    pub(super) events: Vec<Result<UsageEvent, String>>,
    /// The lines that they stood on, from 1, where they came as lines.
    lines: Option<Vec<usize>>,
}

impl Sent {
    /// Reads the body as its headers say. An event without a time is of the moment `received`.
    ///
    /// # Errors
    /// 415 for any other media type, 400 for a body that is not of its type.
    pub(super) fn read(headers: &HeaderMap, body: &[u8], received: Timestamp) -> Result<Sent, ApiError> {
        let media_type = media_type(headers);
        let body = text(body)?;
        let is_binary = headers.keys().any(|name| name.as_str().starts_with(ATTRIBUTE));
        if is_binary && !media_type.starts_with("application/cloudevents") {
            return binary(&media_type, headers, body, received);
        }
        if let "application/x-ndjson" | "application/ndjson" = &*media_type {
            return lines(body, received);
        }
        let texts = split(&media_type, body)?;
        Ok(Sent { events: texts.into_iter().map(|text| read_event(text, received)).collect(), lines: None })
    }

    /// Where an event stands, for a complaint about it: its index from 0, or its line.
    pub(super) fn place(&self, index: usize) -> String {
        match self.lines.as_ref().and_then(|lines| lines.get(index)) {
            Some(line) => format!("line {line}"),
            None => index.to_string(),
        }
    }

    /// The reason as the verdict on an event has it, of which the index does not say the line.
    pub(super) fn reason(&self, index: usize, reason: String) -> String {
        if self.lines.is_some() { format!("{}: {reason}", self.place(index)) } else { reason }
    }
}

fn binary(media_type: &str, headers: &HeaderMap, body: &str, received: Timestamp) -> Result<Sent, ApiError> {
    if !matches!(media_type, "application/json" | "") {
        return Err(ApiError::unsupported(
            "application/json: it is that of the data, the attributes are in ce- headers",
        ));
    }
    let attributes = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().strip_prefix(ATTRIBUTE)?, value.as_bytes())));
    Ok(Sent { events: vec![read_binary_event(attributes, body, received)], lines: None })
}

fn lines(body: &str, received: Timestamp) -> Result<Sent, ApiError> {
    let filled = (1..).zip(body.split('\n')).filter(|(_, line)| !line.trim_ascii().is_empty());
    let (mut events, mut lines) = (Vec::new(), Vec::new());
    for (number, line) in filled {
        if events.len() == MAX_EVENTS {
            return Err(too_many(MAX_EVENTS));
        }
        events.push(read_event(line, received));
        lines.push(number);
    }
    Ok(Sent { events, lines: Some(lines) })
}

/// The texts of a body's events.
fn split<'a>(media_type: &str, body: &'a str) -> Result<Vec<&'a str>, ApiError> {
    let trimmed = body.trim_ascii_start();
    let is_array = trimmed.starts_with('[');
    Ok(match media_type {
        "application/cloudevents+json" if !is_array => vec![body],
        "application/cloudevents-batch+json" => array(body)?,
        "application/json" | "" if is_array => array(body)?,
        "application/json" | "" if trimmed.starts_with('{') => vec![body],
        "application/json" | "" => {
            return Err(ApiError::invalid("the body must be a CloudEvent or an array of CloudEvents"));
        }
        "application/cloudevents+json" => {
            return Err(ApiError::invalid(
                "the body is an array: its type is application/cloudevents-batch+json",
            ));
        }
        _ => return Err(ApiError::unsupported(EXPECTED)),
    })
}

fn array(body: &str) -> Result<Vec<&str>, ApiError> {
    usage_json::array_within(body, MAX_EVENTS).map_err(|error| match error {
        JsonError::TooMany(most) => too_many(most),
        error => ApiError::invalid(format!("the body: {error}")),
    })
}

fn too_many(most: usize) -> ApiError {
    ApiError::invalid(format!("a request may have {most} events at most"))
}
