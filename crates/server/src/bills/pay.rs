//! `POST /api/v1/bills/{bill}/pay`

use crate::App;
use crate::error::ApiError;
use crate::reading::NamePath;
use axum::Json;
use axum::extract::State;
use usage_api::bill::Bill;
use usage_api::problem::Problem;

/// Says that a bill was paid. Doing it again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/bills/{bill}/pay",
    tag = "bills",
    params(("bill" = String, Path, description = "The bill's number or id.")),
    responses(
        (status = 200, description = "The bill as it is now.", body = Bill),
        (status = 400, description = "Not a name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No finalized bill is called so.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The bill is void; or others change it at the same moment.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pay_bill(
    State(app): State<App>,
    NamePath(name): NamePath,
) -> Result<Json<Bill>, ApiError> {
    Ok(Json(app.engine.pay_bill(&name, app.now()).await?))
}
