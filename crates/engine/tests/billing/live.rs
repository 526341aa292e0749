//! Open bills: plans, subscriptions, coupons, credits and taxes.

use crate::world::{NOW, World, at, lines};
use usage_api::stored;
use usage_domain::subscription::SubscriptionId;

const TOKENS: &str = r#""items":[
    {"key":"fee","name":"Base fee","price":{"model":"flat","amount":"31","payment_term":"in_advance"}},
    {"key":"tokens","name":"Tokens","meter":"tokens","unit":"tokens","details":["model"],
     "price":{"model":"graduated","tiers":[{"up_to":"100","unit_amount":"0"},{"up_to":null,"unit_amount":"0.0333"}]}}]"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_has_a_line_for_each_item_with_its_tiers_and_details() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", TOKENS).await;
    world.subscribe(&acme, "pro", "2026-10-01T00:00:00Z", None).await;
    world
        .used(
            "tokens",
            "acme",
            &["2026-10-02T00:00:00Z 150 a", "2026-10-03T00:00:00Z 1 b", "2026-11-01T00:00:00Z 7 a"],
        )
        .await;
    let bill = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&bill), [("fee", "Base fee", "31.00"), ("usage", "Tokens", "1.70")]);
    assert_eq!((bill.total.as_str(), bill.exact_total.as_str()), ("32.70", "32.6983"));
    let tokens = &bill.lines[1];
    assert_eq!((tokens.quantity.as_deref(), tokens.events), (Some("151"), 2));
    let tiers: Vec<_> =
        tokens.rating.iter().map(|part| (part.quantity.as_str(), part.total.as_str())).collect();
    assert_eq!(tiers, [("100", "0"), ("51", "1.6983")]);
    let by: Vec<_> = tokens.details.iter().map(|detail| detail.quantity.clone().unwrap()).collect();
    assert_eq!(by, ["150", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_plan_in_mid_month_rates_each_stretch_by_itself() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", TOKENS).await;
    world.plan("big", &TOKENS.replace("\"31\"", "\"62\"").replace("Base", "Big")).await;
    let old = world.subscribe(&acme, "pro", "2026-10-01T00:00:00Z", None).await;
    let draft = world.draft("big", Some("2026-10-11T00:00:00Z"), None);
    let new = (SubscriptionId(world.id()), draft);
    world.engine.change_subscription(&acme, old.id, new, at(NOW)).await.unwrap();
    world.used("tokens", "acme", &["2026-10-10T23:59:59Z 200", "2026-10-11T00:00:00Z 200"]).await;
    let bill = world.bill(&acme, "2026-10").await;
    assert_eq!(
        lines(&bill),
        [
            ("fee", "Base fee", "10.00"),
            ("usage", "Tokens", "3.33"),
            ("fee", "Big fee", "42.00"),
            ("usage", "Tokens", "3.33"),
        ]
    );
    assert_eq!(bill.lines[0].plan.as_ref().unwrap().share.as_deref(), Some("10/31"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_costs_nothing_and_a_level_counts_for_its_part_of_the_month() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    let items = r#""trial_days":15,"items":[
        {"key":"fee","name":"Fee","price":{"model":"flat","amount":"30"}},
        {"key":"once","name":"Setup","price":{"model":"flat","amount":"5","payment_term":"once"}},
        {"key":"disk","name":"Disk","meter":"storage","unit":"GB-months","price":{"model":"per_unit","unit_amount":"2"}}]"#;
    world.plan("disk", items).await;
    world.subscribe(&acme, "disk", "2026-09-01T00:00:00Z", None).await;
    world.used("storage", "acme", &["2026-08-20T00:00:00Z 10"]).await;
    let bill = world.bill(&acme, "2026-09").await;
    // Half of September: 15 of the fee, once the set-up, 10 GB for half a month.
    assert_eq!(lines(&bill), [("fee", "Fee", "15.00"), ("fee", "Setup", "5.00"), ("usage", "Disk", "10.00")]);
    let bill = world.bill(&acme, "2026-10").await;
    assert_eq!(lines(&bill), [("fee", "Fee", "30.00"), ("usage", "Disk", "20.00")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coupons_come_before_credits_and_credits_before_taxes() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world
        .plan("flat", r#""items":[{"key":"fee","name":"Fee","price":{"model":"flat","amount":"100"}}]"#)
        .await;
    world.subscribe(&acme, "flat", "2026-10-01T00:00:00Z", None).await;
    let coupon = stored::coupon(r#"{"key":"ten","name":"Ten off","percentage":"0.1","months":1}"#).unwrap();
    world.engine.put_coupon(&coupon).await.unwrap();
    world.engine.give_coupon(acme.id, "ten", "2026-10".parse().unwrap()).await.unwrap();
    let tax = stored::tax(r#"{"key":"vat","name":"VAT","rate":"0.19"}"#).unwrap();
    world.engine.put_tax(&tax).await.unwrap();
    world.grant(&acme, "Promotion", "40", Some("2026-12-31T00:00:00Z")).await;
    let bill = world.bill(&acme, "2026-10").await;
    assert_eq!(bill.discounts[0].amount, "10.00");
    assert_eq!(bill.credits[0].amount, "40.00");
    assert_eq!((bill.taxes[0].base_amount.as_str(), bill.taxes[0].amount.as_str()), ("50.00", "9.50"));
    assert_eq!(bill.total, "59.50");
    // An open bill draws on nothing; the coupon is of one month.
    assert_eq!(world.credits(&acme).await, [("Promotion".to_string(), "40".to_string())]);
    assert!(world.bill(&acme, "2026-11").await.discounts.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_that_look_at_single_events_get_them_as_they_count() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    let items = r#""items":[{"key":"p","name":"Payments","meter":"tokens",
        "price":{"model":"percentage","rate":"0.01","fixed_amount":"0.30","free_events":"1","min_per_event":"1"}}]"#;
    world.plan("pay", items).await;
    world.subscribe(&acme, "pay", "2026-10-01T00:00:00Z", None).await;
    world
        .used(
            "tokens",
            "acme",
            &["2026-10-03T00:00:00Z 10", "2026-10-02T00:00:00Z 1000", "2026-10-04T00:00:00Z 500"],
        )
        .await;
    // The first of the month is free, one is at the minimum, one pays 1 % and 0.30.
    assert_eq!(world.bill(&acme, "2026-10").await.total, "6.30");
    world.void("tokens/acme/2026-10-02T00:00:00Z 1000").await;
    world.amend("tokens/acme/2026-10-04T00:00:00Z 500", "700").await;
    assert_eq!(world.bill(&acme, "2026-10").await.total, "7.30");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_with_its_field() {
    let world = World::new().await;
    let acme = world.customer("acme").await;
    world.plan("pro", TOKENS).await;
    let refused = |draft| {
        let (world, acme) = (&world, &acme);
        async move {
            let made = world.engine.subscribe(acme, SubscriptionId(world.id()), draft, at(NOW)).await;
            made.unwrap_err().to_string()
        }
    };
    let error = refused(world.draft("pro", Some("2026-10-02T00:00:00Z"), Some("2026-10-01T00:00:00Z"))).await;
    assert_eq!(error, "end: must be after the start, 2026-10-02T00:00:00Z, not 2026-10-01T00:00:00Z");
    let error = refused(world.draft("pro", Some("2025-10-02T00:00:00Z"), None)).await;
    assert!(
        error.starts_with("start: must be at or after 2026-01-01T00:00:00Z, when the plan \"pro\" begins"),
        "{error}"
    );
    let error = refused(world.draft("none", None, None)).await;
    assert_eq!(error, "plan: there is no plan \"none\"");
    world.subscribe(&acme, "pro", "2026-10-02T00:00:00Z", None).await;
    let error = refused(world.draft("pro", Some("2026-12-02T00:00:00Z"), None)).await;
    assert!(error.contains("the customer is on \"pro\" already, from 2026-10-02T00:00:00Z"), "{error}");

    let unknown = TOKENS.replace("\"meter\":\"tokens\"", "\"meter\":\"nothing\"");
    let text = format!(
        r#"{{"key":"x","name":"x","versions":[{{"effective_from":"2026-01-01T00:00:00Z","currency":"USD",{unknown}}}]}}"#
    );
    let error = world.engine.put_plan(stored::plan(&text).unwrap()).await.unwrap_err().to_string();
    assert_eq!(error, "versions[0].items[1].meter: there is no meter \"nothing\"; there are tokens, storage");
}
