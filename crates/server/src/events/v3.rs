//! `/api/v3/openmeter/events`: the third version of taking events in and listing them.

use super::filter::query;
use super::ingest::take;
use super::pages::{cursor, page, read_cursor};
use super::sent::Sent;
use crate::App;
use crate::error::ApiError;
use crate::reading::{OwnedBody, Query};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use usage_api::event::v3::{EventsPage, MeteredEvent};
use usage_api::event::{CloudEvent, OneOrMany};
use usage_api::problem::Problem;
use usage_domain::event::EventRef;
use usage_store::EventFilter;

/// The attributes that this version knows besides those that every event has a field for.
const OPTIONAL: [&str; 2] = ["datacontenttype", "dataschema"];

/// Takes usage events in, as version 1 does; attributes that CloudEvents does not know are refused.
#[utoipa::path(
    post,
    path = "/api/v3/openmeter/events",
    operation_id = "ingest_metering_events",
    tag = "events",
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<CloudEvent> = "application/cloudevents-batch+json"),
        (OneOrMany = "application/json"),
    )),
    responses(
        (status = 202, description = "All events are stored, now or before."),
        (status = 400, description = "Some event is invalid; nothing of the request was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly; nothing was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not of a kind that is read.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too much is waiting; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot write; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ingest_metering_events(
    State(app): State<App>,
    headers: HeaderMap,
    OwnedBody(body, _held): OwnedBody,
) -> Result<Response, ApiError> {
    let received = app.now();
    let mut sent = Sent::read(&headers, body, received)?;
    sent.refuse(unknown);
    take(&app, &headers, sent, received, StatusCode::ACCEPTED).await
}

/// What is wrong with an event that has a property which this version does not know.
fn unknown(event: EventRef<'_>) -> Option<String> {
    let extensions = usage_json::object(event.extensions?).ok()?;
    let unknown = extensions.entries().find(|(name, _)| !OPTIONAL.contains(name));
    unknown.map(|(name, _)| format!("{name:.64}: is no property of an event"))
}

/// Stored events, newest time first, page by page.
#[utoipa::path(
    get,
    path = "/api/v3/openmeter/events",
    operation_id = "list_metering_events",
    tag = "events",
    params(
        ("page[size]" = Option<u8>, Query, description = "At most so many, 1 to 100: 20 where absent."),
        ("page[after]" = Option<String>, Query, description = "Where the page begins: `next` of the page before it."),
        ("sort" = Option<String>, Query, description = "`time desc`, the only order."),
        ("filter[subject][eq]" = Option<String>, Query, description = "Only events of this subject. Fields: id, source, subject, type (operators eq, neq, contains, ocontains, oeq, gt, gte, lt, lte, exists), time, ingested_at, stored_at (eq, gt, gte, lt, lte) and customer_id (eq, oeq); oeq and ocontains take several values with commas between."),
    ),
    responses(
        (status = 200, description = "A page of events.", body = EventsPage),
        (status = 400, description = "A parameter is unknown or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_metering_events(
    State(app): State<App>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Json<EventsPage>, ApiError> {
    let asked = query::read(parameters)?;
    let after = asked.after.map(|text| read_cursor("page[after]", &text)).transpose()?;
    let customers = asked.filter.customers.clone();
    let filter = asked.filter.narrow(EventFilter { after, ..EventFilter::newest(asked.size) });
    let (events, more) = page(&app, filter, customers.as_deref()).await?;
    let cursor = |event: Option<&_>| event.map(cursor);
    let (first, last) = (cursor(events.first()), cursor(events.last()));
    let data = events
        .into_iter()
        .map(|event| {
            let customer = event.customer.map(|id| id.to_string());
            MeteredEvent::new(event.stored, customer, event.validation_errors)
        })
        .collect();
    let next = last.clone().filter(|_| more);
    Ok(Json(EventsPage::new(data, asked.size, first, last, next)))
}
