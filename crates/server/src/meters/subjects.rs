//! `GET /api/v1/meters/{meter}/subjects`

use super::values::{Times, TimesQuery};
use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, Query};
use axum::Json;
use axum::extract::State;
use usage_api::problem::Problem;

/// The subjects that a meter has usage of.
#[utoipa::path(
    get,
    path = "/api/v1/meters/{meter}/subjects",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id or slug."), TimesQuery),
    responses(
        (status = 200, description = "The subjects, sorted.", body = Vec<String>),
        (status = 400, description = "A parameter is unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_metered_subjects(
    State(app): State<App>,
    NamePath(name): NamePath,
    Query(query): Query<TimesQuery>,
) -> Result<Json<Vec<String>>, ApiError> {
    let meter = app.engine.meter(&name).await?;
    let Times { from, to } = query.read()?;
    Ok(Json(app.engine.metered_subjects(&meter, from, to).await?))
}
