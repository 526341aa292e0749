//! `POST /api/v1/meters`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, json};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::meter::{Meter, MeterInput};
use usage_api::problem::Problem;
use usage_domain::meter::{MeterDraft, MeterId};
use usage_engine::EngineError;

/// Makes a meter. It covers the events that are stored already, from `eventFrom` on.
#[utoipa::path(
    post,
    path = "/api/v1/meters",
    tag = "meters",
    request_body = MeterInput,
    responses(
        (status = 201, description = "The new meter.", body = Meter),
        (status = 400, description = "A field is missing or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The slug is taken.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_meter(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Meter>), ApiError> {
    let input: MeterInput = json(&headers, &body)?;
    let draft = MeterDraft::try_from(input).map_err(EngineError::from)?;
    let meter = app.engine.create_meter(MeterId(app.new_id()), draft, app.now()).await?;
    Ok((StatusCode::CREATED, Json(Meter::from(&meter))))
}
