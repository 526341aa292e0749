//! `POST /api/v1/prices/preview`: every model, and prices and usage that make no sense.

use crate::support::{JSON, Service};
use serde_json::{Value, json};
use usage_api::price::Preview;

const PREVIEW: &str = "/api/v1/prices/preview";

#[test]
fn a_price_is_tried_as_it_is_described() {
    let app = Service::start();
    let document = app.get("/openapi.json").ok();
    let example = &document["components"]["schemas"]["PreviewRequest"]["example"];
    let described = &document["paths"][PREVIEW]["post"]["responses"]["200"]["content"]["application/json"];
    let answer = app.post(PREVIEW, example).ok();
    assert_eq!(answer, described["example"]);
    let read: Preview = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), answer);
}

/// Previews `input` of `price` in `currency`: exact and rounded amount.
fn preview(app: &Service, price: Value, input: Value, currency: &str) -> (String, String) {
    let answer = app.post(PREVIEW, json!({"price": price, "input": input, "currency": currency})).ok();
    let text = |name: &str| answer[name].as_str().unwrap().to_string();
    (text("amount"), text("rounded"))
}

#[test]
fn every_model_is_read_and_rounded_to_the_currency() {
    let app = Service::start();
    let events = json!({"events": [
        {"time": "2026-11-02T00:00:00Z", "value": "30", "properties": {"model": "b", "region": "us"}},
        {"time": "2026-11-01T00:00:00Z", "value": "5", "properties": {"model": "a", "region": "eu"}},
    ]});
    let matrix = json!({"model": "matrix", "dimensions": ["model"], "default_unit_amount": "0.5",
        "rates": [{"values": {"model": "a"}, "unit_amount": "2"}]});
    let groups =
        json!({"groups": [{"by": {"model": "a"}, "quantity": "5"}, {"by": {"model": null}, "quantity": 30}]});
    let third = json!({"quantity": "10", "unit_conversion": {"operation": "divide", "factor": "3"}});
    for (price, input, currency, amount, rounded) in [
        (
            json!({"model": "flat", "amount": "100", "payment_term": "once"}),
            json!({}),
            "USD",
            "100",
            "100.00",
        ),
        (
            json!({"model": "per_unit", "unit_amount": 0.0000025}),
            json!({"quantity": 1e6}),
            "USD",
            "2.5",
            "2.50",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1"}),
            third.clone(),
            "USD",
            "3.333333333333333333",
            "3.33",
        ),
        (json!({"model": "per_unit", "unit_amount": "1"}), third.clone(), "JPY", "3.333333333333333333", "3"),
        (json!({"model": "per_unit", "unit_amount": "1"}), third, "KWD", "3.333333333333333333", "3.333"),
        (json!({"model": "per_unit", "unit_amount": "0.5"}), json!({"quantity": "-1"}), "JPY", "-0.5", "-1"),
        // The free event is the first one by time.
        (json!({"model": "percentage", "rate": "0.1", "free_events": 1}), events.clone(), "USD", "3", "3.00"),
        (json!({"model": "per_unit", "unit_amount": "1"}), events.clone(), "USD", "35", "35.00"),
        (matrix.clone(), events, "USD", "25", "25.00"),
        (matrix, groups, "USD", "25", "25.00"),
        (
            json!({"model": "dynamic", "multiplier": "1.2"}),
            json!({"events": [{"amount": "10"}, {"quantity": "3", "unit_price": "0.5"}]}),
            "USD",
            "13.8",
            "13.80",
        ),
        (json!({"model": "dynamic"}), json!({"event_amount_minor_total": "40.2"}), "KWD", "0.0402", "0.040"),
        (
            json!({"model": "volume", "usage_discount": "10", "tiers": [{"up_to": "90", "unit_amount": "2"}, {"unit_amount": "1"}]}),
            json!({"quantity": "100"}),
            "USD",
            "180",
            "180.00",
        ),
    ] {
        let shown = preview(&app, price.clone(), input, currency);
        assert_eq!(shown, (amount.to_string(), rounded.to_string()), "{price}");
    }
}

