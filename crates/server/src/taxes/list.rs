//! `GET /api/v1/taxes`

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::tax::Tax;

/// All taxes, by key.
#[utoipa::path(
    get,
    path = "/api/v1/taxes",
    tag = "plans",
    responses(
        (status = 200, description = "The taxes.", body = Vec<Tax>),
    )
)]
pub(crate) async fn list_taxes(State(app): State<App>) -> Result<Json<Vec<Tax>>, ApiError> {
    Ok(Json(app.engine.taxes().await?.iter().map(Tax::from).collect()))
}
