//! `POST /api/v1/customers`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, json};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::customer::{Customer, CustomerInput};
use usage_api::problem::Problem;
use usage_domain::customer::{CustomerDraft, CustomerId};

/// Makes a customer.
#[utoipa::path(
    post,
    path = "/api/v1/customers",
    tag = "customers",
    request_body = CustomerInput,
    responses(
        (status = 201, description = "The new customer.", body = Customer),
        (status = 400, description = "A field is missing or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The number, the key or a subject is taken.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_customer(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Customer>), ApiError> {
    let draft = draft(&headers, &body)?;
    let customer = app.engine.create_customer(CustomerId(app.new_id()), draft, app.now()).await?;
    Ok((StatusCode::CREATED, Json(Customer::from(&customer))))
}

/// Reads a customer from a body.
pub(super) fn draft(headers: &HeaderMap, body: &[u8]) -> Result<CustomerDraft, ApiError> {
    let input: CustomerInput = json(headers, body)?;
    CustomerDraft::try_from(input).map_err(|error| ApiError::field(error.field(), error.reason()))
}
