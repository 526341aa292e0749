//! `GET /api/v1/customers/{customer}/account`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerPath;
use axum::Json;
use axum::extract::State;
use usage_api::account::Account;
use usage_api::problem::Problem;

/// What is agreed with a customer besides its plans: taxes of its own, and coupons.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{customer}/account",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    responses(
        (status = 200, description = "The account.", body = Account),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_account(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
) -> Result<Json<Account>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    Ok(Json(Account::from(&app.engine.account(customer.id).await?)))
}
