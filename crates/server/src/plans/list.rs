//! `GET /api/v1/plans`

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::plan::Plan;

/// All plans, by key.
#[utoipa::path(
    get,
    path = "/api/v1/plans",
    tag = "plans",
    responses(
        (status = 200, description = "The plans.", body = Vec<Plan>),
    )
)]
pub(crate) async fn list_plans(State(app): State<App>) -> Result<Json<Vec<Plan>>, ApiError> {
    Ok(Json(app.engine.plans().await?.iter().map(Plan::from).collect()))
}
