//! `GET /api/v1/settings/billing`

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::settings::Settings;

/// How bills are made out.
#[utoipa::path(
    get,
    path = "/api/v1/settings/billing",
    tag = "plans",
    responses(
        (status = 200, description = "The settings.", body = Settings),
    )
)]
pub(crate) async fn get_settings(State(app): State<App>) -> Result<Json<Settings>, ApiError> {
    Ok(Json(app.engine.settings().await?))
}
