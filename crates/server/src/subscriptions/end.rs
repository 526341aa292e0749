//! `POST /api/v1/customers/{customer}/subscriptions/{subscription}/end`

use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerItemPath, RawBody, json_text_or_nothing};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::problem::Problem;
use usage_api::subscription::{Subscription, SubscriptionEnd, read_end};
use usage_domain::subscription::SubscriptionId;

/// Ends a subscription at a moment. Fees of its last month are for the part of it; what was used is billed whole.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{customer}/subscriptions/{subscription}/end",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id."), ("subscription" = String, Path, description = "The subscription's id.")),
    request_body = Option<SubscriptionEnd>,
    responses(
        (status = 200, description = "The subscription as it is now.", body = Subscription),
        (status = 400, description = "A moment that is none, or is not after the start.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer or subscription.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A finalized bill is of the time that would change; or others change the subscription at the same moment: nothing was changed.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end_subscription(
    State(app): State<App>,
    CustomerItemPath(name, id): CustomerItemPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Subscription>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    let at = read_end(json_text_or_nothing(&headers, &body)?, &customer.zone)?.unwrap_or_else(|| app.now());
    let subscription = app.engine.end_subscription(&customer, subscription_id(&id)?, at).await?;
    Ok(Json(Subscription::from(&subscription)))
}

/// The id of a subscription; what is no id is that of none.
pub(super) fn subscription_id(text: &str) -> Result<SubscriptionId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(format!("there is no subscription {text:?}")))
}
