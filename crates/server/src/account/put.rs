//! `PUT /api/v1/customers/{customer}/account`

use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerPath, RawBody, json_text};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::account::{Account, AccountInput, read_input};
use usage_api::problem::Problem;

/// Gives a customer taxes of its own, or none; without any named, the default ones again. Its coupons stay.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{customer}/account",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    request_body = AccountInput,
    responses(
        (status = 200, description = "The account as it is now.", body = Account),
        (status = 400, description = "A field is unknown or unusable: a tax that stands twice, or is not there.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the account at the same moment; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_account(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Account>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    let taxes = read_input(json_text(&headers, &body)?)?;
    Ok(Json(Account::from(&app.engine.set_taxes(customer.id, taxes).await?)))
}
