//! `POST /api/v1/catalog/apply`

use crate::App;
use crate::error::ApiError;
use crate::reading::{Query, RawBody, media_type, text};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use usage_api::catalog::{Applied, read};
use usage_api::problem::{FieldError, Problem};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplyQuery {
    /// Only say what there is to do.
    #[serde(default)]
    dry_run: bool,
}

/// Makes what is there as a catalog says, and says what there was to do.
///
/// What the catalog does not name is left alone. What cannot be done is in `refused`; then nothing is done.
/// Where `stopped` says why, only the first `done` changes were: the same catalog again does the rest.
#[utoipa::path(
    post,
    path = "/api/v1/catalog/apply",
    tag = "catalog",
    params(ApplyQuery),
    request_body(
        content = Object, description = "A catalog, as docs/catalog.schema.json describes it.",
        example = json!({
            "meters": [{"key": "prompt_tokens", "aggregation": "SUM", "event_type": "prompt", "value_property": "$.tokens"}],
            "plans": [{"key": "pro", "name": "Pro", "versions": [{
                "effective_from": "2026-01-01", "currency": "USD", "items": [
                    {"key": "tokens", "name": "Tokens", "meter": "prompt_tokens",
                        "price": {"model": "per_unit", "unit_amount": "0.0000025"}},
                ],
            }]}],
            "customers": [{"key": "acme", "name": "Acme", "subscriptions": [{"plan": "pro", "start": "2026-02-01"}]}],
        })
    ),
    responses(
        (status = 200, description = "What there was to do.", body = Applied),
        (status = 400, description = "All that is wrong with the catalog, by its path.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn apply_catalog(
    State(app): State<App>,
    Query(query): Query<ApplyQuery>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Applied>, ApiError> {
    if !matches!(&*media_type(&headers), "application/json" | "") {
        return Err(ApiError::unsupported("application/json"));
    }
    let wanted = read(text(&body)?).map_err(|errors: Vec<FieldError>| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        ApiError::invalid(first).with(errors)
    })?;
    let applied = app.engine.apply(&wanted, query.dry_run, app.now(), &mut || app.new_id()).await?;
    Ok(Json(applied))
}
