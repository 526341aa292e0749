//! `GET /api/v2/events`: the same listing, page by page.

use super::list::{limit, wire};
use crate::App;
use crate::error::ApiError;
use crate::reading::Query;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::event::EventPage;
use usage_api::problem::Problem;
use usage_domain::time::Timestamp;
use usage_store::EventFilter;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Where the page begins: the `nextCursor` of the page before it.
    cursor: Option<String>,
    /// At most so many: 100 where absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// Refused: a listing that ignored it would show what was not asked for.
    #[param(ignore)]
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
    )
)]
pub(crate) async fn list_event_pages(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<EventPage>, ApiError> {
    if query.filter.is_some() {
        return Err(ApiError::field(
            "filter",
            "is not supported; /api/v1/events has parameters to filter by",
        ));
    }
    let limit = limit(query.limit)?;
    let after = query.cursor.map(|text| read_cursor(&text)).transpose()?;
    // One more than the page shows whether there is a next one.
    let mut events = app.engine.events(EventFilter { after, ..EventFilter::newest(limit + 1) }, None).await?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next_cursor = events
        .last()
        .filter(|_| more)
        .map(|last| format!("{}-{}", last.stored.event.time.nanos(), last.stored.sequence));
    Ok(Json(EventPage { items: events.into_iter().map(wire).collect(), next_cursor }))
}

/// A cursor names the last event of a page: its time and its place in the log.
fn read_cursor(text: &str) -> Result<(Timestamp, u64), ApiError> {
    let read = || {
        let (time, sequence) = text.split_once('-')?;
        Some((Timestamp::from_nanos(time.parse().ok()?)?, sequence.parse().ok()?))
    };
    read().ok_or_else(|| ApiError::field("cursor", "is not one that a page named"))
}
