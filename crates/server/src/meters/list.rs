//! `GET /api/v1/meters`

use crate::App;
use crate::error::ApiError;
use crate::reading::Query;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usage_api::meter::Meter;
use usage_api::problem::Problem;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListQuery {
    /// Which page: 1 for the first.
    #[param(minimum = 1, maximum = 1000)]
    page: Option<u64>,
    /// How many a page has, 1000 at most: all of them where absent.
    #[param(minimum = 1, maximum = 1000)]
    page_size: Option<u64>,
}

/// Meters, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/api/v1/meters",
    tag = "meters",
    params(ListQuery),
    responses(
        (status = 200, description = "The meters.", body = Vec<Meter>),
        (status = 400, description = "Not a page.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_meters(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<Meter>>, ApiError> {
    let meters = app.engine.meters().await?;
    let names = ("page", "pageSize");
    let page = page(&meters, names, query.page.unwrap_or(1), query.page_size.unwrap_or(1000))?;
    Ok(Json(page.iter().map(Meter::from).collect()))
}

/// A page of what is listed.
pub(super) fn page<'a, T>(
    all: &'a [T],
    names: (&str, &str),
    page: u64,
    size: u64,
) -> Result<&'a [T], ApiError> {
    for (name, value) in [(names.0, page), (names.1, size)] {
        if !(1..=1000).contains(&value) {
            return Err(ApiError::field(name, "must be 1 to 1000"));
        }
    }
    let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(all.len());
    Ok(&all[place((page - 1) * size)..place(page * size)])
}
