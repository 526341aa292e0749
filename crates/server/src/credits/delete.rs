//! `DELETE /api/v1/customers/{customer}/credits/{grant}`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerItemPath;
use axum::Json;
use axum::extract::State;
use usage_api::grant::Grant;
use usage_api::problem::Problem;

/// Takes back what is left of a credit; what bills have drawn on it stays drawn.
#[utoipa::path(
    delete,
    path = "/api/v1/customers/{customer}/credits/{grant}",
    tag = "credits",
    params(("customer" = String, Path, description = "The customer's key, number or id."), ("grant" = String, Path, description = "The credit's id.")),
    responses(
        (status = 200, description = "The credit as it is now: nothing is left of it.", body = Grant),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer or credit.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the credit at the same moment; nothing was changed, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take_back_credit(
    State(app): State<App>,
    CustomerItemPath(name, id): CustomerItemPath,
) -> Result<Json<Grant>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    let id = id.parse().map_err(|_| ApiError::not_found(format!("there is no grant {id:?}")))?;
    Ok(Json(Grant::from(&app.engine.void_grant(customer.id, id, app.now()).await?)))
}
