//! What cannot change once bills, plans, credits and coupons are of it.

use crate::world::{NOW, World, at};
use usage_api::stored;
use usage_domain::customer::{Customer, CustomerDraft, CustomerRef};
use usage_domain::subscription::SubscriptionId;
use usage_engine::EngineError;
use usage_engine::billing::SubscriptionDraft;

const ITEMS: &str = r#""items":[
    {"key":"fee","name":"Fee","price":{"model":"flat","amount":"30"}},
    {"key":"once","name":"Setup","price":{"model":"flat","amount":"99","payment_term":"once"}},
    {"key":"tokens","name":"Tokens","meter":"tokens","price":{"model":"per_unit","unit_amount":"10"}}]"#;

async fn world() -> (World, Customer, SubscriptionId) {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", ITEMS).await;
    let on = world.subscribe(&acme, "pro", "2026-08-01T00:00:00Z", None).await;
    (world, acme, on.id)
}

async fn update(world: &World, change: impl FnOnce(&mut CustomerDraft)) -> Result<Customer, EngineError> {
    let mut draft = CustomerDraft { key: Some("acme".into()), ..CustomerDraft::named("acme") };
    change(&mut draft);
    world.engine.update_customer(&CustomerRef::Key("acme".into()), draft, at(NOW)).await
}

