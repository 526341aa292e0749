//! `GET /api/v1/customers`

use crate::App;
use crate::error::ApiError;
use crate::reading::Query;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::customer::{Customer, CustomerPage};
use usage_api::problem::Problem;
use usage_domain::customer::MAX_NUMBER;
use usage_engine::CustomerFilter;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListQuery {
    /// Which page: 1 for the first.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    page: Option<u64>,
    /// How many a page has: 100 where absent, 1000 at most.
    #[param(minimum = 1, maximum = 1000)]
    page_size: Option<u64>,
    /// Only the customer of this key.
    key: Option<String>,
    /// Only customers of which the name contains this text, in large or small letters.
    name: Option<String>,
    /// Only the customer that pays for this subject now.
    subject: Option<String>,
}

/// Customers by number.
#[utoipa::path(
    get,
    path = "/api/v1/customers",
    tag = "customers",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of customers.", body = CustomerPage),
        (status = 400, description = "Not a page, or an unknown parameter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_customers(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CustomerPage>, ApiError> {
    let (page, page_size) = (query.page.unwrap_or(1), query.page_size.unwrap_or(100));
    if !(1..=MAX_NUMBER).contains(&page) {
        return Err(ApiError::field("page", format!("must be 1 to {MAX_NUMBER}")));
    }
    if !(1..=1000).contains(&page_size) {
        return Err(ApiError::field("pageSize", "must be 1 to 1000"));
    }
    let offset = (page - 1).saturating_mul(page_size);
    let filter = CustomerFilter { key: query.key, name: query.name, subject: query.subject };
    let (customers, total_count) = app.engine.customers_like(&filter, offset, page_size).await?;
    let items = customers.iter().map(Customer::from).collect();
    Ok(Json(CustomerPage { items, page, page_size, total_count }))
}
