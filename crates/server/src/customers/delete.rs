//! `DELETE /api/v1/customers/{customer}`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerPath;
use axum::extract::State;
use axum::http::StatusCode;
use usage_api::problem::Problem;

/// Ends a customer; its events and postings stay, its number is never used again.
#[utoipa::path(
    delete,
    path = "/api/v1/customers/{customer}",
    tag = "customers",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_customer(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
) -> Result<StatusCode, ApiError> {
    app.engine.delete_customer(&name, app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
