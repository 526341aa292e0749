//! What an explanation says of each kind of line: figures that come to the line's, and the events behind it.

use crate::world::{NOW, World, at, month};
use usage_api::bill::Explanation;
use usage_domain::customer::{Customer, CustomerRef};

async fn world(items: &str) -> (World, Customer) {
    let world = World::new().await;
    world.plan("pro", items).await;
    let acme = world.customer("acme").await;
    world.subscribe(&acme, "pro", "2026-09-16T00:00:00Z", None).await;
    (world, acme)
}

async fn explain(world: &World, acme: &Customer, of: &str, line: &str) -> Explanation {
    let name = CustomerRef::Id(acme.id);
    world.engine.explain(&name, Some(month(of)), line, 10, at(NOW)).await.unwrap()
}

const TOKENS: &str = r#"{"key":"tokens","name":"Tokens","meter":"tokens","price":{"model":"per_unit","unit_amount":"0.0601"}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adjustment_is_explained_by_what_was_billed_and_what_there_is_now() {
    let (world, acme) = world(&format!(r#""items":[{TOKENS}]"#)).await;
    world.used("tokens", "acme", &["2026-09-17T00:00:00Z 100", "2026-09-18T00:00:00Z 60.5"]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.used("tokens", "acme", &["2026-09-19T00:00:00Z 40.25"]).await;
    let expected = [
        "what \"Tokens\" of 2026-09, bill INV-000001, comes to at this position:",
        "3 events come to 200.75 units",
        "200.75 × 0.0601 = 12.065075",
        "exactly 12.065075; rounded once, half away from zero: 12.07 USD",
        "9.65 USD was billed for it until then",
        "12.07 - 9.65 = 2.42 USD",
    ];
    let line = "Tokens (2026-09, bill INV-000001)";
    let open = explain(&world, &acme, "2026-10", line).await;
    assert_eq!((open.steps, open.total_events), (expected.map(String::from).to_vec(), 3));
    assert_eq!(open.events[2].value, "40.25");
    // The same of the finalized one, whatever comes later.
    world.finalize(&acme, "2026-10").await.unwrap();
    world.used("tokens", "acme", &["2026-09-20T00:00:00Z 1000"]).await;
    let done = explain(&world, &acme, "2026-10", line).await;
    assert_eq!((done.steps, done.total_events), (expected.map(String::from).to_vec(), 3));
    // And the next one begins where that ended.
    let next = explain(&world, &acme, "2026-11", line).await;
    assert_eq!(next.steps[4..], ["12.07 USD was billed for it until then", "72.17 - 12.07 = 60.10 USD"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minimum_is_explained_by_what_was_reached() {
    let fee = r#"{"key":"base","name":"Base","price":{"model":"flat","amount":"10"}}"#;
    let (world, acme) = world(&format!(r#""minimum_amount":"30.5","items":[{fee},{TOKENS}]"#)).await;
    world.used("tokens", "acme", &["2026-09-17T00:00:00Z 10"]).await;
    let missing = explain(&world, &acme, "2026-09", "Plan pro: to the minimum").await;
    assert_eq!(
        missing.steps,
        [
            "the minimum of plan pro for the time of the line is 15.25",
            "its other lines come to 5.6",
            "15.25 - 5.6 = 9.65",
        ]
    );
    // What is for a part of the month says so, and nothing else does.
    let base = explain(&world, &acme, "2026-09", "Base").await;
    assert_eq!(base.steps[0], "the fee is for 1/2 of the month");
    let tokens = explain(&world, &acme, "2026-09", "Tokens").await;
    assert_eq!(
        tokens.steps,
        [
            "1 events come to 10 units",
            "10 × 0.0601 = 0.601",
            "exactly 0.601; rounded once, half away from zero: 0.60 USD",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packages_and_charges_are_explained_with_their_prices() {
    let price = r#"{"model":"package","package_size":"10","amount":"0.3","free_units":"5"}"#;
    let item = format!(r#"{{"key":"calls","name":"Calls","meter":"tokens","unit":"calls","price":{price}}}"#);
    let (world, acme) = world(&format!(r#""items":[{item}]"#)).await;
    world.used("tokens", "acme", &["2026-09-17T00:00:00Z 22"]).await;
    let calls = explain(&world, &acme, "2026-09", "Calls").await;
    assert_eq!(
        calls.steps[..3],
        [
            "1 events come to 22 calls",
            "less 5 units that are free, in packages of 10, of which one that is begun is whole",
            "2 × 0.3 = 0.6",
        ]
    );
    let charge = |id: &str, data: &str| world.event(id, "usage.charge", "acme", "2026-09-17T00:00:00Z", data);
    let events = vec![
        charge("1", r#"{"service":"Disk","quantity":"3","unit":"GB","unit_price":"0.105"}"#),
        charge("2", r#"{"service":"Disk","quantity":"5","unit":"GB","unit_price":"0.105"}"#),
        charge("3", r#"{"service":"Disk","description":"set-up","amount":"1.5"}"#),
    ];
    world.stored(events).await;
    let disk = explain(&world, &acme, "2026-09", "Disk").await;
    let mut parts = disk.steps[..2].to_vec();
    parts.sort();
    assert_eq!(parts, ["8 GB × 0.105 = 0.84", "set-up: the amounts of 1 events come to 1.5"]);
    assert_eq!(disk.steps[2], "exactly 2.34; rounded once, half away from zero: 2.34 USD");
}
