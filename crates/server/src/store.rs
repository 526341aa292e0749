//! `POST /api/v1/store/…`: looking after the store.

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::store::{RebuildReport, VerifyReport};

/// Reads the whole log, checks every byte of it, and compares the totals with a recount.
#[utoipa::path(
    post,
    path = "/api/v1/store/verify",
    tag = "care",
    responses((status = 200, description = "What was found; `ok` is false where something does not agree.", body = VerifyReport))
)]
pub(crate) async fn verify_store(State(app): State<App>) -> Result<Json<VerifyReport>, ApiError> {
    Ok(Json(VerifyReport::from(app.engine.verify().await?)))
}

/// Makes the totals and the duplicate index anew from the log.
#[utoipa::path(
    post,
    path = "/api/v1/store/rebuild",
    tag = "care",
    responses((status = 200, description = "What was made.", body = RebuildReport))
)]
pub(crate) async fn rebuild_store(State(app): State<App>) -> Result<Json<RebuildReport>, ApiError> {
    Ok(Json(RebuildReport::from(app.engine.rebuild().await?)))
}
