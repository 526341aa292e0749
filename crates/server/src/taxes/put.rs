//! `PUT /api/v1/taxes/{tax}`

use crate::App;
use crate::error::ApiError;
use crate::reading::{NamePath, RawBody, keyed, same_key};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use usage_api::problem::Problem;
use usage_api::stored;
use usage_api::tax::Tax;

/// Makes a tax, or changes it to this. Open bills change at once, finalized ones never.
///
/// The `key` may be absent; otherwise it is that of the path.
#[utoipa::path(
    put,
    path = "/api/v1/taxes/{tax}",
    tag = "plans",
    params(("tax" = String, Path, description = "The tax's key.")),
    request_body = Tax,
    responses(
        (status = 200, description = "The tax as it is now.", body = Tax),
        (status = 400, description = "A property is missing, unknown or unusable: a rate that is no part of 1.", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Others change the tax at the same moment; nothing was stored, try again.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_tax(
    State(app): State<App>,
    NamePath(name): NamePath,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Tax>, ApiError> {
    let text = keyed(&headers, &body, &name)?;
    let tax = stored::tax(&text)?;
    same_key(&tax.key, &name)?;
    app.engine.put_tax(&tax).await?;
    Ok(Json(Tax::from(&tax)))
}
