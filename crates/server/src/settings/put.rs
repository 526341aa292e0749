//! `PUT /api/v1/settings/billing`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, json};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::problem::Problem;
use usage_api::settings::Settings;

/// Changes how bills are made out from now on. What is absent is as it is at first.
#[utoipa::path(
    put,
    path = "/api/v1/settings/billing",
    tag = "plans",
    request_body = Settings,
    responses(
        (status = 200, description = "The settings as they are now.", body = Settings),
        (status = 400, description = "A field is unknown or out of its limits.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the settings at the same moment; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_settings(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Settings>, ApiError> {
    let settings: Settings = json(&headers, &body)?;
    app.engine.set_settings(&settings).await?;
    Ok(Json(settings))
}
