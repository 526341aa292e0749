//! `POST /api/v1/subjects`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, json_array};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::problem::Problem;
use usage_api::subject::{Subject, SubjectInput};
use usage_domain::subject::{SubjectDraft, SubjectId};

/// Makes what is said of subjects known. What is absent stays as it is, what is null is forgotten.
#[utoipa::path(
    post,
    path = "/api/v1/subjects",
    tag = "subjects",
    request_body = Vec<SubjectInput>,
    responses(
        (status = 200, description = "The subjects as they are now, in the order sent.", body = Vec<Subject>),
        (status = 400, description = "A field is missing or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "As many subjects as can be are known already.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn upsert_subjects(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Vec<Subject>>, ApiError> {
    let inputs: Vec<SubjectInput> = json_array(&headers, &body)?;
    let drafts = inputs.into_iter().map(|input| (SubjectId(app.new_id()), SubjectDraft::from(input)));
    let subjects = app.engine.upsert_subjects(drafts.collect(), app.now()).await?;
    Ok(Json(subjects.iter().map(Subject::from).collect()))
}
