//! `GET /api/v1/bills/{bill}`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::bill::Bill;
use usage_api::problem::Problem;

/// A bill, open or finalized.
#[utoipa::path(
    get,
    path = "/api/v1/bills/{bill}",
    tag = "bills",
    params(("bill" = String, Path, description = "The bill's number or id. That of an open bill is the customer's id and the month: `01J…-2026-11`.")),
    responses(
        (status = 200, description = "The bill.", body = Bill),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such bill.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_bill_by_id(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<Bill>, ApiError> {
    Ok(Json(app.engine.bill_of_id(&name, app.now()).await?))
}
