//! `GET /api/v1/usage/unpaid`: usage that no customer pays for.

use crate::App;
use crate::error::ApiError;
use crate::reading::Query;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::problem::Problem;
use usage_api::store::Unpaid;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UnpaidQuery {
    /// At most so many subjects are named: 100 where absent, 1000 at most. The others are counted.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

/// Says which subjects have usage at times when no customer pays for it: charges, and what meters count.
#[utoipa::path(
    get,
    path = "/api/v1/usage/unpaid",
    tag = "usage",
    params(UnpaidQuery),
    responses(
        (status = 200, description = "The first subjects by name, and how many more there are.", body = Unpaid),
        (status = 400, description = "Not a number.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_unpaid(
    State(app): State<App>,
    Query(query): Query<UnpaidQuery>,
) -> Result<Json<Unpaid>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to 1000, not {limit}")));
    }
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Json(app.engine.unpaid(most).await?.into()))
}
