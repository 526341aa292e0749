//! `/api/v3/openmeter/meters`: the third version of listing and asking meters.

use super::list::page;
use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, Query, RawBody, json};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use usage_api::meter::asked::Asked;
use usage_api::meter::v3::{MeterResource, MetersPage, NumberedMeta, NumberedPage, UsageQuery, UsageResult};
use usage_api::problem::Problem;
use usage_domain::meter::{Meter, MeterId};
use usage_engine::EngineError;

/// Meters of a page where none says how many.
const SIZE: u64 = 20;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// Which page: 1 for the first.
    #[serde(rename = "page[number]")]
    #[param(minimum = 1, maximum = 1000)]
    number: Option<u64>,
    /// How many a page has: 20 where absent, 1000 at most.
    #[serde(rename = "page[size]")]
    #[param(minimum = 1, maximum = 1000)]
    size: Option<u64>,
}

/// Meters, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/api/v3/openmeter/meters",
    operation_id = "list_meter_resources",
    tag = "meters",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of meters.", body = MetersPage),
        (status = 400, description = "A parameter is unknown or unusable.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_meter_resources(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<MetersPage>, ApiError> {
    let meters = app.engine.meters().await?;
    let (number, size) = (query.number.unwrap_or(1), query.size.unwrap_or(SIZE));
    let data = page(&meters, ("page[number]", "page[size]"), number, size)?;
    let total = u64::try_from(meters.len()).unwrap_or(u64::MAX);
    let meta = NumberedMeta { page: NumberedPage { number, size, total } };
    Ok(Json(MetersPage { data: data.iter().map(MeterResource::from).collect(), meta }))
}

/// One meter.
#[utoipa::path(
    get,
    path = "/api/v3/openmeter/meters/{meter}",
    operation_id = "get_meter_resource",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id, a ULID.")),
    responses(
        (status = 200, description = "The meter.", body = MeterResource),
        (status = 400, description = "Not a ULID.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_meter_resource(
    State(app): State<App>,
    NamePath(id): NamePath,
) -> Result<Json<MeterResource>, ApiError> {
    Ok(Json(MeterResource::from(&find(&app, &id).await?)))
}

/// A meter's usage, as version 1 answers it, with figures as decimal strings.
#[utoipa::path(
    post,
    path = "/api/v3/openmeter/meters/{meter}/query",
    operation_id = "query_meter_resource",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id, a ULID.")),
    request_body = UsageQuery,
    responses(
        (status = 200, description = "The usage.", body = UsageResult),
        (status = 400, description = "A field is unknown or unusable.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter or customer.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn query_meter_resource(
    State(app): State<App>,
    NamePath(id): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<UsageResult>, ApiError> {
    let request: UsageQuery = json(&headers, &body)?;
    let meter = find(&app, &id).await?;
    let asked = Asked::v3(&meter, request, app.now()).map_err(EngineError::from)?;
    let answer = app.engine.ask(&meter, asked.question.clone()).await?;
    Ok(Json(asked.usage(&answer.usage.rows, answer.customers.as_deref())))
}

/// The meter of an id. In this version a slug is no name.
async fn find(app: &App, id: &str) -> Result<Meter, ApiError> {
    let id = id.parse::<MeterId>().map_err(|_| ApiError::field("meter", "must be a ULID"))?;
    Ok(app.engine.meter(&id.to_string()).await?)
}
