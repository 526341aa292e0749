//! `POST /api/v1/customers/{customer}/subscriptions`

use crate::App;
use crate::error::ApiError;
use crate::reading::{CustomerPath, RawBody, json_text};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use usage_api::problem::Problem;
use usage_api::subscription::{Made, Subscription, SubscriptionInput, read_input};
use usage_domain::customer::Customer;
use usage_domain::subscription::SubscriptionId;
use usage_engine::billing::SubscriptionDraft;

/// Puts a customer on a plan.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{customer}/subscriptions",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    request_body = SubscriptionInput,
    responses(
        (status = 201, description = "The new subscription.", body = Subscription),
        (status = 400, description = "A property is missing, unknown or unusable: an end before the start, a plan that is not there or in another currency, one that the customer is on already at that time.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A finalized bill is of the time that would change; or others change it at the same moment: nothing was stored.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_subscription(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<Subscription>), ApiError> {
    let customer = app.engine.customer(&name).await?;
    let (id, draft) = draft(&app, &customer, json_text(&headers, &body)?)?;
    let subscription = app.engine.subscribe(&customer, id, draft, app.now()).await?;
    Ok((StatusCode::CREATED, Json(Subscription::from(&subscription))))
}

/// Reads what a subscription of the customer is made from, and gives it an id.
pub(super) fn draft(
    app: &App,
    customer: &Customer,
    text: &str,
) -> Result<(SubscriptionId, SubscriptionDraft), ApiError> {
    let (id, now) = (SubscriptionId(app.new_id()), app.now());
    let read = read_input(text, Made { id, customer: customer.id, zone: &customer.zone, now })?;
    let draft = SubscriptionDraft {
        plan: read.plan,
        version: read.version,
        start: Some(read.start),
        end: read.end,
        trial_end: read.trial_end,
        overrides: read.overrides,
    };
    Ok((id, draft))
}
