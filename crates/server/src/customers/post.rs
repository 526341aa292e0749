//! `POST /api/v1/customers/{customer}/postings`

use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerPath, RawBody, json};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::posting::{PostMonth, Posting};
use usage_api::problem::Problem;
use usage_domain::posting::PostOutcome;
use usage_domain::time::Month;

/// Posts a customer's usage of any month to that month's bill.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{customer}/postings",
    tag = "usage",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    request_body = PostMonth,
    responses(
        (status = 201, description = "Usage that was not yet posted is posted now.", body = Posting),
        (status = 200, description = "Nothing is new since this posting.", body = Posting),
        (status = 400, description = "Not a month.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer, or no usage in that month.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn post_month(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Posting>), ApiError> {
    let asked: PostMonth = json(&headers, &body)?;
    let month: Month = asked.month.parse().map_err(|error| ApiError::field("month", format!("{error}")))?;
    let customer = app.engine.customer(&name).await?;
    match app.engine.post_month(&customer, month, app.now()).await? {
        PostOutcome::Posted(posting) => {
            Ok((StatusCode::CREATED, Json(Posting::new(&posting, customer.number))))
        }
        PostOutcome::NothingNew(posting) => {
            Ok((StatusCode::OK, Json(Posting::new(&posting, customer.number))))
        }
        PostOutcome::NoUsage => {
            Err(ApiError::not_found(format!("{} has no usage in {month}", customer.name)))
        }
    }
}
