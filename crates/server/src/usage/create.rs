//! `POST /api/v1/usage/create/`: the first contract.

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, media_type, text};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use usage_api::posting::{CreateUsage, Message, Posting};
use usage_api::problem::Problem;
use usage_domain::customer::{CustomerRef, MAX_NUMBER};
use usage_domain::posting::PostOutcome;
use usage_engine::EngineError;
use usage_json::Value;
use usage_store::StoreError;

/// Posts a customer's usage of the current month to that month's bill.
#[utoipa::path(
    post,
    path = "/api/v1/usage/create/",
    tag = "usage",
    request_body(content(
        (CreateUsage = "application/json"),
        (CreateUsage = "application/x-www-form-urlencoded", example = "customer=456"),
    )),
    responses(
        (
            status = 201, description = "Usage that was not yet posted is posted now.", body = Posting,
            example = json!({"id": 1, "month": 8, "year": 2023,
                "accumulated_price": "16.61", "price_in_dollars": "$16.61", "customer": 456}),
        ),
        (
            status = 409, description = "Nothing is new since the last posting.", body = Message,
            example = json!({"message": "Entry has already been processed for customer Bob.",
                "data": {"total_price": "$16.61"}}),
        ),
        (
            status = 404, description = "No usage and no bill this month, or no such customer.", body = Message,
            example = json!({"message": "No accumulated usage record or usage records found for customer Alice."}),
        ),
        (status = 400, description = "The customer is missing or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is neither JSON nor a form.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot write; nothing was posted, try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_usage(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, ApiError> {
    let number = match &*media_type(&headers) {
        "application/x-www-form-urlencoded" => form_customer(text(&body)?)?,
        "application/json" | "" => json_customer(text(&body)?)?,
        _ => return Err(ApiError::unsupported("application/json or application/x-www-form-urlencoded")),
    };
    let posted = match app.engine.post(&CustomerRef::Number(number), app.now()).await {
        // The second is one that ended while its usage was being rated.
        Err(EngineError::NoCustomer(_) | EngineError::Store(StoreError::NoCustomer)) => {
            return Ok((StatusCode::NOT_FOUND, Json(Message::no_customer())).into_response());
        }
        other => other?,
    };
    let name = &posted.customer.name;
    Ok(match &posted.outcome {
        PostOutcome::Posted(posting) => {
            (StatusCode::CREATED, Json(Posting::new(posting, number))).into_response()
        }
        PostOutcome::NothingNew(posting) => {
            (StatusCode::CONFLICT, Json(Message::already_processed(name, posting))).into_response()
        }
        PostOutcome::NoUsage => (StatusCode::NOT_FOUND, Json(Message::no_usage(name))).into_response(),
    })
}

fn json_customer(body: &str) -> Result<u64, ApiError> {
    let object = usage_json::object(body).map_err(|error| ApiError::invalid(format!("the body: {error}")))?;
    match object.get("customer").map_err(|error| ApiError::field("customer", error.to_string()))? {
        None => Err(ApiError::field("customer", "is missing")),
        Some(Value::Number(digits)) => customer_number(digits),
        Some(Value::Text(digits)) => customer_number(&digits),
        Some(Value::Null) => Err(ApiError::field("customer", "must not be null")),
        Some(_) => Err(ApiError::field("customer", "must be a customer's number")),
    }
}

fn form_customer(body: &str) -> Result<u64, ApiError> {
    // A number needs no escapes, so that what has any is not one.
    let mut fields = body.split('&').filter_map(|pair| pair.strip_prefix("customer="));
    let field = fields.next().ok_or_else(|| ApiError::field("customer", "is missing"))?;
    match fields.next() {
        None => customer_number(field),
        Some(_) => Err(ApiError::field("customer", "stands twice")),
    }
}

fn customer_number(digits: &str) -> Result<u64, ApiError> {
    if digits.is_empty() {
        return Err(ApiError::field("customer", "must not be empty"));
    }
    let number = digits
        .parse()
        .ok()
        .filter(|n| (1..=MAX_NUMBER).contains(n) && digits.bytes().all(|b| b.is_ascii_digit()));
    number.ok_or_else(|| {
        let shown: String = digits.chars().take(40).collect();
        ApiError::field("customer", format!("must be a customer's number, 1 to {MAX_NUMBER}, not {shown:?}"))
    })
}
