//! `GET /api/v1/customers/{customer}/bill`

use crate::App;
use crate::bills::face::{Format, shown};
use crate::error::ApiError;
use crate::reading::{CustomerPath, Query};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use usage_api::bill::Bill;
use usage_api::problem::Problem;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BillQuery {
    /// The month, such as 2026-11; the current month in the customer's zone where absent.
    #[param(pattern = "^[0-9]{4}-[0-9]{2}$")]
    month: Option<String>,
    /// In which form; by `Accept` where absent.
    #[param(inline)]
    format: Option<Format>,
}

/// What a customer owes for a month, current to the last acknowledged event.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{customer}/bill",
    tag = "bills",
    params(("customer" = String, Path, description = "The customer's key, number or id."), BillQuery),
    responses(
        (status = 200, description = "The bill, in the form of `format`; without it, in the one that `Accept` prefers.", content(
            (Bill = "application/json"),
            (String = "text/html"),
            (String = "text/csv"),
        )),
        (status = 400, description = "Not a month, not a form, or not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_bill(
    State(app): State<App>,
    CustomerPath(customer): CustomerPath,
    Query(query): Query<BillQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let month = query.month.map(|text| text.parse());
    let month = month.transpose().map_err(|error| ApiError::field("month", format!("{error}")))?;
    let bill = app.engine.bill(&customer, month, app.now()).await?;
    shown(&app, &headers, query.format, bill).await
}
