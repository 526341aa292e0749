//! `PUT /api/v1/coupons/{coupon}`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, RawBody, keyed, same_key};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::coupon::Coupon;
use usage_api::problem::Problem;
use usage_api::stored;

/// Makes a coupon, or changes it to this. Customers keep what they were given as it was.
///
/// The `key` may be absent; otherwise it is that of the path.
#[utoipa::path(
    put,
    path = "/api/v1/coupons/{coupon}",
    tag = "plans",
    params(("coupon" = String, Path, description = "The coupon's key.")),
    request_body = Coupon,
    responses(
        (status = 200, description = "The coupon as it is now.", body = Coupon),
        (status = 400, description = "A property is missing, unknown or unusable: both a percentage and an amount, or neither.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the coupon at the same moment; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_coupon(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Coupon>, ApiError> {
    let text = keyed(&headers, &body, &name)?;
    let coupon = stored::coupon(&text)?;
    same_key(&coupon.key, &name)?;
    app.engine.put_coupon(&coupon).await?;
    Ok(Json(Coupon::from(&coupon)))
}
