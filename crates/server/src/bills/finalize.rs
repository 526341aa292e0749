//! `POST /api/v1/bills/{bill}/finalize`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, RawBody, json_or_default};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::bill::{FinalizeRequest, Finalized};
use usage_api::problem::Problem;
use usage_domain::customer::CustomerRef;
use usage_engine::EngineError;
use usage_engine::billing::{FinalizeOptions, open_id};

/// Finalizes a customer's month: its bill gets a number, and is never changed again.
///
/// Usage that comes later is on the bill of the next month.
#[utoipa::path(
    post,
    path = "/api/v1/bills/{bill}/finalize",
    tag = "bills",
    params(("bill" = String, Path, description = "The id of the open bill: the customer's id and the month, such as `01J…-2026-11`.")),
    request_body = Option<FinalizeRequest>,
    responses(
        (status = 201, description = "The bill, and credit notes for earlier ones.", body = Finalized),
        (status = 400, description = "A field is unknown or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such open bill.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The month is not over, or its grace period is not, and that is not forced; it has not begun; it is finalized already; nothing is to be billed, or was when a later month was finalized.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Others change the same records all the time; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn finalize_bill(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Finalized>), ApiError> {
    let asked: FinalizeRequest = json_or_default(&headers, &body)?;
    let Some((customer, month)) = open_id(&name) else {
        return Err(not_open(&app, &name).await);
    };
    let options = FinalizeOptions { force: asked.force };
    let done =
        app.engine.finalize(&CustomerRef::Id(customer), month, options, app.now(), &|| app.new_id()).await?;
    Ok((StatusCode::CREATED, Json(done)))
}

/// Why what is no open bill's id cannot be finalized.
async fn not_open(app: &App, name: &str) -> ApiError {
    match app.engine.finalized_bill(name).await {
        Ok(bill) => {
            let (number, what) = (bill.number.unwrap_or_default(), format!("is {} already", bill.status));
            EngineError::BillStatus { number, what }.into()
        }
        Err(EngineError::Missing { .. }) => ApiError::not_found(format!(
            "there is no open bill {name:?}; its id is the customer's id and the month, such as \
             01ARZ3NDEKTSV4RRFFQ69G5FAV-2026-11"
        )),
        Err(error) => error.into(),
    }
}