fn refusal(error: EngineError) -> String {
    assert!(matches!(&error, EngineError::Store(usage_store::StoreError::Conflict(_))), "{error:?}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_with_finalized_bills_keeps_its_time_zone() {
    let (world, acme, _) = world().await;
    let tokyo = |draft: &mut CustomerDraft| draft.zone = "Asia/Tokyo".parse().unwrap();
    update(&world, tokyo).await.unwrap();
    update(&world, |_| {}).await.unwrap();
    world.used("tokens", "acme", &["2026-09-30T20:00:00Z 1"]).await;
    world.finalize(&acme, "2026-09").await.unwrap();
    let refused = refusal(update(&world, tokyo).await.unwrap_err());
    assert!(refused.starts_with("timezone: UTC cannot become Asia/Tokyo: months up to 2026-09"), "{refused}");
    assert!(refused.contains("bill INV-000001"), "{refused}");
    // Everything else changes, and so does this once nothing is billed.
    update(&world, |draft| draft.name = "Acme".into()).await.unwrap();
    world.engine.void_bill("INV-000001", at(NOW)).await.unwrap();
    update(&world, tokyo).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_currency_changes_only_where_nothing_is_in_another_one() {
    let euro = |draft: &mut CustomerDraft| draft.currency = "EUR".parse().unwrap();
    let (world, acme, _) = world().await;
    let refused = refusal(update(&world, euro).await.unwrap_err());
    assert!(refused.contains("the plan \"pro\", which is in USD"), "{refused}");
    world.finalize(&acme, "2026-09").await.unwrap();
    let refused = refusal(update(&world, euro).await.unwrap_err());
    assert!(refused.starts_with("currency: USD cannot become EUR: months up to 2026-09"), "{refused}");

    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.grant(&acme, "Gift", "5", None).await;
    let refused = refusal(update(&world, euro).await.unwrap_err());
    assert!(refused.contains("the credit \"Gift\" in USD"), "{refused}");
    let grants = world.engine.grants(acme.id).await.unwrap();
    world.engine.void_grant(acme.id, grants[0].id, at(NOW)).await.unwrap();
    let coupon = r#"{"key":"five","name":"Five","amount":"5","currency":"USD"}"#;
    world.engine.put_coupon(&stored::coupon(coupon).unwrap()).await.unwrap();
    world.engine.give_coupon(acme.id, "five", "2026-10".parse().unwrap()).await.unwrap();
    let refused = refusal(update(&world, euro).await.unwrap_err());
    assert!(refused.contains("the coupon \"five\""), "{refused}");
    world.engine.take_coupon(acme.id, "five").await.unwrap();
    update(&world, euro).await.unwrap();
    // And the coupon is for nobody who is billed in another currency.
    let refused = world.engine.give_coupon(acme.id, "five", "2026-10".parse().unwrap()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "coupon: \"five\" is of an amount in USD, and the customer is billed in EUR"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_does_not_change_in_months_that_are_finalized() {
    let (world, acme, on) = world().await;
    world.finalize(&acme, "2026-08").await.unwrap();
    world.finalize(&acme, "2026-09").await.unwrap();
    let said = "2026-09 is finalized (bill INV-000002), and what is before its end stays as it is; void that bill \
                first, or choose 2026-10-01T00:00:00Z or later";
    let ended = world.engine.end_subscription(&acme, on, at("2026-08-16T00:00:00Z")).await;
    assert_eq!(refusal(ended.unwrap_err()), format!("at: {said}"));
    let change = async |start: &str| {
        let new = (SubscriptionId(world.id()), world.draft("pro", Some(start), None));
        world.engine.change_subscription(&acme, on, new, at(NOW)).await
    };
    assert_eq!(refusal(change("2026-08-16T00:00:00Z").await.unwrap_err()), format!("start: {said}"));
    world.plan("more", ITEMS).await;
    let subscribe = async |start: &str, end: Option<&str>| {
        let draft = world.draft("more", Some(start), end);
        world.engine.subscribe(&acme, SubscriptionId(world.id()), draft, at(NOW)).await
    };
    assert_eq!(refusal(subscribe("2026-08-10T00:00:00Z", None).await.unwrap_err()), format!("start: {said}"));
    // A month that was passed over is closed, too.
    let early = subscribe("2026-05-10T00:00:00Z", Some("2026-06-10T00:00:00Z")).await.unwrap_err();
    assert!(refusal(early).starts_with("start: 2026-08 is finalized (bill INV-000001)"));
    // Behind them, everything changes; a void bill opens its month.
    change("2026-10-01T00:00:00Z").await.unwrap();
    world.engine.void_bill("INV-000002", at(NOW)).await.unwrap();
    subscribe("2026-09-10T00:00:00Z", None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_once_is_due_once_on_a_plan_whatever_its_version() {
    let (world, acme, on) = world().await;
    let new = (SubscriptionId(world.id()), world.draft("pro", Some("2026-08-16T00:00:00Z"), None));
    let begun = world.engine.change_subscription(&acme, on, new, at(NOW)).await.unwrap();
    assert_eq!(begun.trial_end, None);
    let bill = world.bill(&acme, "2026-08").await;
    let once: Vec<&str> = bill.lines.iter().map(|line| line.service.as_str()).collect();
    assert_eq!(once, ["Fee", "Setup", "Fee"]);
    // Another plan is another thing.
    world.plan("more", ITEMS).await;
    let new = (SubscriptionId(world.id()), world.draft("more", Some("2026-10-01T00:00:00Z"), None));
    world.engine.change_subscription(&acme, begun.id, new, at(NOW)).await.unwrap();
    assert_eq!(world.bill(&acme, "2026-10").await.total, "129.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_within_a_trial_leaves_what_is_due_once_to_its_end_and_begins_no_new_trial() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", &format!(r#""trial_days":20,{ITEMS}"#)).await;
    let on = world.subscribe(&acme, "pro", "2026-08-01T00:00:00Z", None).await;
    let change = async |of: SubscriptionId, start: &str| {
        let new = (SubscriptionId(world.id()), world.draft("pro", Some(start), None));
        world.engine.change_subscription(&acme, of, new, at(NOW)).await.unwrap()
    };
    let begun = change(on.id, "2026-08-11T00:00:00Z").await;
    assert_eq!(begun.trial_end, Some(at("2026-08-21T00:00:00Z")));
    assert!(world.bill(&acme, "2026-08").await.lines.iter().any(|line| line.service == "Setup"));
    let again = change(begun.id, "2026-09-01T00:00:00Z").await;
    // The plan has a trial, which is not this one's.
    assert_eq!(again.trial_end, Some(at("2026-09-01T00:00:00Z")));
    assert_eq!(world.bill(&acme, "2026-09").await.total, "30.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_that_ends_before_it_begins_is_refused() {
    let (world, acme, _) = world().await;
    world.plan("more", ITEMS).await;
    let draft = SubscriptionDraft {
        trial_end: Some(at("2026-09-30T00:00:00Z")),
        ..world.draft("more", Some("2026-10-01T00:00:00Z"), None)
    };
    let refused =
        world.engine.subscribe(&acme, SubscriptionId(world.id()), draft, at(NOW)).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "trial_end: must be at or after the start, 2026-10-01T00:00:00Z, not 2026-09-30T00:00:00Z"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_month_is_a_fraction_of_whole_numbers() {
    let (world, acme, _) = world().await;
    let draft = world.draft("pro", Some("2026-09-10T01:30:00Z"), Some("2026-10-01T00:00:00Z"));
    world.plan("more", ITEMS).await;
    let draft = SubscriptionDraft { plan: "more".into(), ..draft };
    world.engine.subscribe(&acme, SubscriptionId(world.id()), draft, at(NOW)).await.unwrap();
    let bill = world.bill(&acme, "2026-09").await;
    let shares: Vec<&str> =
        bill.lines.iter().filter_map(|line| line.plan.as_ref()?.share.as_deref()).collect();
    assert_eq!(shares, ["67/96"]);
}
