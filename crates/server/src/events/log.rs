//! `GET /api/v1/events/log`: all events in the order of the log, page by page.

use crate::App;
use crate::error::ApiError;
use crate::reading::{Query, period};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::event::log::{EventLogPage, LoggedEvent};
use usage_api::problem::Problem;
use usage_domain::position::Position;
use usage_store::{Condition, EventFilter, TextField, TextTest};

/// The most events of one page.
const MAX_LIMIT: usize = 10_000;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogQuery {
    /// Where the page begins: `next` of the page before it.
    after: Option<String>,
    /// Where reading ends: `until` of the first page.
    until: Option<String>,
    /// At most so many: 10,000 where absent.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<usize>,
    /// Only events at or after this time, RFC 3339.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only events before this time, RFC 3339.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Only events of this type.
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Only events of this subject.
    subject: Option<String>,
    /// Only events of this source.
    source: Option<String>,
}

impl LogQuery {
    fn filter(self) -> Result<EventFilter, ApiError> {
        let limit = match self.limit.unwrap_or(MAX_LIMIT) {
            limit @ 1..=MAX_LIMIT => limit,
            _ => return Err(ApiError::field("limit", format!("must be 1 to {MAX_LIMIT}"))),
        };
        let period = period(("from", "to"), self.from.as_deref(), self.to.as_deref())?;
        let texts = [
            (TextField::Type, self.event_type),
            (TextField::Subject, self.subject),
            (TextField::Source, self.source),
        ];
        let conditions = texts
            .into_iter()
            .filter_map(|(field, text)| Some(Condition::Text(field, TextTest::OneOf(vec![text?]))));
        let condition = Some(Condition::All(conditions.collect()));
        Ok(EventFilter { period, condition, ..EventFilter::newest(limit) })
    }
}

/// Stored events in the order of the log, page by page: sent again in this order, they give the same bills.
///
/// Where a correction and its target were stored together, the target comes first.
#[utoipa::path(
    get,
    path = "/api/v1/events/log",
    tag = "events",
    params(LogQuery),
    responses(
        (status = 200, description = "A page of events.", body = EventLogPage),
        (status = 400, description = "A parameter is unusable.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn read_event_log(
    State(app): State<App>,
    Query(query): Query<LogQuery>,
) -> Result<Json<EventLogPage>, ApiError> {
    let position = |name: &str, text: &Option<String>| {
        let position = text.as_ref().map(|text| text.parse::<Position>()).transpose();
        position.map_err(|error| ApiError::field(name, error.to_string()))
    };
    let after = position("after", &query.after)?.unwrap_or_default();
    let until = position("until", &query.until)?;
    let (page, until) = app.engine.log(after, until, query.filter()?).await?;
    let events = page.events.into_iter().map(LoggedEvent::new).collect::<Result<_, _>>();
    let events = events.map_err(|error| ApiError::unreadable(&error.to_string()))?;
    let next = page.more.then(|| page.next.to_string());
    Ok(Json(EventLogPage { events, next, until: until.to_string() }))
}
