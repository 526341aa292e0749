//! `POST /api/v1/customers/{customer}/credits`

use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerPath, RawBody, json_text, once};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::grant::{Grant, GrantInput, read_input};
use usage_api::problem::Problem;
use usage_api::subscription::Made;
use usage_domain::credit::GrantId;
use usage_engine::billing::GrantDraft;

/// Grants a customer credit, which pays its bills before it does.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{customer}/credits",
    tag = "credits",
    params(
        ("customer" = String, Path, description = "The customer's key, number or id."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[!-~]+$", description = "A text of the sender's own, such as a UUID: the same request under the same key is done once, however often it is sent, and answered with what there is."),
    ),
    request_body = GrantInput,
    responses(
        (status = 201, description = "The new credit; or, under the key of a request before, the one that it made, as it is now.", body = Grant),
        (status = 400, description = "A property is missing, unknown or unusable: an amount that is not above zero, another currency than the one that the customer is billed in.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The `Idempotency-Key` is that of another credit of the customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn grant_credit(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Grant>), ApiError> {
    let customer = app.engine.customer(&name).await?;
    let (id, now) = (GrantId(app.new_id()), app.now());
    let made = Made { id, customer: customer.id, zone: &customer.zone, now };
    let read = read_input(json_text(&headers, &body)?, made, customer.currency)?;
    let draft = GrantDraft {
        name: read.name,
        amount: read.amount,
        priority: read.priority,
        effective_at: Some(read.effective_at),
        expires_at: read.expires_at,
    };
    let once = once(&headers, "", &body)?;
    let grant = app.engine.grant(&customer, id, draft, once.as_ref(), now).await?;
    Ok((StatusCode::CREATED, Json(Grant::from(&grant))))
}
