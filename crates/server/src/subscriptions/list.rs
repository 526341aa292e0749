//! `GET /api/v1/customers/{customer}/subscriptions`

use crate::App;
use crate::error::ApiError;
use crate::reading::CustomerPath;
use axum::Json;
use axum::extract::State;
use usage_api::problem::Problem;
use usage_api::subscription::Subscription;

/// A customer's subscriptions, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{customer}/subscriptions",
    tag = "subscriptions",
    params(("customer" = String, Path, description = "The customer's key, number or id.")),
    responses(
        (status = 200, description = "The subscriptions, also those that are over.", body = Vec<Subscription>),
        (status = 400, description = "Not a customer's name.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_subscriptions(
    State(app): State<App>,
    CustomerPath(name): CustomerPath,
) -> Result<Json<Vec<Subscription>>, ApiError> {
    let customer = app.engine.customer(&name).await?;
    let subscriptions = app.engine.subscriptions(customer.id).await?;
    Ok(Json(subscriptions.iter().map(Subscription::from).collect()))
}
