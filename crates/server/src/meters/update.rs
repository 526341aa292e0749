//! `PUT /api/v1/meters/{meter}`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, RawBody, json};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::meter::{Meter, MeterUpdate};
use usage_api::problem::Problem;
use usage_engine::EngineError;

/// Changes what people read of a meter, and its dimensions; those apply to all of its usage.
#[utoipa::path(
    put,
    path = "/api/v1/meters/{meter}",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id or slug.")),
    request_body = MeterUpdate,
    responses(
        (status = 200, description = "The meter as it is now.", body = Meter),
        (status = 400, description = "A field is unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Something that never changes would change, or a plan names a dimension that would go.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_meter(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Meter>, ApiError> {
    let update: MeterUpdate = json(&headers, &body)?;
    let meter = app.engine.meter(&name).await?;
    let draft = update.applied_to(&meter).map_err(EngineError::from)?;
    Ok(Json(Meter::from(&app.engine.update_meter(meter.id, draft, app.now()).await?)))
}
