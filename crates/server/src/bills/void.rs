//! `POST /api/v1/bills/{bill}/void`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::bill::Bill;
use usage_api::problem::Problem;

/// Voids a bill: its month is open again, and what credits paid of it comes back. Its number stays its own. Doing it again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/bills/{bill}/void",
    tag = "bills",
    params(("bill" = String, Path, description = "The bill's number or id.")),
    responses(
        (status = 200, description = "The bill as it is now.", body = Bill),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No finalized bill is called so.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The bill was paid, or credit that it became was drawn on; or others change it at the same moment.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn void_bill(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<Bill>, ApiError> {
    Ok(Json(app.engine.void_bill(&name, app.now()).await?))
}
