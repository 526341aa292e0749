//! Which path leads to which route.

use crate::reading::{Intake, Limits};
use crate::{App, customers, docs, error, events, health, openapi, prices, store, usage};
use axum::Router;
use axum::routing::{get, post};

/// The whole service, within the usual limits.
pub fn router(app: App) -> Router {
    router_within(app, Limits::default())
}

/// The whole service; the bodies of its requests stay within these limits.
pub fn router_within(app: App, limits: Limits) -> Router {
    Router::new()
        .route("/api/v1/usage/create/", post(usage::create::create_usage))
        .route("/api/v1/usage/create", post(usage::create::create_usage))
        .route("/api/v1/usage/unpaid", get(usage::unpaid::list_unpaid))
        .route("/api/v1/events", post(events::ingest::ingest_events).get(events::list::list_events))
        .route("/api/v1/events/log", get(events::log::read_event_log))
        .route("/api/v2/events", get(events::pages::list_event_pages))
        .route(
            "/api/v3/openmeter/events",
            post(events::v3::ingest_metering_events).get(events::v3::list_metering_events),
        )
        .route(
            "/api/v1/customers",
            post(customers::create::create_customer).get(customers::list::list_customers),
        )
        .route(
            "/api/v1/customers/{customer}",
            get(customers::get::get_customer)
                .put(customers::update::update_customer)
                .delete(customers::delete::delete_customer),
        )
        .route("/api/v1/customers/{customer}/bill", get(customers::bill::get_bill))
        .route("/api/v1/customers/{customer}/postings", post(customers::post::post_month))
        .route("/api/v1/prices/preview", post(prices::preview::preview_price))
        .route("/api/v1/store/verify", post(store::verify_store))
        .route("/api/v1/store/rebuild", post(store::rebuild_store))
        .route("/healthz", get(health::healthz))
        .route("/openapi.json", get(openapi::openapi_json))
        .route("/docs", get(docs::page))
        .route("/", get(docs::home))
        .fallback(async || error::ApiError::no_route())
        .method_not_allowed_fallback(async || error::ApiError::wrong_method())
        .layer(axum::Extension(Intake::new(limits)))
        .layer(axum::middleware::from_fn(error::finish))
        .with_state(app)
}
