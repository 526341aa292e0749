//! `DELETE /api/v1/customers/{customer}/coupons/{coupon}`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerItemPath;
use axum::extract::State;
use axum::http::StatusCode;
use usage_api::problem::Problem;

/// Takes a coupon from a customer: open bills have it no more.
#[utoipa::path(
    delete,
    path = "/api/v1/customers/{customer}/coupons/{coupon}",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id."), ("coupon" = String, Path, description = "The coupon's key.")),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer, or it does not have the coupon.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the account at the same moment; nothing was changed, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take_coupon(
    State(app): State<App>,
    CustomerItemPath(name, key): CustomerItemPath,
) -> Result<StatusCode, ApiError> {
    let customer = app.engine.customer(&name).await?;
    app.engine.take_coupon(customer.id, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
