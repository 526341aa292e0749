//! `GET /api/v1/meters/{meter}/group-by/{name}/values`

use crate::App;
use crate::error::ApiError;
use crate::reading::{Query, period};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use usage_api::problem::Problem;
use usage_domain::time::Timestamp;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimesQuery {
    /// Usage before this moment does not matter, RFC 3339.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Usage at or after this moment does not matter, RFC 3339.
    #[param(format = DateTime)]
    to: Option<String>,
}

/// The moments of a query, where they are given.
pub(super) struct Times {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

impl TimesQuery {
    pub(super) fn read(&self) -> Result<Times, ApiError> {
        let whole = period(("from", "to"), self.from.as_deref(), self.to.as_deref())?;
        Ok(Times { from: self.from.as_ref().map(|_| whole.start), to: self.to.as_ref().map(|_| whole.end) })
    }
}

/// The values that a dimension of a meter has.
#[utoipa::path(
    get,
    path = "/api/v1/meters/{meter}/group-by/{name}/values",
    tag = "meters",
    params(
        ("meter" = String, Path, description = "The meter's id or slug."),
        ("name" = String, Path, description = "The dimension; `subject` is one."),
        TimesQuery,
    ),
    responses(
        (status = 200, description = "The values, sorted.", body = Vec<String>),
        (status = 400, description = "No such dimension, or a parameter that is unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_dimension_values(
    State(app): State<App>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    Query(query): Query<TimesQuery>,
) -> Result<Json<Vec<String>>, ApiError> {
    let Path((meter, name)) = path.map_err(|error| ApiError::invalid(error.body_text()))?;
    let meter = app.engine.meter(&meter).await?;
    let Times { from, to } = query.read()?;
    if name == "subject" {
        return Ok(Json(app.engine.metered_subjects(&meter, from, to).await?));
    }
    let place = meter.draft.dimension(&name);
    let place =
        place.ok_or_else(|| ApiError::field("name", format!("\"{name:.64}\" is no dimension of it")))?;
    Ok(Json(app.engine.dimension_values(&meter, place, from, to).await?))
}
