//! The month's run, many who finalize at once, and trying a plan.

use crate::world::{NOW, World, at, month};
use std::collections::BTreeSet;
use usage_api::settings::Settings;
use usage_api::stored;
use usage_domain::meter::{Aggregation, MeterDraft, MeterId};
use usage_engine::billing::{Candidate, RunOptions};

const PER_TOKEN: &str = r#""items":[{"key":"tokens","name":"Tokens","meter":"tokens",
    "price":{"model":"per_unit","unit_amount":"1"}}]"#;

async fn world(customers: u64) -> World {
    let world = World::new().await;
    world.plan("pro", PER_TOKEN).await;
    for number in 1..=customers {
        let key = format!("c{number}");
        let customer = world.customer(&key).await;
        world.subscribe(&customer, "pro", "2026-10-01T00:00:00Z", None).await;
        if number % 5 != 0 {
            world.used("tokens", &key, &[&format!("2026-10-02T00:00:00Z {number}")]).await;
        }
    }
    world
}

fn october(offset: u64, limit: u64) -> RunOptions {
    RunOptions { month: month("2026-10"), offset, limit, force: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_bills_everyone_once_and_goes_on_where_it_was_interrupted() {
    let world = world(20).await;
    let ids = world.ids();
    let first = world.engine.bill_run(october(0, 7), at(NOW), &ids).await.unwrap();
    assert_eq!((first.finalized.len(), first.nothing_to_bill, first.total_customers), (6, 1, 20));
    let all = world.engine.bill_run(october(0, 100), at(NOW), &ids).await.unwrap();
    assert_eq!((all.finalized.len(), all.already_finalized, all.nothing_to_bill), (10, 6, 4));
    let again = world.engine.bill_run(october(0, 100), at(NOW), &ids).await.unwrap();
    assert_eq!((again.finalized.len(), again.already_finalized, again.nothing_to_bill), (0, 16, 4));
    let numbers: Vec<&str> =
        first.finalized.iter().chain(&all.finalized).map(|bill| bill.number.as_str()).collect();
    let should: Vec<String> = (1..=16).map(|number| format!("INV-{number:06}")).collect();
    assert_eq!(numbers, should);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_at_the_same_time_give_every_customer_one_bill_and_leave_no_number_out() {
    let world = world(24).await;
    let runs = (0..4).map(|_| {
        let (engine, ids) = (world.engine.clone(), world.ids());
        tokio::spawn(async move { engine.bill_run(october(0, 100), at(NOW), &ids).await.unwrap() })
    });
    let mut bills = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        bills.extend(run.await.unwrap().finalized);
    }
    let numbers: BTreeSet<&str> = bills.iter().map(|bill| bill.number.as_str()).collect();
    let customers: BTreeSet<u64> = bills.iter().map(|bill| bill.customer).collect();
    assert_eq!((bills.len(), numbers.len(), customers.len()), (20, 20, 20));
    assert_eq!(numbers.last(), Some(&"INV-000020"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bill_is_found_by_its_number_whatever_group_it_was_written_with() {
    let world = world(12).await;
    let ids = world.ids();
    for (offset, limit) in [(0, 3), (3, 1), (4, 100)] {
        world.engine.bill_run(october(offset, limit), at(NOW), &ids).await.unwrap();
    }
    // Numbers of another form follow; their digits are no other bill's.
    let settings = Settings { number_prefix: "B-1".into(), ..world.engine.settings().await.unwrap() };
    world.engine.set_settings(&settings).await.unwrap();
    world.used("tokens", "c1", &["2026-11-02T00:00:00Z 1"]).await;
    let november = RunOptions { month: month("2026-11"), offset: 0, limit: 2, force: true };
    world.engine.bill_run(november, at(NOW), &ids).await.unwrap();
    let mut names: Vec<String> = (1..=10).map(|number| format!("INV-{number:06}")).collect();
    names.extend(["B-1000011".to_string()]);
    for name in &names {
        assert_eq!(world.engine.finalized_bill(name).await.unwrap().number.as_ref(), Some(name));
    }
    for name in ["INV-000000", "INV-000011", "B-1000001", "B-1000013", "INV-11", "1000011", "B-11000011"] {
        assert!(world.engine.finalized_bill(name).await.is_err(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_month_that_is_over_for_nobody_is_refused_at_once() {
    let world = world(3).await;
    let november = RunOptions { month: month("2026-11"), ..october(0, 100) };
    let refused = world.engine.bill_run(november, at(NOW), &world.ids()).await.unwrap_err();
    assert!(
        refused.to_string().starts_with("2026-11 cannot be finalized before 2026-12-01T00:00:00Z"),
        "{refused}"
    );
    // Where it ends first it may be over: each customer is looked at.
    let somewhere = at("2026-11-30T11:00:00Z");
    let page = world.engine.bill_run(november, somewhere, &world.ids()).await.unwrap();
    assert_eq!((page.failed.len(), page.finalized.len()), (3, 0));
    let forced = RunOptions { force: true, ..november };
    let page = world.engine.bill_run(forced, at(NOW), &world.ids()).await.unwrap();
    assert_eq!((page.failed.len(), page.nothing_to_bill), (0, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_names_who_used_what_no_price_is_for() {
    let world = world(4).await;
    // Of two meters of one type of events the plan has one.
    world.engine.create_meter(MeterId(world.id()), counting("calls", "tokens"), at(NOW)).await.unwrap();
    world.used("storage", "c2", &["2026-10-05T00:00:00Z 3", "2026-09-05T00:00:00Z 3"]).await;
    let stranger = world.customer("stranger").await;
    world.used("tokens", "stranger", &["2026-10-05T00:00:00Z 3", "2026-10-06T00:00:00Z 3"]).await;
    let page = world.engine.bill_run(october(0, 100), at(NOW), &world.ids()).await.unwrap();
    let named = page.unpriced.iter().map(|of| (of.customer, of.meters.join(" "), of.events));
    assert_eq!(
        named.collect::<Vec<_>>(),
        [(2, "storage".to_string(), 1), (stranger.number, "calls tokens".to_string(), 2)]
    );
    assert_eq!((page.unpriced_customers, page.finalized.len(), page.nothing_to_bill), (2, 4, 1));
}

fn counting(key: &str, event_type: &str) -> MeterDraft {
    MeterDraft {
        key: key.into(),
        name: None,
        description: None,
        aggregation: Aggregation::Count,
        event_type: event_type.into(),
        value_property: None,
        dimensions: Vec::new(),
        event_from: None,
        metadata: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_plan_shows_who_would_pay_more_or_less_and_why() {
    let world = world(4).await;
    let text = format!(
        r#"{{"key":"new","name":"New","versions":[{{"effective_from":"2027-01-01T00:00:00Z","currency":"USD",{}}}]}}"#,
        PER_TOKEN.replace(
            r#"{"model":"per_unit","unit_amount":"1"}"#,
            r#"{"model":"graduated","tiers":[{"up_to":"2","unit_amount":"2"},{"up_to":null,"unit_amount":"0"}]}"#
        )
    );
    let plan = stored::plan(&text).unwrap();
    let candidate = Candidate { plan, instead_of: Some("pro".into()), month: month("2026-10") };
    let page = world.engine.simulate(&candidate, 0, 100).await.unwrap();
    let shown: Vec<_> = page
        .items
        .iter()
        .map(|one| {
            (
                one.customer.number,
                one.current_total.as_str(),
                one.simulated_total.as_str(),
                one.difference.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (1, "1.00", "2.00", "1.00"),
            (2, "2.00", "4.00", "2.00"),
            (3, "3.00", "4.00", "1.00"),
            (4, "4.00", "4.00", "0.00"),
        ]
    );
    assert_eq!(page.items[0].lines[0].service, "Tokens");
    // Nothing of it is stored.
    assert!(world.engine.plan("new").await.is_err());
}
