//! `GET /api/v1/bills/{bill}/explain`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, Query};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::bill::Explanation;
use usage_api::problem::Problem;
use usage_domain::customer::CustomerRef;
use usage_engine::billing::open_id;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainQuery {
    /// The key of the line, or what it says.
    line: String,
    /// At most so many events, the oldest: 100 where absent, 10000 at most.
    #[param(minimum = 0, maximum = 10000)]
    limit: Option<usize>,
}

/// How a line of a bill came about: the events behind it, what they come to, and how that became an amount.
#[utoipa::path(
    get,
    path = "/api/v1/bills/{bill}/explain",
    tag = "bills",
    params(("bill" = String, Path, description = "The bill's number or id. That of an open bill is the customer's id and the month: `01J…-2026-11`."), ExplainQuery),
    responses(
        (status = 200, description = "The line, its steps and its events.", body = Explanation),
        (status = 400, description = "No line is named, or not a limit.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such bill or line.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn explain_bill(
    State(app): State<App>,
    NamePath(name): NamePath,
    Query(query): Query<ExplainQuery>,
) -> Result<Json<Explanation>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    if limit > 10_000 {
        return Err(ApiError::field("limit", format!("must be 0 to 10000, not {limit}")));
    }
    let explanation = match open_id(&name) {
        Some((customer, month)) => {
            let customer = CustomerRef::Id(customer);
            app.engine.explain(&customer, Some(month), &query.line, limit, app.now()).await?
        }
        None => app.engine.explain_finalized(&name, &query.line, limit).await?,
    };
    Ok(Json(explanation))
}