#[test]
fn a_price_that_makes_no_sense_is_refused_with_its_field_its_value_and_what_would_be_right() {
    let app = Service::start();
    let per_unit = json!({"model": "per_unit", "unit_amount": "1"});
    let tiers = |tiers: Value| json!({"model": "graduated", "tiers": tiers});
    let long: Vec<Value> = (1..1002).map(|i| json!({"up_to": i.to_string(), "unit_amount": "1"})).collect();
    let quantity = json!({"quantity": "1"});
    for (price, field, reason) in [
        (json!({}), "price.model", "is missing"),
        (
            json!({"model": "per_seat"}),
            "price.model",
            "must be flat, per_unit, graduated, volume, package, percentage, graduated_percentage, dynamic or matrix, not \"per_seat\"",
        ),
        (
            json!({"model": "per_unit", "unit_ammount": "1"}),
            "price.unit_ammount",
            "is not known here; known are model, unit_amount, ",
        ),
        (json!({"model": "per_unit", "rate": "1"}), "price.rate", "is not known here"),
        (json!({"model": "per_unit"}), "price.unit_amount", "is missing"),
        (
            json!({"model": "per_unit", "unit_amount": "1e30"}),
            "price.unit_amount",
            "must be a decimal such as \"0.0004\", of at most 20 digits before and 18 after the point; \"1e30\" is not: more than 20 digits",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1e-30"}),
            "price.unit_amount",
            "\"1e-30\" is not: more than 18 digits after",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "NaN"}),
            "price.unit_amount",
            "\"NaN\" is not: value cannot be NaN",
        ),
        (json!({"model": "per_unit", "unit_amount": true}), "price.unit_amount", "must be a decimal"),
        (
            json!({"model": "percentage", "rate": "1e30"}),
            "price.rate",
            "\"1e30\" is not: more than 20 digits",
        ),
        (
            json!({"model": "percentage", "rate": "250"}),
            "price.rate",
            "must be a fraction from 0 to 100 (0.025 is 2.5 %), not 250",
        ),
        (
            json!({"model": "percentage", "rate": "1", "free_events": "-1"}),
            "price.free_events",
            "must be a whole number from 0 to",
        ),
        (
            json!({"model": "package", "package_size": "-10", "amount": "1"}),
            "price.package_size",
            "must be more than zero, not -10",
        ),
        (
            json!({"model": "package", "package_size": "0", "amount": "1"}),
            "price.package_size",
            "must be more than zero, not 0",
        ),
        (
            json!({"model": "flat", "amount": "1", "payment_term": "later"}),
            "price.payment_term",
            "must be in_advance, in_arrears or once, not \"later\"",
        ),
        (tiers(json!([])), "price.tiers", "must have at least one tier"),
        (tiers(json!("all")), "price.tiers", "must be an array"),
        (tiers(json!([7])), "price.tiers[0]", "expected a JSON object"),
        (
            tiers(json!([{"up_to": "10", "unit_amount": "1"}])),
            "price.tiers[0].up_to",
            "must be null: the last tier has no bound, so that every quantity has a price, not 10",
        ),
        (
            tiers(
                json!([{"up_to": "10", "unit_amount": "1"}, {"up_to": "5", "unit_amount": "1"}, {"up_to": null, "unit_amount": "1"}]),
            ),
            "price.tiers[1].up_to",
            "must be more than 10, where the tier before ends, not 5",
        ),
        (
            tiers(json!([{"up_to": null, "unit_amount": "1"}, {"up_to": null, "unit_amount": "1"}])),
            "price.tiers[0].up_to",
            "only the last tier has no bound",
        ),
        (tiers(json!([{"up_to": null}])), "price.tiers[0].unit_amount", "is missing, and so is flat_amount"),
        (tiers(json!(long)), "price.tiers", "must have at most 1000 elements"),
        (
            json!({"model": "matrix", "dimensions": ["a"], "rates": [{"values": {"b": "1"}, "unit_amount": "1"}]}),
            "price.rates[0].values",
            "\"b\" is no dimension; they are a",
        ),
        (
            json!({"model": "matrix", "dimensions": ["a", 7], "rates": []}),
            "price.dimensions[1]",
            "must be a text",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1", "minimum_amount": "5", "maximum_amount": "4"}),
            "price.minimum_amount",
            "must be at most maximum_amount, which is 4, not 5",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1", "percentage_discount": "10"}),
            "price.percentage_discount",
            "must be a fraction from 0 to 1 (0.1 is 10 %), not 10",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1", "unit_conversion": {"operation": "divide", "factor": "0"}}),
            "price.unit_conversion.factor",
            "must be more than zero, not 0",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1", "unit_conversion": {"operation": "divide", "factor": "1", "precision": "1.5"}}),
            "price.unit_conversion.precision",
            "must be a whole number from -18 to 18, not 1.5",
        ),
        (
            json!({"model": "per_unit", "unit_amount": "1", "unit_conversion": {"operation": "divide", "factor": "1", "rounding": "up"}}),
            "price.unit_conversion.rounding",
            "must be none, ceiling, floor or half_up, not \"up\"",
        ),
        (
            json!({"model": "dynamic", "usage_discount": "1"}),
            "price.usage_discount",
            "must be absent: a dynamic price counts no units",
        ),
    ] {
        app.post(PREVIEW, json!({"price": price, "input": quantity})).invalid(field, reason);
    }
    let body = json!({"price": per_unit, "input": quantity, "currency": "BTC"});
    app.post(PREVIEW, body).invalid("currency", "\"BTC\" is not an ISO 4217 currency code");
}

