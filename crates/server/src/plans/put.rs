//! `PUT /api/v1/plans/{plan}`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, RawBody, keyed, same_key};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::plan::Plan;
use usage_api::problem::Problem;
use usage_api::stored;

/// Makes a plan, or changes it to this. Open bills change at once, finalized ones never.
///
/// The `key` may be absent; otherwise it is that of the path.
#[utoipa::path(
    put,
    path = "/api/v1/plans/{plan}",
    tag = "plans",
    params(("plan" = String, Path, description = "The plan's key.")),
    request_body = Plan,
    responses(
        (status = 200, description = "The plan as it is now, its versions in order and numbered.", body = Plan),
        (status = 400, description = "A property is missing, unknown or unusable: tiers out of order, two versions from the same moment, a currency, meter or dimension that there is not.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the plan at the same moment; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_plan(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Plan>, ApiError> {
    let text = keyed(&headers, &body, &name)?;
    let plan = stored::plan(&text)?;
    same_key(&plan.key, &name)?;
    Ok(Json(Plan::from(&app.engine.put_plan(plan).await?)))
}
