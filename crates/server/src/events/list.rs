//! `GET /api/v1/events`

use crate::App;
use crate::error::ApiError;
use crate::reading::{Query, period};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::event::IngestedEvent;
use usage_api::problem::Problem;
use usage_domain::customer::CustomerRef;
use usage_engine::ListedEvent;
use usage_store::EventFilter;

/// The most events of one listing.
const MAX_LIMIT: usize = 100;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListQuery {
    /// Only events at or after this time, RFC 3339.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only events before this time, RFC 3339.
    #[param(format = DateTime)]
    to: Option<String>,
    /// At most so many: 100 where absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// Only events of which the id contains this text.
    id: Option<String>,
    /// Only events of which the subject contains this text.
    subject: Option<String>,
    /// Only events that this customer pays for: its key, number or id.
    customer_id: Option<String>,
    /// Only events that arrived at or after this moment, RFC 3339.
    #[param(format = DateTime)]
    ingested_at_from: Option<String>,
    /// Only events that arrived before this moment, RFC 3339.
    #[param(format = DateTime)]
    ingested_at_to: Option<String>,
    /// The contract has it, and a listing that ignored it would show what was not asked for.
    #[param(ignore)]
    has_error: Option<String>,
}

impl ListQuery {
    fn filter(self) -> Result<(EventFilter, Option<CustomerRef>), ApiError> {
        if self.has_error.is_some() {
            let reason = "is not supported; `validationError` of an event says what is wrong with it";
            return Err(ApiError::field("hasError", reason));
        }
        let filter = EventFilter {
            period: period(("from", "to"), self.from.as_deref(), self.to.as_deref())?,
            ingested: period(
                ("ingestedAtFrom", "ingestedAtTo"),
                self.ingested_at_from.as_deref(),
                self.ingested_at_to.as_deref(),
            )?,
            id: self.id,
            subject: self.subject,
            ..EventFilter::newest(limit(self.limit)?)
        };
        let customer = self.customer_id.map(|name| name.parse()).transpose();
        Ok((filter, customer.map_err(|error| ApiError::field("customerId", format!("{error}")))?))
    }
}

/// How many are asked for.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    match asked.unwrap_or(MAX_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(ApiError::field("limit", format!("must be 1 to {MAX_LIMIT}"))),
    }
}

/// Stored events, newest time first.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    params(ListQuery),
    responses(
        (status = 200, description = "The events.", body = Vec<IngestedEvent>),
        (status = 400, description = "A parameter is unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_events(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<IngestedEvent>>, ApiError> {
    let (filter, customer) = query.filter()?;
    let events = app.engine.events(filter, customer.as_ref()).await?;
    Ok(Json(events.into_iter().map(wire).collect()))
}

/// The wire form of a listed event.
pub(super) fn wire(event: ListedEvent) -> IngestedEvent {
    let customer = event.customer.map(|id| id.to_string());
    IngestedEvent::new(event.stored, customer, event.validation_errors.into_iter().next())
}
