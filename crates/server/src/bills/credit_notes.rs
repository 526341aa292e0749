//! `GET /api/v1/customers/{customer}/credit-notes`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerPath;
use axum::Json;
use axum::extract::State;
use usage_api::bill::CreditNote;
use usage_api::problem::Problem;

/// A customer's credit notes, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{customer}/credit-notes",
    tag = "bills",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    responses(
        (status = 200, description = "The credit notes.", body = Vec<CreditNote>),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_credit_notes(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
) -> Result<Json<Vec<CreditNote>>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    Ok(Json(app.engine.credit_notes(customer.id).await?))
}
