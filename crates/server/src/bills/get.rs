//! `GET /api/v1/bills/{bill}`

use super::face::{Format, shown};
use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, Query};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use usage_api::bill::Bill;
use usage_api::problem::Problem;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatQuery {
    /// In which form; by `Accept` where absent.
    #[param(inline)]
    format: Option<Format>,
}

/// A bill, open or finalized.
#[utoipa::path(
    get,
    path = "/api/v1/bills/{bill}",
    tag = "bills",
    params(("bill" = String, Path, description = "The bill's number or id. That of an open bill is the customer's id and the month: `01J…-2026-11`."), FormatQuery),
    responses(
        (status = 200, description = "The bill, in the form of `format`; without it, in the one that `Accept` prefers.", content(
            (Bill = "application/json"),
            (String = "text/html"),
            (String = "text/csv"),
        )),
        (status = 400, description = "Not a name, or not a form.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such bill.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_bill_by_id(
    State(app): State<App>,
    NamePath(name): NamePath,
    Query(query): Query<FormatQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let bill = app.engine.bill_of_id(&name, app.now()).await?;
    shown(&app, &headers, query.format, bill).await
}
