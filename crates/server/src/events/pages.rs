//! `GET /api/v2/events`: the same listing, page by page.

use super::filter::json;
use super::list::{limit, wire};
use crate::App;
use crate::error::ApiError;
use crate::reading::Query;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::event::EventPage;
use usage_api::problem::Problem;
use usage_domain::customer::CustomerRef;
use usage_domain::time::Timestamp;
use usage_engine::ListedEvent;
use usage_store::EventFilter;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Where the page begins: the `nextCursor` of the page before it.
    cursor: Option<String>,
    /// At most so many: 100 where absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// A JSON object of fields and operators, such as `{"subject":{"$in":["a","b"]},"type":{"$like":"gpu%"}}`.
    /// Fields: id, source, subject, type, time, ingestedAt, storedAt, customerId. Operators: $eq, $ne, $in,
    /// $nin, $like, $nlike, $ilike, $nilike, $contains, $ncontains, $gt, $gte, $lt, $lte, $exists, $and, $or.
    filter: Option<String>,
}

/// Stored events, newest time first, page by page.
#[utoipa::path(
    get,
    path = "/api/v2/events",
    tag = "events",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of events.", body = EventPage),
        (status = 400, description = "A parameter is unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_event_pages(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<EventPage>, ApiError> {
    let limit = limit(query.limit)?;
    let after = query.cursor.map(|text| read_cursor("cursor", &text)).transpose()?;
    let filter = query.filter.map(|text| json::read(&text)).transpose()?.unwrap_or_default();
    let customers = filter.customers.clone();
    let filter = filter.narrow(EventFilter { after, ..EventFilter::newest(limit) });
    let (events, more) = page(&app, filter, customers.as_deref()).await?;
    let next_cursor = events.last().filter(|_| more).map(cursor);
    Ok(Json(EventPage { items: events.into_iter().map(wire).collect(), next_cursor }))
}

/// The events of a page of `filter.limit`, and whether more follow.
pub(super) async fn page(
    app: &App,
    filter: EventFilter,
    customers: Option<&[CustomerRef]>,
) -> Result<(Vec<ListedEvent>, bool), ApiError> {
    let limit = filter.limit;
    // One more than the page shows whether there is a next one.
    let mut events = app.engine.events_of(EventFilter { limit: limit + 1, ..filter }, customers).await?;
    let more = events.len() > limit;
    events.truncate(limit);
    Ok((events, more))
}

/// Names the last event of a page: its time and its place in the log.
pub(super) fn cursor(last: &ListedEvent) -> String {
    format!("{}-{}", last.stored.event.time.nanos(), last.stored.sequence)
}

/// Reads what [`cursor`] wrote, from a parameter.
pub(super) fn read_cursor(parameter: &str, text: &str) -> Result<(Timestamp, u64), ApiError> {
    let read = || {
        let (time, sequence) = text.split_once('-')?;
        Some((Timestamp::from_nanos(time.parse().ok()?)?, sequence.parse().ok()?))
    };
    read().ok_or_else(|| ApiError::field(parameter, "is not one that a page named"))
}
