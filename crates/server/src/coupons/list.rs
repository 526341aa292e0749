//! `GET /api/v1/coupons`

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::coupon::Coupon;

/// All coupons, by key.
#[utoipa::path(
    get,
    path = "/api/v1/coupons",
    tag = "plans",
    responses(
        (status = 200, description = "The coupons.", body = Vec<Coupon>),
    )
)]
pub(crate) async fn list_coupons(State(app): State<App>) -> Result<Json<Vec<Coupon>>, ApiError> {
    Ok(Json(app.engine.coupons().await?.iter().map(Coupon::from).collect()))
}
