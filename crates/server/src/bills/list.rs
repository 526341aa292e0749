//! `GET /api/v1/bills`

use crate::App;
use crate::error::ApiError;
use crate::reading::{Query, month};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::bill::BillPage;
use usage_api::problem::Problem;
use usage_engine::billing::BillFilter;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only bills of this customer: a key, number or id.
    customer: Option<String>,
    /// Only bills of this month, such as 2026-11.
    #[param(pattern = "^[0-9]{4}-[0-9]{2}$")]
    month: Option<String>,
    /// Only bills after this one: the `next` of the page before.
    after: Option<String>,
    /// At most so many bills are looked at: 100 where absent, 1000 at most. Of those, a page has the bills of
    /// the month.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

/// Finalized bills by id: those made later come after those made before, to the millisecond.
#[utoipa::path(
    get,
    path = "/api/v1/bills",
    tag = "bills",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of bills.", body = BillPage),
        (status = 400, description = "Not a month, a customer or a number.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_bills(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<BillPage>, ApiError> {
    let limit = query.limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to 1000, not {limit}")));
    }
    let month = query.month.as_deref().map(|text| month("month", text)).transpose()?;
    let customer = match query.customer {
        None => None,
        Some(name) => {
            let name = name.parse().map_err(|error| ApiError::field("customer", format!("{error}")))?;
            Some(app.engine.customer(&name).await?.id)
        }
    };
    let month = month.map(|month| month.to_string());
    let filter = BillFilter { customer, month, after: query.after, limit };
    Ok(Json(app.engine.finalized_bills(&filter).await?))
}
