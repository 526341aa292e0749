//! `POST /api/v1/events`

use super::sent::Sent;
use crate::App;
use crate::error::ApiError;
use crate::reading::OwnedBody;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use usage_api::event::{CloudEvent, IngestReport, OneOrMany};
use usage_api::problem::{FieldError, Problem};
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;
use usage_store::Handling;

const PREFER: &str = "prefer";

/// Takes usage events in: each (source, id) counts once, for ever.
///
/// An invalid event makes the whole request 400 and nothing of it is stored. With
/// `Prefer: handling=lenient` the good ones are stored, and the answer has a verdict per event.
///
/// An event may also be sent in binary mode: its attributes in `ce-` headers, its data as the body.
/// Bodies may be packed with gzip or zstd (`Content-Encoding`).
#[utoipa::path(
    post,
    path = "/api/v1/events",
    tag = "events",
    params(("Prefer" = Option<String>, Header, description = "`handling=lenient`: store the good events of a request, and answer with a verdict per event.")),
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<CloudEvent> = "application/cloudevents-batch+json"),
        (OneOrMany = "application/json"),
        (String = "application/x-ndjson", example = "{\"specversion\":\"1.0\",\"id\":\"0001\",\"source\":\"docs\",\"type\":\"usage.charge\",\"subject\":\"acme-web\",\"data\":{\"amount\":\"0.4\"}}\n"),
    )),
    responses(
        (status = 204, description = "All events are stored, now or before."),
        (status = 200, description = "Sent with `Prefer: handling=lenient`: a verdict per event.", body = IngestReport),
        (status = 400, description = "Some event is invalid; nothing of the request was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly; nothing was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not of a kind that is read.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too much is waiting; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot write; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ingest_events(
    State(app): State<App>,
    headers: HeaderMap,
    OwnedBody(body, _held): OwnedBody,
) -> Result<Response, ApiError> {
    let received = app.now();
    let sent = Sent::read(&headers, body, received)?;
    take(&app, &headers, sent, received, StatusCode::NO_CONTENT).await
}

/// Stores what was sent, as the sender prefers it; `done` is the answer where all of it must be valid.
pub(super) async fn take(
    app: &App,
    headers: &HeaderMap,
    sent: Sent,
    received: Timestamp,
    done: StatusCode,
) -> Result<Response, ApiError> {
    if lenient(headers) {
        return ingest_lenient(app, sent, received).await;
    }
    ingest_strict(app, sent, received).await?;
    Ok(done.into_response())
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

async fn ingest_strict(app: &App, mut sent: Sent, received: Timestamp) -> Result<(), ApiError> {
    let error =
        |(index, reason): &(usize, String)| FieldError { field: sent.place(*index), reason: reason.clone() };
    refuse(sent.errors.iter().map(error).collect())?;
    let events = std::mem::take(&mut sent.events);
    let verdicts = app.engine.ingest_batch(events, received, Handling::Strict).await?;
    let rejected = verdicts.into_iter().enumerate().filter_map(|(index, verdict)| match verdict {
        Verdict::Rejected(reason) => Some(FieldError { field: sent.place(index), reason }),
        Verdict::Accepted | Verdict::Duplicate | Verdict::Conflict => None,
    });
    refuse(rejected.collect())
}

/// Refuses a request whose events have these errors, if any.
fn refuse(errors: Vec<FieldError>) -> Result<(), ApiError> {
    let Some(FieldError { field: place, reason }) = errors.first() else { return Ok(()) };
    let more = match errors.len() {
        1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let place = if place.starts_with("line") { place.clone() } else { format!("event {place}") };
    let detail = format!("{place}: {reason}{more}; nothing of the request was stored");
    Err(ApiError::invalid(detail).with(errors))
}

async fn ingest_lenient(app: &App, mut sent: Sent, received: Timestamp) -> Result<Response, ApiError> {
    let count = sent.count();
    let events = std::mem::take(&mut sent.events);
    let mut stored = app.engine.ingest_batch(events, received, Handling::Lenient).await?.into_iter();
    let mut errors = sent.errors.iter().peekable();
    let mut verdicts = Vec::with_capacity(count);
    for index in 0..count {
        // What could not be read stands between what was stored.
        let verdict = match errors.next_if(|(place, _)| *place == index) {
            Some((_, reason)) => Some(Verdict::Rejected(sent.reason(index, reason))),
            None => stored.next(),
        };
        verdicts.extend(verdict);
    }
    let applied = [("preference-applied", "handling=lenient")];
    Ok((applied, Json(IngestReport::new(verdicts))).into_response())
}
