//! `GET /api/v1/subjects`

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::subject::Subject;

/// All subjects that are known, by key.
#[utoipa::path(
    get,
    path = "/api/v1/subjects",
    tag = "subjects",
    responses((status = 200, description = "The subjects.", body = Vec<Subject>))
)]
pub(crate) async fn list_subjects(State(app): State<App>) -> Result<Json<Vec<Subject>>, ApiError> {
    Ok(Json(app.engine.subjects().await?.iter().map(Subject::from).collect()))
}
