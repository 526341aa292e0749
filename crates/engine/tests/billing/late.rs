//! What comes late of months that have no bill, and the order of months.

use crate::world::{NOW, World, at, lines, month};
use usage_domain::customer::{Customer, CustomerRef};
use usage_engine::EngineError;
use usage_engine::billing::{FinalizeOptions, RunOptions};

const PER_TOKEN: &str = r#""items":[{"key":"tokens","name":"Tokens","meter":"tokens",
    "price":{"model":"per_unit","unit_amount":"0.05"}}]"#;
const FEE: &str = r#""items":[{"key":"fee","name":"Fee","price":{"model":"flat","amount":"9"}}]"#;

/// A customer on a plan since July, who used something in September.
async fn world() -> (World, Customer) {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", PER_TOKEN).await;
    world.subscribe(&acme, "pro", "2026-07-01T00:00:00Z", None).await;
    world.used("tokens", "acme", &["2026-09-02T00:00:00Z 100"]).await;
    (world, acme)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_usage_of_a_month_that_had_nothing_to_bill_is_on_the_next_bill_once() {
    let (world, acme) = world().await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.used("tokens", "acme", &["2026-08-20T00:00:00Z 200", "2026-10-02T00:00:00Z 10"]).await;
    let late = ("adjustment", "Tokens (2026-08, late)", "10.00");
    let october = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&october), [("usage", "Tokens", "0.50"), late]);
    // The month itself is closed: nothing is on two bills.
    assert_eq!(lines(&world.bill(&acme, "2026-08").await), []);
    let refused = world.finalize(&acme, "2026-08").await.unwrap_err();
    assert!(matches!(refused, EngineError::PassedOver { .. }), "{refused}");
    assert!(refused.to_string().contains("2026-09 was finalized (bill INV-000001)"), "{refused}");
    let done = world.finalize(&acme, "2026-10").await.unwrap().bill;
    assert_eq!((done.total.as_str(), done.lines[1].adjusts.as_ref().unwrap().bill.as_ref()), ("10.50", None));
    assert!(world.engine.verify_bill("INV-000002").await.unwrap().agrees);
    // More of it, and less: what changed since.
    world.used("tokens", "acme", &["2026-08-21T00:00:00Z 20", "2026-07-01T00:00:00Z 2"]).await;
    let november = world.bill(&acme, "2026-11").await;
    let july = ("adjustment", "Tokens (2026-07, late)", "0.10");
    assert_eq!(lines(&november), [july, ("adjustment", "Tokens (2026-08, late)", "1.00")]);
    world.void("tokens/acme/2026-08-20T00:00:00Z 200").await;
    let november = world.bill(&acme, "2026-11").await;
    assert_eq!(lines(&november), [july, ("adjustment", "Tokens (2026-08, late)", "-9.00")]);
    world.void("tokens/acme/2026-08-21T00:00:00Z 20").await;
    let november = world.bill(&acme, "2026-11").await;
    assert_eq!(lines(&november), [july, ("adjustment", "Tokens (2026-08, late)", "-10.00")]);
    // The bill that passed the month over is voided after the one that has what came late.
    let refused = world.engine.void_bill("INV-000001", at(NOW)).await.unwrap_err().to_string();
    assert!(refused.contains("is followed by bill INV-000002"), "{refused}");
    world.engine.void_bill("INV-000002", at(NOW)).await.unwrap();
    world.engine.void_bill("INV-000001", at(NOW)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_within_a_trial_leaves_no_month_open() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", &format!(r#""trial_days":31,{PER_TOKEN}"#)).await;
    world.subscribe(&acme, "pro", "2026-08-01T00:00:00Z", None).await;
    world.used("tokens", "acme", &["2026-08-02T00:00:00Z 100", "2026-09-02T00:00:00Z 100"]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    let data = r#"{"service":"Support","amount":"7"}"#;
    world.stored(vec![world.event("a", "usage.charge", "acme", "2026-08-05T00:00:00Z", data)]).await;
    let october = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&october), [("adjustment", "Support (2026-08, late)", "7.00")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_was_left_out_with_something_to_bill_can_still_have_its_bill_and_is_on_no_other() {
    let (world, acme) = world().await;
    world.plan("base", FEE).await;
    world.subscribe(&acme, "base", "2026-08-01T00:00:00Z", Some("2026-09-01T00:00:00Z")).await;
    world.used("tokens", "acme", &["2026-07-20T00:00:00Z 20"]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.used("tokens", "acme", &["2026-07-21T00:00:00Z 20"]).await;
    assert_eq!(lines(&world.bill(&acme, "2026-10").await), []);
    assert_eq!(world.finalize(&acme, "2026-07").await.unwrap().bill.total, "2.00");
    assert_eq!(world.finalize(&acme, "2026-08").await.unwrap().bill.total, "9.00");
    world.used("tokens", "acme", &["2026-07-22T00:00:00Z 20"]).await;
    let late = ("adjustment", "Tokens (2026-07, bill INV-000002)", "1.00");
    assert_eq!(lines(&world.bill(&acme, "2026-10").await), [late]);
    // A month that the first bill passed over is still late behind that one.
    world.used("tokens", "acme", &["2026-06-22T00:00:00Z 20"]).await;
    assert_eq!(lines(&world.bill(&acme, "2026-10").await).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_is_changed_afterwards_bills_no_month_that_was_passed_over() {
    let (world, acme) = world().await;
    world.used("storage", "acme", &["2026-08-01T00:00:00Z 10", "2026-08-31T00:00:00Z -10"]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    let storage = r#",{"key":"disk","name":"Disk","meter":"storage","price":{"model":"per_unit","unit_amount":"1"}},
        {"key":"fee","name":"Fee","price":{"model":"flat","amount":"9"}}]"#;
    world.plan("pro", &PER_TOKEN.replace("}}]", &format!("}}}}{storage}"))).await;
    let october = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&october), [("fee", "Fee", "9.00")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn charges_that_come_late_need_no_plan() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    let charge = |id: &str, time: &str, amount: &str| {
        let data = format!("{{\"service\":\"Support\",\"amount\":\"{amount}\"}}");
        world.event(id, "usage.charge", "acme", time, &data)
    };
    world.stored(vec![charge("a", "2026-09-05T00:00:00Z", "5")]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.stored(vec![charge("b", "2019-02-05T00:00:00Z", "7")]).await;
    let october = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&october), [("adjustment", "Support (2019-02, late)", "7.00")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_has_not_begun_is_never_finalized() {
    let (world, acme) = world().await;
    let name = CustomerRef::Id(acme.id);
    let (force, ids) = (FinalizeOptions { force: true }, world.ids());
    let refused =
        world.engine.finalize(&name, month("2026-12"), force, at(NOW), ids.as_ref()).await.unwrap_err();
    assert_eq!(refused.to_string(), "2026-12 cannot be finalized before it begins, at 2026-12-01T00:00:00Z");
    let run = RunOptions { month: month("2027-01"), offset: 0, limit: 10, force: true };
    let refused = world.engine.bill_run(run, at(NOW), &ids).await.unwrap_err();
    assert!(matches!(refused, EngineError::NotBegun { .. }), "{refused}");
    // One that is not over is, where that is asked for.
    world.used("tokens", "acme", &["2026-11-02T00:00:00Z 100"]).await;
    let done = world.engine.finalize(&name, month("2026-11"), force, at(NOW), ids.as_ref()).await.unwrap();
    assert_eq!(done.bill.total, "5.00");
}
