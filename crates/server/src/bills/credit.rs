//! `POST /api/v1/bills/{bill}/credit-notes`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, RawBody, json, once};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::bill::{CreditNote, CreditNoteInput};
use usage_api::problem::Problem;
use usage_domain::credit::GrantId;
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_engine::EngineError;

/// Makes a credit note: less is owed for a bill. It becomes credit that later bills draw on.
#[utoipa::path(
    post,
    path = "/api/v1/bills/{bill}/credit-notes",
    tag = "bills",
    params(
        ("bill" = String, Path, description = "The bill's number or id."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$", description = "A text of the sender's own, such as a UUID: the same request under the same key is done once, however often it is sent, and answered with what there is."),
    ),
    request_body = CreditNoteInput,
    responses(
        (status = 201, description = "The credit note; or, under the key of a request before, the one that it made.", body = CreditNote),
        (status = 400, description = "A field is missing, unknown or unusable: an amount that is not above zero, or more than was owed.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No finalized bill is called so.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The bill is void; or others make a credit note at the same moment: nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The `Idempotency-Key` is that of another credit note of the customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_credit_note(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<CreditNote>), ApiError> {
    let asked: CreditNoteInput = json(&headers, &body)?;
    let amount: Decimal = asked.amount.parse().map_err(|error| {
        ApiError::field(
            "amount",
            format!("must be a decimal such as \"12.50\"; {:?} is not: {error}", asked.amount),
        )
    })?;
    let bill = app.engine.finalized_bill(&name).await?;
    let currency = bill.currency.parse().map_err(|error| EngineError::Broken {
        what: "bill".to_string(),
        name: name.clone(),
        reason: format!("{error}"),
    })?;
    let amount = Money { amount, currency };
    let ids = (app.new_id().to_string(), GrantId(app.new_id()));
    let once = once(&headers, bill.id.as_deref().unwrap_or_default(), &body)?;
    let note =
        app.engine.make_credit_note(&name, ids, amount, asked.reason, once.as_ref(), app.now()).await?;
    Ok((StatusCode::CREATED, Json(note)))
}
