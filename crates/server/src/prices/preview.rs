//! `POST /api/v1/prices/preview`

use crate::error::ApiError;
use crate::reading::{RawBody, media_type, text};
use axum::Json;
use axum::http::HeaderMap;
use usage_api::price::{Preview, PreviewRequest, read_preview};
use usage_api::problem::{FieldError, Problem};

/// Tries a price on usage, and stores nothing.
///
/// The usage is that of a whole period. In this order: unit conversion, usage discount, price,
/// percentage discount, maximum, minimum, credits, one rounding.
#[utoipa::path(
    post,
    path = "/api/v1/prices/preview",
    tag = "prices",
    request_body = PreviewRequest,
    responses(
        (
            status = 200, description = "What the usage costs, and for what.", body = Preview,
            example = json!({
                "currency": "USD", "amount": "56.3831415", "rounded": "56.38",
                "gross_amount": "62.647935", "discount_amount": "6.2647935",
                "lines": [
                    {"category": "flat", "tier": 0, "quantity": "1", "flat_amount": "20", "amount": "20",
                        "discounts": ["2"], "discount_amount": "2", "total": "18"},
                    {"category": "usage", "tier": 1, "quantity": "17059174", "unit_amount": "0.0000025",
                        "flat_amount": "0", "usage_amount": "42.647935", "amount": "42.647935",
                        "discounts": ["4.2647935"], "discount_amount": "4.2647935", "total": "38.3831415"},
                ],
            }),
        ),
        (status = 400, description = "The price makes no sense, or has no answer to this usage.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn preview_price(
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Preview>, ApiError> {
    if !matches!(&*media_type(&headers), "application/json" | "") {
        return Err(ApiError::unsupported("application/json"));
    }
    let unusable = |error: FieldError| ApiError::field(&error.field, error.reason);
    let trial = read_preview(text(&body)?).map_err(unusable)?;
    trial.rate().map(Json).map_err(unusable)
}
