//! Which path leads to which route.

use crate::{
    App, account, bills, catalog, coupons, credits, customers, docs, error, events, health, meters, openapi,
    parameters, plans, prices, settings, store, subjects, subscriptions, taxes, usage,
};
use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

/// The whole service.
pub fn router(app: App) -> Router {
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
        .merge(agreements())
        .merge(billing())
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
        .layer(axum::middleware::from_fn(around))
        .with_state(app)
}

/// What is done for every request: in one layer, for each costs something whatever it does.
async fn around(request: Request, next: Next) -> Response {
    let asked = request.uri().clone();
    let response = match parameters::unknown(&request) {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    error::finish(response, asked.path())
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

/// What is charged for what, and what is agreed with a customer.
fn agreements() -> Router<App> {
    Router::new()
        .route("/api/v1/plans", get(plans::list::list_plans))
        .route("/api/v1/plans/{plan}", get(plans::get::get_plan).put(plans::put::put_plan))
        .route("/api/v1/taxes", get(taxes::list::list_taxes))
        .route("/api/v1/taxes/{tax}", put(taxes::put::put_tax).delete(taxes::delete::delete_tax))
        .route("/api/v1/coupons", get(coupons::list::list_coupons))
        .route(
            "/api/v1/coupons/{coupon}",
            put(coupons::put::put_coupon).delete(coupons::delete::delete_coupon),
        )
        .route("/api/v1/settings/billing", get(settings::get::get_settings).put(settings::put::put_settings))
        .route(
            "/api/v1/customers/{customer}/subscriptions",
            get(subscriptions::list::list_subscriptions).post(subscriptions::create::create_subscription),
        )
        .route(
            "/api/v1/customers/{customer}/subscriptions/{subscription}/change",
            post(subscriptions::change::change_subscription),
        )
        .route(
            "/api/v1/customers/{customer}/subscriptions/{subscription}/end",
            post(subscriptions::end::end_subscription),
        )
        .route(
            "/api/v1/customers/{customer}/credits",
            get(credits::list::list_credits).post(credits::create::grant_credit),
        )
        .route("/api/v1/customers/{customer}/credits/{grant}", delete(credits::delete::take_back_credit))
        .route(
            "/api/v1/customers/{customer}/account",
            get(account::get::get_account).put(account::put::put_account),
        )
        .route(
            "/api/v1/customers/{customer}/coupons/{coupon}",
            put(account::give_coupon::give_coupon).delete(account::take_coupon::take_coupon),
        )
}

/// Bills: finalizing them, and what becomes of them.
fn billing() -> Router<App> {
    Router::new()
        .route("/api/v1/bills", get(bills::list::list_bills))
        .route("/api/v1/bills/{bill}", get(bills::get::get_bill_by_id))
        .route("/api/v1/bills/{bill}/finalize", post(bills::finalize::finalize_bill))
        .route("/api/v1/bills/{bill}/void", post(bills::void::void_bill))
        .route("/api/v1/bills/{bill}/pay", post(bills::pay::pay_bill))
        .route("/api/v1/bills/{bill}/credit-notes", post(bills::credit::create_credit_note))
        .route("/api/v1/bills/{bill}/verify", post(bills::verify::verify_bill))
        .route("/api/v1/bills/{bill}/explain", get(bills::explain::explain_bill))
        .route("/api/v1/customers/{customer}/credit-notes", get(bills::credit_notes::list_credit_notes))
        .route("/api/v1/bill-runs", post(bills::run::run_bills))
        .route("/api/v1/simulations", post(bills::simulate::simulate_plan))
}
