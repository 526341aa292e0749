//! `DELETE /api/v1/taxes/{tax}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::extract::State;
use axum::http::StatusCode;
use usage_api::problem::Problem;

/// Ends a tax: open bills have it no more.
#[utoipa::path(
    delete,
    path = "/api/v1/taxes/{tax}",
    tag = "plans",
    params(("tax" = String, Path, description = "The tax's key.")),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such tax.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A customer has it of its own; or others change the tax at the same moment. Nothing was changed.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_tax(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<StatusCode, ApiError> {
    app.engine.delete_tax(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
