//! `GET /api/v1/customers/{customer}`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerPath;
use axum::Json;
use axum::extract::State;
use usage_api::customer::Customer;
use usage_api::problem::Problem;

/// One customer.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{customer}",
    tag = "customers",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    responses(
        (status = 200, description = "The customer.", body = Customer),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_customer(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
) -> Result<Json<Customer>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    Ok(Json(Customer::from(&customer)))
}
