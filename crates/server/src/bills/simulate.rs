//! `POST /api/v1/simulations`

use crate::App;
use crate::error::ApiError;
use crate::reading::{RawBody, json_text};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::bill::{Candidate as Asked, SimulationPage, SimulationRequest, read_simulation};
use usage_api::problem::Problem;
use usage_engine::billing::Candidate;

/// What customers would have owed for a month under a plan, stored or not. Nothing of it is stored.
#[utoipa::path(
    post,
    path = "/api/v1/simulations",
    tag = "bills",
    request_body = SimulationRequest,
    responses(
        (status = 200, description = "Customers of whom something changes, and why.", body = SimulationPage),
        (status = 400, description = "A property is missing, unknown or unusable, of the plan too; no such plan or customer.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The amounts add up to more than fits.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn simulate_plan(
    State(app): State<App>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<SimulationPage>, ApiError> {
    let asked = read_simulation(json_text(&headers, &body)?)?;
    let plan = match asked.plan {
        Asked::Key(key) => app.engine.plan(&key).await.map_err(|error| error.named_by("plan"))?,
        Asked::Plan(plan) => *plan,
    };
    let candidate = Candidate { plan, instead_of: asked.instead_of, month: asked.month };
    let page = match &asked.customer {
        Some(customer) => app.engine.simulate_for(&candidate, customer).await,
        None => app.engine.simulate(&candidate, asked.offset, asked.limit).await,
    };
    Ok(Json(page?))
}
