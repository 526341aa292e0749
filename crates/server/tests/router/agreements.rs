//! What is agreed with a customer: subscriptions, credits, taxes and coupons of its own.

use crate::billing_support::{acme, plan};
use serde_json::{Value, json};

const ACME: &str = "/api/v1/customers/acme";

fn first(list: Value) -> Value {
    list.as_array().unwrap().first().unwrap().clone()
}

#[test]
fn a_customer_is_put_on_a_plan_on_another_one_and_on_none() {
    let app = acme();
    app.put("/api/v1/plans/big", plan("0.01")).ok();
    let old = first(app.get(&format!("{ACME}/subscriptions")).ok());
    assert_eq!((&old["plan"], &old["start"]), (&json!("pro"), &json!("2026-09-01T00:00:00Z")));
    let change = format!("{ACME}/subscriptions/{}/change", old["id"].as_str().unwrap());
    let new = app.post(&change, json!({"plan": "big", "start": "2026-10-11"})).made();
    assert_eq!((&new["plan"], &new["start"]), (&json!("big"), &json!("2026-10-11T00:00:00Z")));
    let all = app.get(&format!("{ACME}/subscriptions")).ok();
    assert_eq!((&all[0]["end"], &all[1]), (&json!("2026-10-11T00:00:00Z"), &new));
    // It is over: nothing begins in its place.
    app.post(&change, json!({"plan": "big"})).invalid("start", "must be before 2026-10-11T00:00:00Z");
    let end = format!("{ACME}/subscriptions/{}/end", new["id"].as_str().unwrap());
    let ended = app.post(&end, json!({"at": "2026-12-01"})).ok();
    assert_eq!(ended["end"], "2026-12-01T00:00:00Z");
    // Now, where nothing is said.
    assert_eq!(app.post(&end, "").ok()["end"], crate::billing_support::TODAY);
}

