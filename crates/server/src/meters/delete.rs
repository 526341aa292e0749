//! `DELETE /api/v1/meters/{meter}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::extract::State;
use axum::http::StatusCode;
use usage_api::problem::Problem;

/// Ends a meter; the events that it measured stay, and its slug is free again.
#[utoipa::path(
    delete,
    path = "/api/v1/meters/{meter}",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id or slug.")),
    responses(
        (status = 204, description = "Done."),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A plan has items of this meter, in any of its versions.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_meter(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<StatusCode, ApiError> {
    let meter = app.engine.meter(&name).await?;
    app.engine.delete_meter(meter.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
