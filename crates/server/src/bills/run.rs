//! `POST /api/v1/bill-runs`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, json, month};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;
use usage_api::bill::{BillRunPage, BillRunRequest};
use usage_api::problem::Problem;
use usage_domain::customer::MAX_NUMBER;
use usage_engine::billing::{Ids, RunOptions};

/// Finalizes a month of a page of customers, by number. Doing it again changes nothing: who is billed already is left alone.
///
/// The next page has `offset` increased by the customers that were looked at.
#[utoipa::path(
    post,
    path = "/api/v1/bill-runs",
    tag = "bills",
    request_body = BillRunRequest,
    responses(
        (status = 200, description = "What became of these customers.", body = BillRunPage),
        (status = 400, description = "A field is missing, unknown or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The month is not over for any customer, or its grace period is not, and that is not forced.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn run_bills(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<BillRunPage>, ApiError> {
    let asked: BillRunRequest = json(&headers, &body)?;
    let limit = asked.limit.unwrap_or(1000);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to 1000, not {limit}")));
    }
    if asked.offset > MAX_NUMBER {
        return Err(ApiError::field("offset", format!("must be 0 to {MAX_NUMBER}, not {}", asked.offset)));
    }
    let month = month("month", &asked.month)?;
    let options = RunOptions { month, offset: asked.offset, limit, force: asked.force };
    let (ids, now) = (app.clone(), app.now());
    let ids: Ids = Arc::new(move || ids.new_id());
    Ok(Json(app.engine.bill_run(options, now, &ids).await?))
}
