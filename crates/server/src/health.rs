//! `GET /healthz`: whether the service answers, and how far its log is.

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// Answers while the service works.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "care",
    responses((status = 200, description = "The service works; `position` is that of the last acknowledged event.", body = Object))
)]
pub(crate) async fn healthz(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let position = app.engine.position().await?;
    Ok(Json(json!({"status": "ok", "position": position.to_string()})))
}
