//! `GET /openapi.json`: the description of the service, made from its routes.

use crate::{customers, events, health, store, usage};
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "usage_app",
        description = "Tracks what customers use of a cloud service and turns it into bills. Figures are exact decimals, written as strings; every error is a problem (`application/problem+json`).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        usage::create::create_usage,
        usage::unpaid::list_unpaid,
        events::ingest::ingest_events,
        events::list::list_events,
        events::pages::list_event_pages,
        customers::create::create_customer,
        customers::list::list_customers,
        customers::get::get_customer,
        customers::update::update_customer,
        customers::delete::delete_customer,
        customers::bill::get_bill,
        customers::post::post_month,
        store::verify_store,
        store::rebuild_store,
        health::healthz,
    ),
    tags(
        (name = "bills", description = "What a customer owes for a month, and for what."),
        (name = "usage", description = "Posting usage to a month's bill, as the first clients do."),
        (name = "events", description = "Usage events: CloudEvents 1.0, each counted exactly once."),
        (name = "customers", description = "Who is billed, and whose usage they pay for."),
        (name = "care", description = "Looking after the service."),
    )
)]
struct Document;

/// The OpenAPI document, as JSON for people.
#[must_use]
pub fn document() -> String {
    // The document is made of plain strings and maps, which JSON can always write.
    serde_json::to_string_pretty(&Document::openapi()).unwrap_or_default() + "\n"
}

pub(crate) async fn openapi_json() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