#[test]
fn usage_that_a_price_has_no_answer_to_is_refused() {
    let app = Service::start();
    let per_unit = json!({"model": "per_unit", "unit_amount": "1", "usage_discount": "1"});
    let percentage = json!({"model": "percentage", "rate": "0.1", "free_events": "2"});
    let matrix = json!({"model": "matrix", "dimensions": ["a"], "rates": []});
    for (price, input, field, reason) in [
        (&per_unit, json!({}), "input.quantity", "is missing"),
        (&per_unit, json!({"quantity": "1e30"}), "input.quantity", "\"1e30\" is not: more than 20 digits"),
        (&per_unit, json!({"quantity": "5", "tiers": []}), "input.tiers", "is not known here"),
        (
            &per_unit,
            json!({"quantity": "5", "tier_quantity": "5"}),
            "input.tier_quantity",
            "is for a price of the model volume",
        ),
        (
            &per_unit,
            json!({"quantity": "5", "usage_discount": "5"}),
            "input.usage_discount",
            "is in the price, too",
        ),
        (
            &per_unit,
            json!({"quantity": "5", "percentage_discount": "5"}),
            "input.percentage_discount",
            "must be a fraction from 0 to 1",
        ),
        (
            &per_unit,
            json!({"quantity": "5", "event_values": ["2", "2"]}),
            "input.quantity",
            "must be the sum of event_values, 4, or absent, not 5",
        ),
        (
            &per_unit,
            json!({"quantity": "5", "credits": ["-1"]}),
            "input.credits[0]",
            "must be zero or more, not -1",
        ),
        (
            &per_unit,
            json!({"quantity": "5", "credits": ["3", "2"]}),
            "input.credits",
            "credits of 1 are left over: there is only 4 to pay",
        ),
        (&per_unit, json!({"events": [{"value": "1"}, {}]}), "input.events[1].value", "is missing"),
        (
            &per_unit,
            json!({"events": [{"value": "1", "time": "today"}]}),
            "input.events[0].time",
            "is not an RFC 3339 time",
        ),
        (&percentage, json!({"quantity": "5"}), "input.events_count", "is missing"),
        (&percentage, json!({"quantity": "5", "events_count": "3"}), "input.event_values", "are needed"),
        (
            &percentage,
            json!({"quantity": "5", "events_count": "3", "event_values": ["5"]}),
            "input.events_count",
            "must be the number of event_values, 1, or absent",
        ),
        (
            &percentage,
            json!({"quantity": "5", "events_count": "1", "running_total": ["4"]}),
            "input.quantity",
            "must be 4, which 1 events came to, not 5",
        ),
        (
            &percentage,
            json!({"event_values": ["5", "6"], "running_total": ["5", "12"]}),
            "input.running_total[1]",
            "must be what event_values come to, 11, not 12",
        ),
        (&matrix, json!({"quantity": "5"}), "input.groups", "is missing"),
        (
            &matrix,
            json!({"groups": [{"by": {"a": "x"}, "quantity": "1"}]}),
            "input.groups",
            "no rate is for a x, and there is no default_unit_amount",
        ),
    ] {
        app.post(PREVIEW, json!({"price": price, "input": input})).invalid(field, reason);
    }
    let most = "99999999999999999999.999999999999999999";
    let price = json!({"model": "per_unit", "unit_amount": most, "percentage_discount": "0.123456789"});
    app.post(PREVIEW, json!({"price": price, "input": {"quantity": most}}))
        .invalid("input", "the amount cannot be computed: the exact result has more than 76 digits");
}

#[test]
fn a_body_that_is_no_preview_is_refused() {
    let app = Service::start();
    for (body, detail) in [
        ("", "the body: "),
        ("[]", "the body: expected a JSON object"),
        ("{}", "price: is missing"),
        (r#"{"price": {"model": "flat", "amount": "1"}}"#, "input: is missing"),
        (r#"{"price": 1, "input": {}}"#, "price: must be an object"),
        (
            r#"{"price": {"model": "flat", "amount": "1", "amount": "2"}, "input": {}}"#,
            "price: the key \"amount\" stands twice",
        ),
        (r#"{"price": {}, "input": {}, "plan": 1}"#, "plan: is not known here"),
    ] {
        app.post(PREVIEW, body).problem(400, "validation", detail);
    }
    app.call("POST", PREVIEW, &[("content-type", "text/plain")], "{}").problem(
        415,
        "unsupported-media-type",
        "application/json",
    );
    let many = vec!["1"; 10_001].join(",");
    let body = format!(
        r#"{{"price": {{"model": "percentage", "rate": "1"}}, "input": {{"event_values": [{many}]}}}}"#
    );
    app.call("POST", PREVIEW, JSON, body).invalid("input.event_values", "must have at most 10000 elements");
}
