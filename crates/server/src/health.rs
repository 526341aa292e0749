//! `GET /healthz`: whether the service lives; `GET /readyz`: whether it can do what it is asked.
//!
//! A service that lives is left running, however far away its database is: started anew it would not be
//! nearer. One that is not ready is sent no requests.

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the store may take to answer: those who ask whether a service is ready do not wait long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers while the service runs, whatever its store does.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "care",
    responses((status = 200, description = "The service runs.", body = Object))
)]
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Answers 200 while the store does: requests may be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "care",
    responses(
        (status = 200, description = "The service is ready; `position` is that of the last acknowledged event.", body = Object),
        (status = 503, description = "The database does not answer within two seconds: send requests elsewhere, or later.", body = usage_api::problem::Problem, content_type = "application/problem+json")
    )
)]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    match tokio::time::timeout(PATIENCE, app.engine.position()).await {
        Ok(position) => Ok(Json(json!({"status": "ready", "position": position?.to_string()}))),
        Err(_) => Err(ApiError::not_ready()),
    }
}