#[test]
fn a_subscription_that_makes_no_sense_is_refused() {
    let app = acme();
    let mut euro = plan("1");
    euro["versions"][0]["currency"] = json!("EUR");
    app.put("/api/v1/plans/euro", euro).ok();
    app.put("/api/v1/plans/big", plan("0.01")).ok();
    let path = format!("{ACME}/subscriptions");
    let big = |more: Value| {
        let mut body = json!({"plan": "big"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, field, reason) in [
        (big(json!({"start": "2026-11-02", "end": "2026-11-01"})), "end", "not 2026-11-01T00:00:00Z"),
        (big(json!({"start": "2026-11-01", "end": "2026-11-01"})), "end", "must be after the start"),
        (big(json!({"start": "2025-01-01"})), "start", "must be at or after 2026-09-01T00:00:00Z"),
        (big(json!({"start": "yesterday"})), "start", "yesterday"),
        (big(json!({"version": 9})), "version", "9"),
        (big(json!({"version": 0})), "version", "1 or more"),
        (big(json!({"overrides": {"color": {"model": "flat", "amount": "1"}}})), "overrides.color", "tokens"),
        (big(json!({"overrides": {"tokens": {"model": "flat"}}})), "overrides.tokens.amount", "missing"),
        (big(json!({"until": "2026-12-01"})), "until", "known are plan"),
        (json!({"plan": "euro"}), "plan", "is in EUR, and the customer is billed in USD"),
        (json!({"plan": "pro"}), "start", "the customer is on \"pro\" already"),
        (json!({}), "plan", "missing"),
    ] {
        app.post(&path, body).invalid(field, reason);
    }
    app.post(&path, json!({"plan": "none"})).invalid("plan", "there is no plan \"none\"");
    let nobody = "/api/v1/customers/nobody/subscriptions";
    app.post(nobody, json!({"plan": "pro"})).problem(404, "customer-not-found", "nobody");
    for id in ["x", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        for (verb, body) in [("change", json!({"plan": "big"})), ("end", json!({}))] {
            app.post(&format!("{path}/{id}/{verb}"), body).problem(
                404,
                "not-found",
                "there is no subscription",
            );
        }
    }
    assert_eq!(app.get(&path).ok().as_array().unwrap().len(), 1);
}

#[test]
fn credit_is_granted_drawn_and_taken_back() {
    let app = acme();
    let path = format!("{ACME}/credits");
    let grant = json!({"name": "Gift", "amount": "20", "effective_at": "2026-09-01", "priority": 3});
    let made = app.post(&path, grant).made();
    assert_eq!((&made["balance"], &made["currency"]), (&json!("20"), &json!("USD")));
    assert_eq!(app.finalized("2026-09")["total"], "0.00");
    let drawn = first(app.get(&path).ok());
    assert_eq!((&drawn["balance"], &drawn["entries"][1]["kind"]), (&json!("12"), &json!("drawn")));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let taken = app.delete(&one).ok();
    assert_eq!((&taken["balance"], &taken["entries"][2]["kind"]), (&json!("0"), &json!("voided")));
    assert_eq!(app.delete(&one).ok(), taken, "there is nothing more to take");
    app.delete(&format!("{path}/x")).problem(404, "not-found", "there is no grant \"x\"");
}

#[test]
fn credit_is_granted_once_under_a_key_however_often_it_is_asked_for() {
    let app = acme();
    app.customer(json!({"number": 8, "name": "Bolt", "key": "bolt"}));
    let grant = |customer: &str, key: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        app.call("POST", &format!("/api/v1/customers/{customer}/credits"), &headers, body.to_string())
    };
    let made = grant("acme", "k-1", r#"{"name": "Gift", "amount": "20"}"#).made();
    app.at("2026-11-16T12:00:00Z");
    assert_eq!(grant("acme", "k-1", r#"{"amount":"20","name":"Gift"}"#).made(), made);
    let said = "the Idempotency-Key \"k-1\" is that of another request";
    grant("acme", "k-1", r#"{"name": "Gift", "amount": "21"}"#).problem(422, "idempotency-key", said);
    assert_eq!(app.get(&format!("{ACME}/credits")).ok(), json!([made]));
    // A key is the sender's own for a customer.
    assert_ne!(grant("bolt", "k-1", r#"{"name": "Gift", "amount": "20"}"#).made()["id"], made["id"]);
    assert_ne!(grant("acme", "k-2", r#"{"name": "Gift", "amount": "20"}"#).made()["id"], made["id"]);
    for key in ["", "a b", &"k".repeat(129)] {
        grant("acme", key, r#"{"name": "Gift", "amount": "20"}"#)
            .invalid("Idempotency-Key", "1 to 128 visible");
    }
    assert_eq!(app.get(&format!("{ACME}/credits")).ok().as_array().unwrap().len(), 2);
}

#[test]
fn credit_that_makes_no_sense_is_refused() {
    let app = acme();
    for (more, field, reason) in [
        (json!({"currency": "EUR"}), "currency", "must be USD, which the customer is billed in, not EUR"),
        (json!({"currency": "USX"}), "currency", "USX"),
        (json!({"amount": "0"}), "amount", "more than zero with at most 2 decimals, not 0"),
        (json!({"amount": "-5"}), "amount", "not -5"),
        (json!({"amount": "1.005"}), "amount", "not 1.005"),
        (json!({"amount": "1e30"}), "amount", "1e30"),
        (json!({"amount": null}), "amount", "missing"),
        (json!({"name": ""}), "name", "1 to 256"),
        (json!({"priority": 1001}), "priority", "not 1001"),
        (json!({"effective_at": "2026-10-01", "expires_at": "2026-09-01"}), "expires_at", "2026-09-01"),
        (json!({"expires": "2026-10-01"}), "expires", "known are name"),
    ] {
        let mut body = json!({"name": "Gift", "amount": "20"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.post(&format!("{ACME}/credits"), body).invalid(field, reason);
    }
    assert_eq!(app.get(&format!("{ACME}/credits")).ok(), json!([]));
}

#[test]
fn a_customer_has_taxes_and_coupons_of_its_own() {
    let app = acme();
    app.put("/api/v1/taxes/vat", json!({"name": "VAT", "rate": "0.19"})).ok();
    app.put("/api/v1/taxes/low", json!({"name": "Low", "rate": "0.07", "default": false})).ok();
    app.put("/api/v1/coupons/ten", json!({"name": "Ten off", "percentage": "0.1", "months": 1})).ok();
    let account = format!("{ACME}/account");
    let bill = |month: &str| app.get(&format!("{ACME}/bill?month={month}")).ok();
    let total = || bill("2026-09")["total"].as_str().unwrap().to_string();
    assert_eq!(total(), "9.52");
    for (taxes, has, owed) in [
        (json!(["low"]), json!(["low"]), "8.56"),
        (json!([]), json!([]), "8.00"),
        (json!(null), json!(null), "9.52"),
    ] {
        assert_eq!(app.put(&account, json!({"taxes": taxes})).ok()["taxes"], has);
        assert_eq!(total(), owed);
        if has == json!(["low"]) {
            app.delete("/api/v1/taxes/low").problem(409, "conflict", "has the tax \"low\" of its own");
        }
    }
    assert_eq!(app.put(&account, json!({})).ok()["taxes"], json!(null));
    app.delete("/api/v1/taxes/low").expect(204, "");
    let ten = format!("{ACME}/coupons/ten");
    let given = app.put(&ten, json!({"from": "2026-09"})).ok();
    assert_eq!(given["coupons"][0]["from"], "2026-09");
    assert_eq!(total(), "8.57");
    assert_eq!(app.put(&ten, json!({"from": "2026-09"})).ok(), given, "once more changes nothing");
    app.put(&ten, "").invalid("from", "must be 2026-09, from when on the customer has \"ten\" already");
    assert_eq!(app.get(&account).ok(), given);
    app.delete(&ten).expect(204, "");
    app.delete(&ten).problem(404, "not-found", "there is no coupon \"ten\"");
    assert_eq!(app.put(&ten, "").ok()["coupons"][0]["from"], "2026-11");
    for (path, body, field, reason) in [
        (&account, json!({"taxes": ["vat", "vat"]}), "taxes[1]", "stands twice"),
        (&account, json!({"taxes": "vat"}), "taxes", "array"),
        (&account, json!({"coupons": []}), "coupons", "known are taxes"),
        (&ten, json!({"from": "2026-13"}), "from", "2026-13"),
        (&ten, json!({"until": "2026-12"}), "until", "known are from"),
    ] {
        app.put(path, body).invalid(field, reason);
    }
    app.put(&account, json!({"taxes": ["none"]})).invalid("taxes", "there is no tax \"none\"");
    app.put(&format!("{ACME}/coupons/none"), "").problem(404, "not-found", "there is no coupon \"none\"");
}
