//! `GET /api/v1/catalog`

use crate::App;
use crate::error::ApiError;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use usage_api::catalog::text;

/// Everything that was set up, as one document: meters, taxes, coupons, plans and customers.
///
/// Its form is that of docs/catalog.schema.json; sent to another service, it sets up the same there.
#[utoipa::path(
    get,
    path = "/api/v1/catalog",
    tag = "catalog",
    responses((status = 200, description = "The catalog.", body = Object))
)]
pub(crate) async fn get_catalog(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    let catalog = app.engine.catalog().await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text(&catalog)))
}
