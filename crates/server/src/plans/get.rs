//! `GET /api/v1/plans/{plan}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::plan::Plan;
use usage_api::problem::Problem;

/// A plan with all of its versions.
#[utoipa::path(
    get,
    path = "/api/v1/plans/{plan}",
    tag = "plans",
    params(("plan" = String, Path, description = "The plan's key.")),
    responses(
        (status = 200, description = "The plan.", body = Plan),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such plan.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_plan(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<Plan>, ApiError> {
    Ok(Json(Plan::from(&app.engine.plan(&name).await?)))
}
