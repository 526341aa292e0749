//! Plans, taxes, coupons and settings: what is kept, and what makes no sense.

use crate::billing_support::{acme, plan};
use crate::support::Service;
use serde_json::{Value, json};

const PLAN: &str = "/api/v1/plans/pro";

#[test]
fn a_plan_is_made_read_and_changed_under_its_key() {
    let app = acme();
    let made = app.get(PLAN).ok();
    assert_eq!((&made["key"], &made["versions"][0]["version"]), (&json!("pro"), &json!(1)));
    // What is read can be sent.
    assert_eq!(app.put(PLAN, &made).ok(), made);
    let mut changed = made.clone();
    let mut second = made["versions"][0].clone();
    second["effective_from"] = json!("2026-12-01T00:00:00Z");
    second["version"] = json!(null);
    changed["versions"].as_array_mut().unwrap().insert(0, second);
    let changed = app.put(PLAN, changed).ok();
    let versions: Vec<_> = changed["versions"].as_array().unwrap().iter().collect();
    assert_eq!(versions.iter().map(|one| &one["version"]).collect::<Vec<_>>(), [&json!(1), &json!(2)]);
    assert_eq!(app.get("/api/v1/plans").ok(), json!([changed]));
    app.get("/api/v1/plans/none").problem(404, "not-found", "there is no plan \"none\"");
    app.put("/api/v1/plans/other", &made).invalid("key", "must be \"other\", as in the path, or absent");
}

#[test]
fn a_meter_that_a_plan_is_of_neither_goes_nor_loses_what_the_plan_names() {
    let app = acme();
    let mut by_model = plan("0.05");
    by_model["versions"][0]["items"][0]["details"] = json!(["model"]);
    app.put("/api/v1/plans/team", by_model).ok();
    let meter = "/api/v1/meters/tokens";
    app.delete(meter).problem(409, "conflict", "billed by \"pro\", \"team\"; take its items out");
    let said = "item \"tokens\" of version 1 of the plan \"team\" needs it for its details";
    app.put(meter, json!({"groupBy": {}})).problem(409, "conflict", said);
    app.put(meter, json!({"groupBy": {"model": "$.model", "region": "$.region"}})).ok();
    assert_eq!(app.get("/api/v1/customers/acme/bill?month=2026-09").ok()["total"], "8.00");
    let fee = json!([{"key": "base", "name": "Base", "price": {"model": "flat", "amount": "5"}}]);
    for key in ["pro", "team"] {
        let mut without = plan("0.05");
        without["versions"][0]["items"] = fee.clone();
        app.put(&format!("/api/v1/plans/{key}"), without).ok();
    }
    app.delete(meter).expect(204, "");
}

