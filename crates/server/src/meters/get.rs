//! `GET /api/v1/meters/{meter}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::meter::Meter;
use usage_api::problem::Problem;

/// One meter.
#[utoipa::path(
    get,
    path = "/api/v1/meters/{meter}",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id or slug.")),
    responses(
        (status = 200, description = "The meter.", body = Meter),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_meter(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<Meter>, ApiError> {
    Ok(Json(Meter::from(&app.engine.meter(&name).await?)))
}
