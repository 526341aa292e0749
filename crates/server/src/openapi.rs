//! `GET /openapi.json`: the description of the service, made from its routes.

use crate::{
    account, bills, catalog, coupons, credits, customers, events, health, meters, plans, prices, settings,
    store, subjects, subscriptions, taxes, usage,
};
use axum::http::header;
use axum::response::IntoResponse;
use usage_api::problem::PROBLEM_TYPE;
use utoipa::openapi::{self, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "usage_app",
        description = "Tracks what customers use of a cloud service and turns it into bills. Figures are exact decimals, written as strings; every error is a problem (`application/problem+json`).",
        version = env!("CARGO_PKG_VERSION"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        usage::create::create_usage,
        usage::unpaid::list_unpaid,
        events::ingest::ingest_events,
        events::list::list_events,
        events::log::read_event_log,
        events::pages::list_event_pages,
        events::v3::ingest_metering_events,
        events::v3::list_metering_events,
        customers::create::create_customer,
        customers::list::list_customers,
        customers::get::get_customer,
        customers::update::update_customer,
        customers::delete::delete_customer,
        customers::bill::get_bill,
        customers::post::post_month,
        meters::create::create_meter,
        meters::list::list_meters,
        meters::get::get_meter,
        meters::update::update_meter,
        meters::delete::delete_meter,
        meters::query::query_meter,
        meters::query::query_meter_by_post,
        meters::subjects::list_metered_subjects,
        meters::values::list_dimension_values,
        meters::preview::preview_meter,
        meters::v3::list_meter_resources,
        meters::v3::get_meter_resource,
        meters::v3::query_meter_resource,
        subjects::upsert::upsert_subjects,
        subjects::list::list_subjects,
        subjects::get::get_subject,
        subjects::delete::delete_subject,
        prices::preview::preview_price,
        plans::list::list_plans,
        plans::get::get_plan,
        plans::put::put_plan,
        taxes::list::list_taxes,
        taxes::put::put_tax,
        taxes::delete::delete_tax,
        coupons::list::list_coupons,
        coupons::put::put_coupon,
        coupons::delete::delete_coupon,
        settings::get::get_settings,
        settings::put::put_settings,
        subscriptions::list::list_subscriptions,
        subscriptions::create::create_subscription,
        subscriptions::change::change_subscription,
        subscriptions::end::end_subscription,
        credits::list::list_credits,
        credits::create::grant_credit,
        credits::delete::take_back_credit,
        account::get::get_account,
        account::put::put_account,
        account::give_coupon::give_coupon,
        account::take_coupon::take_coupon,
        bills::list::list_bills,
        bills::get::get_bill_by_id,
        bills::finalize::finalize_bill,
        bills::void::void_bill,
        bills::pay::pay_bill,
        bills::credit::create_credit_note,
        bills::credit_notes::list_credit_notes,
        bills::verify::verify_bill,
        bills::explain::explain_bill,
        bills::run::run_bills,
        bills::simulate::simulate_plan,
        catalog::get::get_catalog,
        catalog::apply::apply_catalog,
        store::verify_store,
        store::rebuild_store,
        health::healthz,
        health::readyz,
    ),
    modifiers(&Failures),
    tags(
        (name = "bills", description = "What a customer owes for a month, and for what."),
        (name = "usage", description = "Posting usage to a month's bill, as the first clients do."),
        (name = "events", description = "Usage events: CloudEvents 1.0, each counted exactly once."),
        (name = "meters", description = "How events become quantities, and how much they are."),
        (name = "subjects", description = "What is known about those whose usage is metered."),
        (name = "customers", description = "Who is billed, and whose usage they pay for."),
        (name = "prices", description = "How a quantity becomes an amount."),
        (name = "plans", description = "What is charged for what: plans, taxes, coupons, and how bills are made out."),
        (name = "subscriptions", description = "What is agreed with a customer: its plans, taxes and coupons."),
        (name = "credits", description = "What customers have paid before their bills, or were given."),
        (name = "catalog", description = "Everything that was set up, as one document."),
        (name = "care", description = "Looking after the service."),
    )
)]
struct Document;

/// Every route asks the store, which may be damaged, full or closed.
struct Failures;

impl Modify for Failures {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let failures = [
            ("500", "The store could not be read; the reason is in `detail` and in the log."),
            ("503", "The store cannot write or is closed; nothing was stored, try again."),
        ];
        for path in document.paths.paths.values_mut() {
            let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
            for operation in operations.into_iter().flatten() {
                for (status, description) in failures {
                    let known = &mut operation.responses.responses;
                    known.entry(status.to_string()).or_insert_with(|| problem(description));
                }
            }
        }
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content(PROBLEM_TYPE, content).build().into()
}

/// What every route reads and answers.
pub(crate) fn described() -> openapi::OpenApi {
    Document::openapi()
}

/// The OpenAPI document, as JSON for people.
#[must_use]
pub fn document() -> String {
    // The document is made of plain strings and maps, which JSON can always write.
    serde_json::to_string_pretty(&Document::openapi()).unwrap_or_default() + "\n"
}

pub(crate) async fn openapi_json() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document())
}
