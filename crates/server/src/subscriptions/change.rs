//! `POST /api/v1/customers/{customer}/subscriptions/{subscription}/change`

use super::create::draft;
use super::end::subscription_id;
use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerItemPath, RawBody, json_text};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::problem::Problem;
use usage_api::subscription::{Subscription, SubscriptionInput};

/// Puts a customer on another plan from a moment on: the subscription ends as a new one begins. A trial that is not over goes on.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{customer}/subscriptions/{subscription}/change",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id."), ("subscription" = String, Path, description = "The subscription's id.")),
    request_body = SubscriptionInput,
    responses(
        (status = 201, description = "The new subscription.", body = Subscription),
        (status = 400, description = "A property is missing, unknown or unusable: a start that is not within the subscription, a plan that is not there or in another currency.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer or subscription.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A finalized bill is of the time that would change; or others change the subscription at the same moment: nothing was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change_subscription(
    State(app): State<App>,
    CustomerItemPath(name, id): CustomerItemPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Subscription>), ApiError> {
    let customer = app.engine.customer(&name).await?;
    let id = subscription_id(&id)?;
    let new = draft(&app, &customer, json_text(&headers, &body)?)?;
    let subscription = app.engine.change_subscription(&customer, id, new, app.now()).await?;
    Ok((StatusCode::CREATED, Json(Subscription::from(&subscription))))
}
