//! `DELETE /api/v1/subjects/{subject}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::extract::State;
use axum::http::StatusCode;
use usage_api::problem::Problem;

/// Forgets a subject; its usage stays.
#[utoipa::path(
    delete,
    path = "/api/v1/subjects/{subject}",
    tag = "subjects",
    params(("subject" = String, Path, description = "The subject's key or id.")),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such subject.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_subject(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<StatusCode, ApiError> {
    app.engine.delete_subject(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
