//! `POST /api/v1/events`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, media_type, text};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use usage_api::event::{CloudEvent, IngestReport, OneOrMany, read_event};
use usage_api::problem::{FieldError, Problem};
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;
use usage_json::JsonError;
use usage_store::Handling;

/// The most events that one request may have.
const MAX_EVENTS: usize = 50_000;
const PREFER: &str = "prefer";
const EXPECTED: &str = "application/cloudevents+json (one event), application/cloudevents-batch+json (an array) or application/json (either)";

/// Takes usage events in: each (source, id) counts once, for ever.
///
/// An invalid event makes the whole request 400 and nothing of it is stored. With
/// `Prefer: handling=lenient` the good ones are stored, and the answer has a verdict per event.
#[utoipa::path(
    post,
    path = "/api/v1/events",
    tag = "events",
    params(("Prefer" = Option<String>, Header, description = "`handling=lenient`: store the good events of a request, and answer with a verdict per event.")),
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<CloudEvent> = "application/cloudevents-batch+json"),
        (OneOrMany = "application/json"),
    )),
    responses(
        (status = 204, description = "All events are stored, now or before."),
        (status = 200, description = "Sent with `Prefer: handling=lenient`: a verdict per event.", body = IngestReport),
        (status = 400, description = "Some event is invalid; nothing of the request was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not of a kind that is read.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too much is waiting; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot write; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ingest_events(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, ApiError> {
    let received = app.now();
    let texts = split(&media_type(&headers), text(&body)?)?;
    let read = texts.into_iter().map(|text| read_event(text, received)).collect();
    if lenient(&headers) {
        ingest_lenient(&app, read, received).await
    } else {
        ingest_strict(&app, read, received).await
    }
}

type Read = Vec<Result<UsageEvent, String>>;

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
        JsonError::TooMany(most) => ApiError::invalid(format!("a request may have {most} events at most")),
        error => ApiError::invalid(format!("the body: {error}")),
    })
}

/// Whether the sender prefers lenient handling (RFC 7240). Of a preference that stands twice the
/// first counts; its parameters are nobody's here.
fn lenient(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).into_iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| unquoted(value, ',')).filter_map(|preference| {
        let (name, value) = unquoted(preference, ';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("handling").then(|| value.trim().trim_matches('"'))
    });
    preferences.next().is_some_and(|value| value.eq_ignore_ascii_case("lenient"))
}

/// The parts of a header's value between separators that do not stand in quotes.
fn unquoted(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    value.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

async fn ingest_strict(app: &App, read: Read, received: Timestamp) -> Result<Response, ApiError> {
    let mut events = Vec::with_capacity(read.len());
    let mut errors: Vec<FieldError> = Vec::new();
    for (index, event) in read.into_iter().enumerate() {
        match event {
            Ok(event) => events.push(event),
            Err(reason) => errors.push(FieldError { field: index.to_string(), reason }),
        }
    }
    refuse(errors)?;
    let verdicts = app.engine.ingest(events, received, Handling::Strict).await?;
    let rejected = verdicts.into_iter().enumerate().filter_map(|(index, verdict)| match verdict {
        Verdict::Rejected(reason) => Some(FieldError { field: index.to_string(), reason }),
        Verdict::Accepted | Verdict::Duplicate | Verdict::Conflict => None,
    });
    refuse(rejected.collect())?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Refuses a request whose events have these errors, if any.
fn refuse(errors: Vec<FieldError>) -> Result<(), ApiError> {
    let Some(first) = errors.first() else { return Ok(()) };
    let more = match errors.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let detail = format!("event {}: {}{more}; nothing of the request was stored", first.field, first.reason);
    Err(ApiError::invalid(detail).with(errors))
}

async fn ingest_lenient(app: &App, read: Read, received: Timestamp) -> Result<Response, ApiError> {
    let mut verdicts = Vec::with_capacity(read.len());
    let mut events = Vec::with_capacity(read.len());
    for event in read {
        match event {
            // Filled in below, in the same order.
            Ok(event) => {
                events.push(event);
                verdicts.push(None);
            }
            Err(reason) => verdicts.push(Some(Verdict::Rejected(reason))),
        }
    }
    let mut stored = app.engine.ingest(events, received, Handling::Lenient).await?.into_iter();
    let verdicts = verdicts.into_iter().filter_map(|verdict| verdict.or_else(|| stored.next())).collect();
    let applied = [("preference-applied", "handling=lenient")];
    Ok((applied, Json(IngestReport::new(verdicts))).into_response())
}