/// Puts the plan with one thing changed.
#[track_caller]
fn refused(app: &Service, place: &str, value: Value, field: &str, reason: &str) {
    let mut body = plan("0.05");
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match name.parse::<usize>() {
        Ok(at) => parent.as_array_mut().unwrap().insert(at, value),
        Err(_) => parent[name] = value,
    }
    app.put(PLAN, body).invalid(field, reason);
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_with_the_field_the_value_and_what_would_be_right() {
    let app = acme();
    let before = app.get(PLAN).ok();
    let tier = |up_to: Value| json!({"up_to": up_to, "unit_amount": "1"});
    let tiers = |bounds: [Value; 3]| json!({"model": "graduated", "tiers": bounds.map(tier)});
    let item = "/versions/0/items/0";
    let price = "/versions/0/items/0/price";
    let second = plan("0.05")["versions"][0].clone();
    for (place, value, field, reason) in [
        (price, tiers([json!("100"), json!("50"), json!(null)]), "price.tiers[1].up_to", "50"),
        (price, tiers([json!("100"), json!("100"), json!(null)]), "price.tiers[1].up_to", "100"),
        (price, tiers([json!("1"), json!("2"), json!("3")]), "price.tiers[2].up_to", "last"),
        (price, json!({"model": "per_unit", "unit_amount": "1e30"}), "price.unit_amount", "1e30"),
        (price, json!({"model": "per_user", "unit_amount": "1"}), "price.model", "per_user"),
        (price, json!({"model": "per_unit", "unit_price": "1"}), "price.unit_price", "unit_amount"),
        ("/versions/0/items/0/meter", json!("nothing"), "meter", "there are tokens"),
        ("/versions/0/items/0/filters", json!({"color": "red"}), "filters", "it has model"),
        ("/versions/0/items/0/prorate", json!(true), "prorate", "never prorated"),
        ("/versions/0/items/0/key", json!("a b"), "key", "a b"),
    ] {
        refused(&app, place, value, &format!("versions[0].items[0].{field}"), reason);
    }
    for (place, value, field, reason) in [
        ("/versions/0/currency", json!("USX"), "versions[0].currency", "USX"),
        ("/versions/0/effective_from", json!("soon"), "versions[0].effective_from", "soon"),
        ("/versions/0/trial_days", json!(100_000), "versions[0].trial_days", "100000"),
        ("/versions/0/minimum", json!("1"), "versions[0].minimum", "minimum_amount"),
        ("/versions/1", second, "versions[1].effective_from", "2026-09-01T00:00:00Z"),
        ("/versions", json!([]), "versions", "at least one"),
        ("/name", json!(""), "name", "1 to 256"),
        ("/colour", json!("red"), "colour", "known are key, name"),
    ] {
        refused(&app, place, value, field, reason);
    }
    let twice = plan("0.05").pointer(item).unwrap().clone();
    refused(&app, "/versions/0/items/1", twice, "versions[0].items[1].key", "tokens");
    for (body, reason) in [("", "the body: "), ("[]", "JSON object"), ("{", "the body: "), ("{}", "versions")]
    {
        app.put(PLAN, body).problem(400, "validation", reason);
    }
    assert_eq!(app.get(PLAN).ok(), before, "nothing of it was stored");
}

#[test]
fn taxes_and_coupons_are_made_changed_and_ended() {
    let app = acme();
    for (path, body, change) in [
        (
            "/api/v1/taxes",
            json!({"key": "vat", "name": "VAT", "rate": "0.19"}),
            json!({"name": "VAT", "rate": "0.2"}),
        ),
        (
            "/api/v1/coupons",
            json!({"key": "vat", "name": "Launch", "percentage": "0.2", "months": 3}),
            json!({"name": "Launch", "amount": "5.00", "currency": "USD"}),
        ),
    ] {
        let one = format!("{path}/vat");
        let made = app.put(&one, &body).ok();
        assert_eq!(app.get(path).ok(), json!([made]));
        let changed = app.put(&one, change).ok();
        assert_eq!(app.get(path).ok(), json!([changed]));
        assert_ne!(made, changed);
        app.put(&one, json!({"key": "other", "name": "Other", "rate": "0", "percentage": "0"})).problem(
            400,
            "validation",
            "",
        );
        app.delete(&one).expect(204, "");
        app.delete(&one).problem(404, "not-found", "there is no ");
        assert_eq!(app.get(path).ok(), json!([]));
    }
}

#[test]
fn taxes_coupons_and_settings_that_make_no_sense_are_refused() {
    let app = acme();
    for (path, body, field, reason) in [
        ("taxes/vat", json!({"name": "VAT", "rate": "19"}), "rate", "19"),
        ("taxes/vat", json!({"name": "VAT"}), "rate", "missing"),
        ("taxes/vat", json!({"name": "VAT", "rate": "0.19", "default": "yes"}), "default", "true or false"),
        ("taxes/v%20t", json!({"name": "VAT", "rate": "0.19"}), "key", "v t"),
        ("coupons/a", json!({"name": "A", "percentage": "0.1", "amount": "1"}), "amount", "must be absent"),
        ("coupons/a", json!({"name": "A"}), "percentage", "missing"),
        ("coupons/a", json!({"name": "A", "amount": "1.005", "currency": "USD"}), "amount", "1.005"),
        ("coupons/a", json!({"name": "A", "amount": "1"}), "currency", "missing"),
        ("coupons/a", json!({"name": "A", "percentage": "1.1"}), "percentage", "1.1"),
        ("settings/billing", json!({"grace_days": 367}), "grace_days", "0 to 366, not 367"),
        ("settings/billing", json!({"number_prefix": "x".repeat(33)}), "number_prefix", "at most 32"),
        ("settings/billing", json!({"color": "red"}), "color", "is not known here; "),
        ("settings/billing", json!({"seller": {"name": "x".repeat(257)}}), "seller.name", "at most 256"),
        ("settings/billing", json!({"seller": {"address": vec!["x"; 21]}}), "seller.address", "20 lines"),
    ] {
        app.put(&format!("/api/v1/{path}"), body).invalid(field, reason);
    }
}

#[test]
fn bills_are_made_out_as_the_settings_say() {
    let app = acme();
    let first = json!({"number_prefix": "INV-", "grace_days": 0, "seller": {"name": "", "address": []}});
    assert_eq!(app.get("/api/v1/settings/billing").ok(), first);
    let seller = json!({"name": "Example Cloud", "address": ["1 High Street", "London"]});
    let settings = json!({"number_prefix": "EC/", "grace_days": 20, "seller": seller});
    assert_eq!(app.put("/api/v1/settings/billing", &settings).ok(), settings);
    assert_eq!(app.get("/api/v1/settings/billing").ok(), settings);
    assert_eq!(app.finalized("2026-09")["number"], "EC/000001");
    // Days of grace.
    let october = app.open_bill("2026-10");
    app.post(&format!("{october}/finalize"), "").problem(409, "bill", "before 2026-11-21T00:00:00Z");
}
