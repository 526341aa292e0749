//! `GET` and `POST /api/v1/meters/{meter}/query`: as JSON, or as CSV for who prefers it.

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, Query, RawBody, json, preferred};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use usage_api::meter::asked::Asked;
use usage_api::meter::query::{MeterQueryRequest, MeterQueryResult, csv};
use usage_api::problem::Problem;
use usage_domain::meter::query::QueryError;
use usage_engine::EngineError;
use usage_store::StoreError;

/// A meter's usage: in total or by windows, by subject, customer or any dimension.
#[utoipa::path(
    get,
    path = "/api/v1/meters/{meter}/query",
    operation_id = "query_meter",
    tag = "meters",
    params(
        ("meter" = String, Path, description = "The meter's id or slug."),
        ("from" = Option<String>, Query, format = DateTime, description = "Usage before this moment is not asked for, RFC 3339."),
        ("to" = Option<String>, Query, format = DateTime, description = "Usage at or after this moment is not asked for, RFC 3339."),
        ("windowSize" = Option<usage_api::meter::query::WindowSize>, Query, description = "Rows of windows of this length; without, one row for the whole."),
        ("windowTimeZone" = Option<String>, Query, description = "IANA; windows are of this zone's clock and calendar. UTC where absent."),
        ("subject" = Option<Vec<String>>, Query, description = "Only usage of these subjects (repeated), each in rows of its own."),
        ("filterCustomerId" = Option<Vec<String>>, Query, description = "Only usage that these customers (repeated) pay for: ids, keys or numbers."),
        ("filterGroupBy" = Option<std::collections::BTreeMap<String, String>>, Query, style = DeepObject, explode, description = "`filterGroupBy[name]=value`: only usage whose dimension has this value; repeated, one of these values."),
        ("groupBy" = Option<Vec<String>>, Query, description = "Dimensions (repeated) of which each value has rows of its own; `subject` and `customer_id` are two that every meter has."),
    ),
    responses(
        (status = 200, description = "The usage; as CSV where `Accept` prefers text/csv.", content(
            (MeterQueryResult = "application/json"),
            (String = "text/csv"),
        )),
        (status = 400, description = "A parameter is unusable: an unknown dimension or zone, a time without length, too many rows.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter or customer.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn query_meter(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    answer(&app, &name, &headers, &read(parameters)?).await
}

/// The same, with what is asked for in the body.
#[utoipa::path(
    post,
    path = "/api/v1/meters/{meter}/query",
    operation_id = "query_meter_by_post",
    tag = "meters",
    params(("meter" = String, Path, description = "The meter's id or slug.")),
    request_body = Option<MeterQueryRequest>,
    responses(
        (status = 200, description = "The usage; as CSV where `Accept` prefers text/csv.", content(
            (MeterQueryResult = "application/json"),
            (String = "text/csv"),
        )),
        (status = 400, description = "A field is unusable: an unknown dimension or zone, a time without length, too many rows.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such meter or customer.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn query_meter_by_post(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Response, ApiError> {
    // Published clients send no body at all where nothing is asked for.
    let nothing = matches!(body.trim_ascii(), b"" | b"null");
    let request = if nothing { MeterQueryRequest::default() } else { json(&headers, &body)? };
    answer(&app, &name, &headers, &request).await
}

async fn answer(
    app: &App,
    name: &str,
    headers: &HeaderMap,
    request: &MeterQueryRequest,
) -> Result<Response, ApiError> {
    let meter = app.engine.meter(name).await?;
    let asked = Asked::v1(&meter, request, app.now()).map_err(EngineError::from)?;
    let answer = app.engine.ask(&meter, asked.question.clone()).await?;
    let (rows, customers) = (&answer.usage.rows, answer.customers.as_deref());
    if preferred(headers, &["text/csv"]).is_some() {
        let by_subject = asked.question.query.by_subject;
        let groups: Vec<String> =
            request.group_by.iter().flatten().filter(|group| *group != "subject").cloned().collect();
        let text = csv(rows, asked.names(customers), by_subject, &groups)
            .map_err(|error| StoreError::Query(QueryError::Sum(error)))?;
        return Ok(([(header::CONTENT_TYPE, "text/csv")], text).into_response());
    }
    Ok(Json(asked.result(request.window_size.as_deref(), rows, customers)).into_response())
}

/// Reads the parameters of a query; those that may be repeated become lists.
fn read(parameters: Vec<(String, String)>) -> Result<MeterQueryRequest, ApiError> {
    let mut request = MeterQueryRequest::default();
    for (name, value) in parameters {
        match name.as_str() {
            "subject" => request.subject.get_or_insert_default().push(value),
            "groupBy" => request.group_by.get_or_insert_default().push(value),
            "filterCustomerId" => request.filter_customer_id.get_or_insert_default().push(value),
            "from" => once(&mut request.from, &name, value)?,
            "to" => once(&mut request.to, &name, value)?,
            "windowSize" => once(&mut request.window_size, &name, value)?,
            "windowTimeZone" => once(&mut request.window_time_zone, &name, value)?,
            "filterGroupBy" => {
                let reason = "must be filterGroupBy[name]=value; a POST takes an object of arrays";
                return Err(ApiError::field("filterGroupBy", reason));
            }
            "advancedMeterGroupByFilters" => {
                request.advanced_meter_group_by_filters = Some(serde::de::IgnoredAny);
            }
            _ => {
                let inner = name.strip_prefix("filterGroupBy[").and_then(|rest| rest.strip_suffix(']'));
                if let Some(inner) = inner {
                    let filters = request.filter_group_by.get_or_insert_default();
                    filters.entry(inner.to_string()).or_default().push(value);
                }
            }
        }
    }
    Ok(request)
}

fn once(field: &mut Option<String>, name: &str, value: String) -> Result<(), ApiError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(ApiError::field(name, "stands twice")),
    }
}
