//! `POST /api/v1/meters/preview`: what a meter makes of events that are nowhere stored.

use crate::support::Service;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use usage_domain::decimal::Decimal;
use usage_domain::rounding::half_away_from_zero;

const PREVIEW: &str = "/api/v1/meters/preview";
/// What the suites of other products expect of aggregations.
const VECTORS: &str = include_str!("../vectors/aggregation.json");

/// A figure, with at most so many digits after the point.
fn figure(text: &Value, digits: Option<&Value>) -> Decimal {
    let value: Decimal = text.as_str().unwrap().parse().unwrap();
    let digits = digits.map(|digits| digits.as_str().unwrap().parse().unwrap());
    digits.map_or(value, |digits| half_away_from_zero(value, digits).unwrap())
}

/// Each group's figure, by its properties.
fn groups(answer: &Value, digits: Option<&Value>) -> BTreeMap<String, Decimal> {
    let all = answer["groups"].as_array().unwrap_or_else(|| panic!("{answer}"));
    all.iter().map(|group| (group["by"].to_string(), figure(&group["value"], digits))).collect()
}

#[test]
fn aggregates_are_what_the_suites_of_other_products_expect() {
    let app = Service::start();
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.len(), 39);
    for vector in vectors {
        let (id, expected) = (&vector["id"], &vector["expected"]);
        let answer = app.post(PREVIEW, &vector["input"]).ok();
        let digits = expected.get("value_scale");
        if expected.get("groups").is_some() {
            assert_eq!(groups(&answer, digits), groups(expected, digits), "{id}");
        } else {
            assert_eq!(
                figure(&answer["value"], digits),
                figure(&expected["value"], digits),
                "{id}: {answer}"
            );
        }
    }
    assert_eq!(app.stored(), 0);
    assert_eq!(app.get("/api/v1/meters").ok(), json!([]));
}

/// A preview of these events over August.
fn august(aggregation: &str, events: Value) -> Value {
    json!({"aggregation": aggregation, "events": events, "from": "2023-08-01T00:00:00Z", "to": "2023-09-01T00:00:00Z"})
}

fn with(mut request: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn figures_keep_their_digits_and_unusable_values_are_left_out() {
    let app = Service::start();
    let at = |value: Value| json!({"time": "2023-08-03T00:00:00Z", "value": value});
    for (aggregation, values, expected) in [
        ("sum", vec![json!("0.1"), json!(0.2), json!("1e-3")], "0.301"),
        ("SUM", vec![json!(1), json!(null), json!("NaN"), json!("Infinity"), json!(true), json!([1])], "1"),
        ("avg", vec![json!(1), json!("x"), json!(2)], "1.5"),
        ("unique_count", vec![json!("a"), json!("b"), json!("a"), json!(1), json!("1")], "3"),
        ("min", vec![json!("-5"), json!(3)], "-5"),
        ("count", vec![json!(null), json!("x")], "2"),
    ] {
        let events: Vec<Value> = values.iter().cloned().map(at).collect();
        let answer = app.post(PREVIEW, august(aggregation, json!(events))).ok();
        assert_eq!(answer, json!({"value": expected}), "{aggregation} {values:?}");
    }
    let sum = r#"{"aggregation":"sum","from":"2023-08-01T00:00:00Z","to":"2023-09-01T00:00:00Z","events":[
        {"time":"2023-08-01T00:00:00Z","value":10000000000000000.000000000000000001}]}"#;
    app.post(PREVIEW, sum).expect(200, r#"{"value":"10000000000000000.000000000000000001"}"#);
}

#[test]
fn what_is_unusable_is_named() {
    let app = Service::start();
    let one = || json!([{"time": "2023-08-03T00:00:00Z", "value": "1"}]);
    let sum = || august("sum", one());
    let told_apart = json!([
        {"time": "2023-08-03T00:00:00Z", "properties": {"a": "x", "b": [1]}},
        {"time": "2023-08-03T00:00:00Z", "properties": {"a": {"x": 1}}},
    ]);
    for (request, field, reason) in [
        (with(sum(), json!({"aggregation": "median"})), "aggregation", "must be SUM, COUNT"),
        (with(sum(), json!({"from": "yesterday"})), "from", "is not an RFC 3339 time"),
        (with(sum(), json!({"to": "2023-08-01T00:00:00Z"})), "from", "must be before to"),
        (with(sum(), json!({"time_zone": "Mars/Base"})), "time_zone", "is not an IANA time zone"),
        (with(sum(), json!({"events": [{"time": "now"}]})), "events", "0: time: \"now\""),
        (
            with(sum(), json!({"events": [{"time": "2023-08-03T00:00:00Z", "amount": 1}]})),
            "events[0].amount",
            "is not known here; ",
        ),
        (with(sum(), json!({"filters": {"model": []}})), "filters", "model: must have at least one value"),
        (
            with(august("count", told_apart.clone()), json!({"group_by": ["a"]})),
            "events",
            "1: $.properties['a'] must be a text",
        ),
        (
            with(august("count", told_apart), json!({"filters": {"a": ["x"]}})),
            "events",
            "1: $.properties['a'] must be a text",
        ),
        (with(sum(), json!({"group": ["x"]})), "group", "is not known here; "),
        (with(sum(), json!({"group_by": ["a'b"]})), "group_by", "is no property's name"),
        (with(sum(), json!({"recurring": true})), "recurring", "only usage of the period itself"),
        (with(sum(), json!({"rounding": {"mode": "up"}})), "rounding.mode", "must be round, ceil or floor"),
        (
            with(sum(), json!({"rounding": {"mode": "ceil", "precision": "19"}})),
            "rounding.precision",
            "from -18 to 18",
        ),
    ] {
        app.post(PREVIEW, &request).invalid(field, reason);
    }
    app.post(PREVIEW, json!({"aggregation": "sum"})).invalid("events", "is missing");
}

#[test]
fn aggregates_and_groups_are_rounded_as_asked() {
    let app = Service::start();
    let event = |value: &str, model: Option<&str>| json!({"time": "2023-08-03T00:00:00Z", "value": value, "properties": {"model": model}});
    let events = json!([event("1.251", Some("a")), event("-1.251", None)]);
    for (rounding, a, none) in [
        (json!({"mode": "ceil", "precision": "2"}), "1.26", "-1.25"),
        (json!({"mode": "floor", "precision": 2}), "1.25", "-1.26"),
        (json!({"mode": "round", "precision": 1}), "1.3", "-1.3"),
        (json!({"mode": "round"}), "1", "-1"),
        (json!({"mode": null, "precision": "1"}), "1.251", "-1.251"),
    ] {
        let request =
            with(august("sum", events.clone()), json!({"group_by": ["model"], "rounding": rounding}));
        let expected = json!({"groups": [
            {"by": {"model": null}, "value": none},
            {"by": {"model": "a"}, "value": a},
        ]});
        assert_eq!(app.post(PREVIEW, &request).ok(), expected, "{rounding}");
    }
}
