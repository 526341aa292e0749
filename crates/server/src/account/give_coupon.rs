//! `PUT /api/v1/customers/{customer}/coupons/{coupon}`

use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerItemPath, RawBody, json_text_or_nothing};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::account::Account;
use usage_api::coupon::{CouponGift, read_gift};
use usage_api::problem::Problem;

/// Gives a customer a coupon, as it is now, from the bill of a month on.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{customer}/coupons/{coupon}",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id."), ("coupon" = String, Path, description = "The coupon's key.")),
    request_body = Option<CouponGift>,
    responses(
        (status = 200, description = "The account as it is now.", body = Account),
        (status = 400, description = "Not a month, or not the one from which on the customer has the coupon already.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer or coupon.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the account at the same moment; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn give_coupon(
    State(app): State<App>,
    CustomerItemPath(name, key): CustomerItemPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Account>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    let from = read_gift(json_text_or_nothing(&headers, &body)?)?;
    let from = from.unwrap_or_else(|| app.now().month(&customer.zone));
    Ok(Json(Account::from(&app.engine.give_coupon(customer.id, &key, from).await?)))
}
