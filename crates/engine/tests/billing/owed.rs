//! What is owed to a customer, and comes back exactly: bills below zero and credit notes, with taxes.

use crate::world::{NOW, World, at, month};
use usage_api::stored;
use usage_domain::credit::GrantId;
use usage_domain::customer::Customer;
use usage_domain::money::Money;
use usage_engine::EngineError;
use usage_engine::billing::FinalizeOptions;

const LATER: &str = "2026-12-15T12:00:00Z";

/// A customer with VAT of 19 % on everything but exempt items, who used 200 in September.
async fn world(corrections: &str) -> (World, Customer) {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    let tax = r#"{"key":"vat","name":"VAT","rate":"0.19","categories":["standard"]}"#;
    world.engine.put_tax(&stored::tax(tax).unwrap()).await.unwrap();
    let items = r#""items":[
        {"key":"books","name":"Books","meter":"books","tax_category":"exempt","price":{"model":"per_unit","unit_amount":"1"}},
        {"key":"tokens","name":"Tokens","meter":"tokens","price":{"model":"per_unit","unit_amount":"1"}}]"#;
    world.meter("books", usage_domain::meter::Aggregation::Sum).await;
    world.plan("pro", &format!(r#""corrections":"{corrections}",{items}"#)).await;
    world.subscribe(&acme, "pro", "2026-09-01T00:00:00Z", None).await;
    world.used("tokens", "acme", &["2026-09-02T00:00:00Z 150", "2026-09-03T00:00:00Z 50"]).await;
    (world, acme)
}

async fn note(world: &World, customer: &Customer, amount: &str) -> Result<String, EngineError> {
    let amount = Money { amount: amount.parse().unwrap(), currency: customer.currency };
    let ids = (world.id().to_string(), GrantId(world.id()));
    let note = world.engine.make_credit_note("INV-000001", ids, amount, "all".into(), None, at(NOW)).await?;
    Ok(note.amount)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_note_of_a_whole_bill_gives_back_what_it_came_to_and_no_more() {
    let (world, acme) = world("next_bill").await;
    assert_eq!(world.finalize(&acme, "2026-09").await.unwrap().bill.total, "238.00");
    assert_eq!(note(&world, &acme, "238").await.unwrap(), "238.00");
    let error = note(&world, &acme, "0.01").await.unwrap_err().to_string();
    assert!(
        error.starts_with("amount: must be at most 0.00, what the bill and its credit notes come to"),
        "{error}"
    );
    world.used("tokens", "acme", &["2026-10-02T00:00:00Z 200"]).await;
    // It pays the next bill, though that month was over when it was made.
    let done = world.finalize(&acme, "2026-10").await.unwrap().bill;
    assert_eq!((done.taxes[0].amount.as_str(), done.total.as_str()), ("38.00", "0.00"));
    assert!(done.credits[0].after_taxes);
    assert_eq!(done.lines[0].settled_amount.as_deref(), Some("238.00"));
    assert_eq!(world.credits(&acme).await[0].1, "0");
    assert!(world.engine.verify_bill("INV-000002").await.unwrap().agrees);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_paid_a_bill_and_was_owed_before_can_be_given_back_again() {
    let (world, acme) = world("next_bill").await;
    world.finalize(&acme, "2026-09").await.unwrap();
    note(&world, &acme, "100").await.unwrap();
    world.used("tokens", "acme", &["2026-10-02T00:00:00Z 100"]).await;
    assert_eq!(world.finalize(&acme, "2026-10").await.unwrap().bill.total, "19.00");
    let amount = Money { amount: "119".parse().unwrap(), currency: acme.currency };
    let ids = (world.id().to_string(), GrantId(world.id()));
    world.engine.make_credit_note("INV-000002", ids, amount, "all".into(), None, at(NOW)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_is_worth_its_amount_whatever_the_bill_that_it_pays_is_taxed_with() {
    for corrections in ["credit_note", "next_bill"] {
        let (world, acme) = world(corrections).await;
        world.finalize(&acme, "2026-09").await.unwrap();
        world.void("tokens/acme/2026-09-03T00:00:00Z 50").await;
        if corrections == "credit_note" {
            world.used("books", "acme", &["2026-10-02T00:00:00Z 1"]).await;
        }
        let done = world.finalize(&acme, "2026-10").await.unwrap();
        match corrections {
            "credit_note" => assert_eq!(done.credit_notes[0].amount, "59.50"),
            _ => assert_eq!(done.bill.total, "-59.50"),
        }
        assert_eq!(world.credits(&acme).await[0].1, "59.5", "{corrections}");
        // Its first line is exempt.
        world.used("books", "acme", &["2026-11-02T00:00:00Z 50"]).await;
        world.used("tokens", "acme", &["2026-11-02T00:00:00Z 50"]).await;
        let november = world.bill(&acme, "2026-11").await;
        assert_eq!((november.credits[0].amount.as_str(), november.total.as_str()), ("59.50", "50.00"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_bill_owes_to_the_customer_pays_the_next_one_however_late_both_are_finalized() {
    let (world, acme) = world("next_bill").await;
    let finalize = async |of: &str| {
        let name = usage_domain::customer::CustomerRef::Id(acme.id);
        let ids = world.ids();
        let done =
            world.engine.finalize(&name, month(of), FinalizeOptions::default(), at(LATER), ids.as_ref());
        done.await.unwrap().bill
    };
    finalize("2026-09").await;
    world.void("tokens/acme/2026-09-03T00:00:00Z 50").await;
    world.used("tokens", "acme", &["2026-10-02T00:00:00Z 20", "2026-11-02T00:00:00Z 20"]).await;
    assert_eq!(finalize("2026-10").await.total, "-35.70");
    let november = finalize("2026-11").await;
    assert_eq!((november.credits[0].amount.as_str(), november.total.as_str()), ("23.80", "0.00"));
    assert_eq!(world.credits(&acme).await, [("Carried over from 2026-10".to_string(), "11.9".to_string())]);
}
