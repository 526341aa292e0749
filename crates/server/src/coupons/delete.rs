//! `DELETE /api/v1/coupons/{coupon}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::extract::State;
use axum::http::StatusCode;
use usage_api::problem::Problem;

/// Ends a coupon: nobody is given it any more. Customers keep what they were given.
#[utoipa::path(
    delete,
    path = "/api/v1/coupons/{coupon}",
    tag = "plans",
    params(("coupon" = String, Path, description = "The coupon's key.")),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such coupon.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the coupon at the same moment; nothing was changed, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_coupon(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<StatusCode, ApiError> {
    app.engine.delete_coupon(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
