//! `PUT /api/v1/customers/{customer}`

use super::create::draft;
use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerPath, RawBody};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::customer::{Customer, CustomerInput};
use usage_api::problem::Problem;

/// Changes a customer to what the body says; subjects that it no longer names are nobody's from now on.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{customer}",
    tag = "customers",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    request_body = CustomerInput,
    responses(
        (status = 200, description = "The customer as it is now.", body = Customer),
        (status = 400, description = "A field is missing or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key or a subject is taken, or bills, plans, credits or coupons of the customer keep its time zone or currency.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_customer(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Customer>, ApiError> {
    let draft = draft(&headers, &body)?;
    let customer = app.engine.update_customer(&name, draft, app.now()).await?;
    Ok(Json(Customer::from(&customer)))
}
