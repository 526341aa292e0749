//! `GET /api/v1/customers/{customer}/credits`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerPath;
use axum::Json;
use axum::extract::State;
use usage_api::grant::Grant;
use usage_api::problem::Problem;

/// A customer's credits with everything that happened to them, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{customer}/credits",
    tag = "credits",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    responses(
        (status = 200, description = "The credits, also those that are used up.", body = Vec<Grant>),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_credits(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
) -> Result<Json<Vec<Grant>>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    Ok(Json(app.engine.grants(customer.id).await?.iter().map(Grant::from).collect()))
}
