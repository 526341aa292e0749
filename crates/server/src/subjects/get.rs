//! `GET /api/v1/subjects/{subject}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::problem::Problem;
use usage_api::subject::Subject;

/// What is known about a subject.
#[utoipa::path(
    get,
    path = "/api/v1/subjects/{subject}",
    tag = "subjects",
    params(("subject" = String, Path, description = "The subject's key or id.")),
    responses(
        (status = 200, description = "The subject.", body = Subject),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such subject.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_subject(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<Subject>, ApiError> {
    Ok(Json(Subject::from(&app.engine.subject(&name).await?)))
}
