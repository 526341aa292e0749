//! `GET /docs`: the OpenAPI document as a page that needs nothing from elsewhere.

use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect};

pub(crate) async fn page() -> impl IntoResponse {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(include_str!("docs.html")))
}

pub(crate) async fn home() -> Redirect {
    Redirect::temporary("/docs")
}
