//! `GET /api/v1/usage/unpaid`: usage that no customer pays for.

use crate::App;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use usage_api::store::UnpaidSubject;

/// Lists the subjects with charges at times when no customer pays for them.
#[utoipa::path(
    get,
    path = "/api/v1/usage/unpaid",
    tag = "usage",
    responses((status = 200, description = "The subjects, by name.", body = Vec<UnpaidSubject>))
)]
pub(crate) async fn list_unpaid(State(app): State<App>) -> Result<Json<Vec<UnpaidSubject>>, ApiError> {
    let unpaid = app.engine.unpaid().await?;
    Ok(Json(unpaid.into_iter().map(UnpaidSubject::from).collect()))
}
