//! `POST /api/v1/bills/{bill}/verify`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::bill::BillProof;
use usage_api::problem::Problem;

/// Makes a finalized bill again, from the log and from what was agreed then, and compares.
#[utoipa::path(
    post,
    path = "/api/v1/bills/{bill}/verify",
    tag = "bills",
    params(("bill" = String, Path, description = "The bill's number or id.")),
    responses(
        (status = 200, description = "What was found; `agrees` is false where the two differ.", body = BillProof),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No finalized bill is called so.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn verify_bill(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<BillProof>, ApiError> {
    Ok(Json(app.engine.verify_bill(&name).await?))
}
