//! The forms of a bill: JSON, a page to print, CSV, FOCUS. How they look is in `usage_faces`.

use crate::App;
use crate::error::ApiError;
use crate::reading::preferred;
use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usage_api::bill::Bill;
use usage_engine::EngineError;
use usage_faces::{CSV, FaceError, HTML, Provider, Seller};

/// What the provider is called in FOCUS, which wants a name, where the settings have none.
const UNNAMED: &str = "usage_app";

/// A form of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// The bill as it is.
    Json,
    /// A page to read and to print.
    Html,
    /// A row per line.
    Csv,
    /// A FOCUS 1.2 dataset in CSV.
    Focus,
}

/// The bill in the form that is asked for, or else in the one that the client prefers.
pub(crate) async fn shown(
    app: &App,
    headers: &HeaderMap,
    format: Option<Format>,
    bill: Bill,
) -> Result<Response, ApiError> {
    let format = format.unwrap_or_else(|| match preferred(headers, &["text/html", "text/csv"]) {
        Some("text/html") => Format::Html,
        Some(_) => Format::Csv,
        None => Format::Json,
    });
    let (media_type, text) = match format {
        Format::Json => return Ok(([(header::VARY, "accept")], Json(bill)).into_response()),
        Format::Html => {
            let seller = app.engine.settings().await?.seller;
            (HTML, usage_faces::html(&bill, &Seller { name: seller.name, address: seller.address }))
        }
        Format::Csv => (CSV, usage_faces::csv([&bill]).map_err(broken)?),
        Format::Focus => {
            let seller = app.engine.settings().await?.seller.name;
            let provider = Provider::named(if seller.is_empty() { UNNAMED } else { &seller });
            (CSV, usage_faces::focus([&bill], &provider).map_err(broken)?)
        }
    };
    Ok(([(header::CONTENT_TYPE, media_type), (header::VARY, "accept")], text).into_response())
}

/// A bill that has no such form is broken.
fn broken(error: FaceError) -> EngineError {
    let (what, name) = ("form of".to_string(), "a bill".to_string());
    EngineError::Broken { what, name, reason: error.to_string() }
}
