//! `POST /api/v1/meters/preview`

use crate::error::ApiError;
use crate::reading::{RawBody, json};
use axum::Json;
use axum::http::HeaderMap;
use usage_api::meter::preview::{MeterPreview, MeterPreviewRequest, MeterPreviewResult};
use usage_api::problem::Problem;
use usage_domain::meter::query::QueryError;
use usage_engine::{Engine, EngineError};
use usage_store::StoreError;

/// What a meter would make of the events of the request. Nothing is stored.
#[utoipa::path(
    post,
    path = "/api/v1/meters/preview",
    tag = "meters",
    request_body = MeterPreviewRequest,
    responses(
        (status = 200, description = "The aggregate, or one for each group.", body = MeterPreviewResult),
        (status = 400, description = "A field is missing, unknown or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn preview_meter(
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<MeterPreviewResult>, ApiError> {
    let request: MeterPreviewRequest = json(&headers, &body)?;
    let preview = MeterPreview::try_from(request).map_err(EngineError::from)?;
    let rows = Engine::preview(&preview.meter, &preview.query, &preview.events).map_err(StoreError::Query)?;
    let answer = preview.answer(&rows).map_err(|error| StoreError::Query(QueryError::Sum(error)))?;
    Ok(Json(answer))
}
