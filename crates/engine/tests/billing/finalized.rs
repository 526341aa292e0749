//! Finalized bills: numbers, proofs, what comes later, what is void.

use crate::world::{NOW, World, at, lines, month};
use usage_domain::customer::Customer;
use usage_domain::money::Money;
use usage_engine::EngineError;

const PER_TOKEN: &str = r#""items":[{"key":"tokens","name":"Tokens","meter":"tokens",
    "price":{"model":"per_unit","unit_amount":"0.05"}}]"#;

async fn world() -> (World, Customer) {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", PER_TOKEN).await;
    world.subscribe(&acme, "pro", "2026-09-01T00:00:00Z", None).await;
    world.used("tokens", "acme", &["2026-09-02T00:00:00Z 100", "2026-09-03T00:00:00Z 60"]).await;
    (world, acme)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finalized_bill_has_a_number_and_never_changes() {
    let (world, acme) = world().await;
    let done = world.finalize(&acme, "2026-09").await.unwrap().bill;
    assert_eq!((done.number.as_deref(), done.status.as_str()), (Some("INV-000001"), "finalized"));
    assert_eq!(done.total, "8.00");
    world.used("tokens", "acme", &["2026-09-30T23:59:59Z 1000"]).await;
    assert_eq!(world.bill(&acme, "2026-09").await, done);
    assert_eq!(world.engine.finalized_bill("INV-000001").await.unwrap(), done);
    let again = world.finalize(&acme, "2026-09").await.unwrap_err();
    assert_eq!(again.to_string(), "2026-09 of customer 1 is finalized already: bill INV-000001");
    let proof = world.engine.verify_bill("INV-000001").await.unwrap();
    assert!(proof.agrees, "{:?}", proof.differences);
    assert_eq!(proof.recomputed_total, "8.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_that_is_not_over_or_has_nothing_is_refused() {
    let (world, acme) = world().await;
    let early = world.finalize(&acme, "2026-11").await.unwrap_err().to_string();
    assert!(early.starts_with("2026-11 cannot be finalized before 2026-12-01T00:00:00Z"), "{early}");
    let nothing = world.finalize(&acme, "2026-08").await.unwrap_err();
    assert!(matches!(nothing, EngineError::NothingToBill { .. }), "{nothing}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_and_corrected_usage_is_a_line_of_the_next_bill_that_names_its_month() {
    let (world, acme) = world().await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.used("tokens", "acme", &["2026-09-29T00:00:00Z 40", "2026-10-05T00:00:00Z 10"]).await;
    let october = world.bill(&acme, "2026-10").await;
    let late = ("adjustment", "Tokens (2026-09, bill INV-000001)", "2.00");
    assert_eq!(lines(&october), [("usage", "Tokens", "0.50"), late]);
    // Down again, and below what was billed.
    world.void("tokens/acme/2026-09-02T00:00:00Z 100").await;
    let october = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&october)[1].2, "-3.00");
    assert_eq!(october.total, "-2.50");
    // What is owed to the customer pays the next bill.
    let done = world.finalize(&acme, "2026-10").await.unwrap().bill;
    assert_eq!(done.total, "-2.50");
    assert_eq!(world.credits(&acme).await, [("Carried over from 2026-10".to_string(), "2.5".to_string())]);
    world.used("tokens", "acme", &["2026-11-05T00:00:00Z 100"]).await;
    let november = world.bill(&acme, "2026-11").await;
    assert_eq!(lines(&november), [("usage", "Tokens", "5.00")]);
    assert_eq!((november.credits[0].amount.as_str(), november.total.as_str()), ("2.50", "2.50"));
    // Once more: only what changed since.
    world.amend("tokens/acme/2026-09-03T00:00:00Z 60", "80").await;
    let november = world.bill(&acme, "2026-11").await;
    assert_eq!(lines(&november)[1].2, "1.00");
    assert!(world.engine.verify_bill("INV-000002").await.unwrap().agrees);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_may_have_what_is_owed_less_as_a_credit_note() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", &format!(r#""corrections":"credit_note",{PER_TOKEN}"#)).await;
    world.subscribe(&acme, "pro", "2026-09-01T00:00:00Z", None).await;
    world.used("tokens", "acme", &["2026-09-02T00:00:00Z 100", "2026-09-03T00:00:00Z 60"]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.void("tokens/acme/2026-09-03T00:00:00Z 60").await;
    world.used("tokens", "acme", &["2026-10-02T00:00:00Z 200"]).await;
    let done = world.finalize(&acme, "2026-10").await.unwrap();
    assert_eq!(lines(&done.bill), [("usage", "Tokens", "10.00")]);
    let note = &done.credit_notes[0];
    assert_eq!(
        (note.number.as_str(), note.bill.as_str(), note.amount.as_str()),
        ("CN-000001", "INV-000001", "3.00")
    );
    world.used("tokens", "acme", &["2026-11-02T00:00:00Z 200"]).await;
    // It is said once, and pays the next bill.
    let november = world.bill(&acme, "2026-11").await;
    assert_eq!((lines(&november).len(), november.credits[0].amount.as_str()), (1, "3.00"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_bill_gives_credits_back_and_opens_its_month() {
    let (world, acme) = world().await;
    world.grant(&acme, "Gift", "5", None).await;
    let done = world.finalize(&acme, "2026-09").await.unwrap().bill;
    assert_eq!((done.total.as_str(), done.credits[0].amount.as_str()), ("3.00", "5.00"));
    assert_eq!(world.credits(&acme).await, [("Gift".to_string(), "0".to_string())]);
    let void = world.engine.void_bill("INV-000001", at(NOW)).await.unwrap();
    assert_eq!(void.status, "void");
    assert_eq!(world.credits(&acme).await, [("Gift".to_string(), "5".to_string())]);
    assert_eq!(world.bill(&acme, "2026-09").await.status, "open");
    let again = world.finalize(&acme, "2026-09").await.unwrap().bill;
    assert_eq!((again.number.as_deref(), again.total.as_str()), (Some("INV-000002"), "3.00"));
    let paid = world.engine.pay_bill("INV-000002", at(NOW)).await.unwrap();
    assert_eq!(paid.status, "paid");
    let error = world.engine.void_bill("INV-000002", at(NOW)).await.unwrap_err().to_string();
    assert!(error.starts_with("bill INV-000002 is paid and cannot be voided"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_later_ones_build_on_is_voided_after_them() {
    let (world, acme) = world().await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.void("tokens/acme/2026-09-02T00:00:00Z 100").await;
    assert_eq!(world.finalize(&acme, "2026-10").await.unwrap().bill.total, "-5.00");
    let error = world.engine.void_bill("INV-000001", at(NOW)).await.unwrap_err().to_string();
    assert_eq!(error, "bill INV-000001 is adjusted by bill INV-000002; void that one first");
    world.engine.void_bill("INV-000002", at(NOW)).await.unwrap();
    assert_eq!(world.credits(&acme).await, [("Carried over from 2026-10".to_string(), "0".to_string())]);
    world.engine.void_bill("INV-000001", at(NOW)).await.unwrap();
    assert_eq!(world.finalize(&acme, "2026-09").await.unwrap().bill.total, "3.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_carried_over_or_noted_is_worth_the_same_with_its_tax() {
    let (world, acme) = world().await;
    let tax = usage_api::stored::tax(r#"{"key":"vat","name":"VAT","rate":"0.2"}"#).unwrap();
    world.engine.put_tax(&tax).await.unwrap();
    assert_eq!(world.finalize(&acme, "2026-09").await.unwrap().bill.total, "9.60");
    world.void("tokens/acme/2026-09-02T00:00:00Z 100").await;
    assert_eq!(world.finalize(&acme, "2026-10").await.unwrap().bill.total, "-6.00");
    world.used("tokens", "acme", &["2026-11-02T00:00:00Z 200"]).await;
    // 10.00 less 5.00, and the tax of what is left: 12.00 less 6.00.
    assert_eq!(world.bill(&acme, "2026-11").await.total, "6.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_note_by_hand_is_credit_of_at_most_what_was_owed() {
    let (world, acme) = world().await;
    world.finalize(&acme, "2026-09").await.unwrap();
    let note = |amount: &str| {
        let amount = Money { amount: amount.parse().unwrap(), currency: acme.currency };
        let ids = (world.id().to_string(), usage_domain::credit::GrantId(world.id()));
        world.engine.make_credit_note("INV-000001", ids, amount, "outage".into(), None, at(NOW))
    };
    assert_eq!(note("3").await.unwrap().number, "CN-000001");
    let error = note("5.01").await.unwrap_err().to_string();
    assert_eq!(error, "amount: must be at most 5.00, what the bill and its credit notes come to, not 5.01");
    assert_eq!(note("5").await.unwrap().number, "CN-000002");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_is_explained_by_its_events_and_steps() {
    let (world, acme) = world().await;
    world.amend("tokens/acme/2026-09-03T00:00:00Z 60", "61").await;
    world.finalize(&acme, "2026-09").await.unwrap();
    world.used("tokens", "acme", &["2026-09-29T00:00:00Z 40"]).await;
    let explained = world.engine.explain_finalized("INV-000001", "Tokens", 10).await.unwrap();
    let events: Vec<_> = explained.events.iter().map(|e| (e.time.as_str(), e.value.as_str())).collect();
    assert_eq!(events, [("2026-09-02T00:00:00Z", "100"), ("2026-09-03T00:00:00Z", "61")]);
    assert_eq!(
        explained.steps,
        [
            "2 events come to 161 units",
            "161 × 0.05 = 8.05",
            "exactly 8.05; rounded once, half away from zero: 8.05 USD",
        ]
    );
    let name = usage_domain::customer::CustomerRef::Id(acme.id);
    let live = world.engine.explain(&name, Some(month("2026-09")), "Tokens", 1, at(NOW)).await.unwrap();
    assert_eq!((live.events.len(), live.total_events), (1, 2));
}
