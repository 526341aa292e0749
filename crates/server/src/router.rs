//! Which path leads to which route.

use crate::reading::{Intake, Limits};
use crate::{
    App, catalog, customers, docs, error, events, health, meters, openapi, prices, store, subjects, usage,
};
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
        .merge(metering())
        .route("/api/v1/catalog", get(catalog::get::get_catalog))
        .route("/api/v1/catalog/apply", post(catalog::apply::apply_catalog))
        .route("/api/v1/prices/preview", post(prices::preview::preview_price))
        .route("/api/v1/store/verify", post(store::verify_store))
        .route("/api/v1/store/rebuild", post(store::rebuild_store))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(openapi::openapi_json))
        .route("/docs", get(docs::page))
        .route("/", get(docs::home))
        .fallback(async || error::ApiError::no_route())
        .method_not_allowed_fallback(async || error::ApiError::wrong_method())
        .layer(axum::Extension(Intake::new(limits)))
        .layer(axum::middleware::from_fn(error::finish))
        .with_state(app)
}

/// Meters, and the subjects whose usage they measure.
fn metering() -> Router<App> {
    Router::new()
        .route("/api/v1/meters", post(meters::create::create_meter).get(meters::list::list_meters))
        .route("/api/v1/meters/preview", post(meters::preview::preview_meter))
        .route(
            "/api/v1/meters/{meter}",
            get(meters::get::get_meter)
                .put(meters::update::update_meter)
                .delete(meters::delete::delete_meter),
        )
        .route(
            "/api/v1/meters/{meter}/query",
            get(meters::query::query_meter).post(meters::query::query_meter_by_post),
        )
        .route("/api/v1/meters/{meter}/subjects", get(meters::subjects::list_metered_subjects))
        .route("/api/v1/meters/{meter}/group-by/{name}/values", get(meters::values::list_dimension_values))
        .route("/api/v3/openmeter/meters", get(meters::v3::list_meter_resources))
        .route("/api/v3/openmeter/meters/{meter}", get(meters::v3::get_meter_resource))
        .route("/api/v3/openmeter/meters/{meter}/query", post(meters::v3::query_meter_resource))
        .route("/api/v1/subjects", post(subjects::upsert::upsert_subjects).get(subjects::list::list_subjects))
        .route(
            "/api/v1/subjects/{subject}",
            get(subjects::get::get_subject).delete(subjects::delete::delete_subject),
        )
}
