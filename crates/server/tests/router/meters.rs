//! `/api/v1/meters` and `/api/v3/openmeter/meters`: making, showing, changing and ending them.

use crate::support::{NOW, Service};
use serde_json::{Value, json};

const METERS: &str = "/api/v1/meters";
const V3: &str = "/api/v3/openmeter/meters";

fn full() -> Value {
    json!({
        "slug": "tokens_total", "name": "Tokens", "description": "Of all models.", "aggregation": "SUM",
        "eventType": "prompt", "valueProperty": "$.tokens", "eventFrom": "2023-01-01T00:00:00Z",
        "groupBy": {"model": "$.model", "type": "$['kind'].name"}, "metadata": {"team": "ml"},
    })
}

fn with(changes: Value) -> Value {
    let mut input = full();
    for (name, value) in changes.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

#[test]
fn a_meter_has_all_that_it_was_made_with_in_both_versions() {
    let app = Service::start();
    assert_eq!(app.get(METERS).ok(), json!([]));
    let made = app.meter(full());
    let mut expected = full();
    expected["id"] = made["id"].clone();
    expected["createdAt"] = json!(NOW);
    expected["updatedAt"] = json!(NOW);
    assert_eq!(made, expected);
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 26);
    for name in ["tokens_total", id] {
        assert_eq!(app.get(&format!("{METERS}/{name}")).ok(), expected);
    }
    let count = app
        .meter(json!({"slug": "calls", "aggregation": "COUNT", "eventType": "call", "valueProperty": "$.x"}));
    let plain = json!({"id": count["id"], "slug": "calls", "aggregation": "COUNT", "eventType": "call",
        "groupBy": {}, "createdAt": NOW, "updatedAt": NOW});
    assert_eq!(count, plain);
    assert_eq!(app.get(METERS).ok(), json!([expected, plain]));
    assert_eq!(app.get(&format!("{METERS}?page=2&pageSize=1")).ok(), json!([plain]));
    assert_eq!(app.get(&format!("{METERS}?page=3&pageSize=1")).ok(), json!([]));
    app.get(&format!("{METERS}?page=0")).invalid("page", "must be 1 to 1000");
    app.get(&format!("{METERS}?pageSize=1001")).invalid("pageSize", "must be 1 to 1000");

    let v3 = json!({"id": id, "key": "tokens_total", "name": "Tokens", "description": "Of all models.",
        "aggregation": "sum", "event_type": "prompt", "value_property": "$.tokens",
        "events_from": "2023-01-01T00:00:00Z", "dimensions": {"model": "$.model", "type": "$['kind'].name"},
        "labels": {"team": "ml"}, "created_at": NOW, "updated_at": NOW});
    assert_eq!(app.get(&format!("{V3}/{id}")).ok(), v3);
    let calls = json!({"id": count["id"], "key": "calls", "name": "calls", "aggregation": "count",
        "event_type": "call", "dimensions": {}, "created_at": NOW, "updated_at": NOW});
    let page = |number: u64, size: u64| json!({"page": {"number": number, "size": size, "total": 2}});
    assert_eq!(app.get(V3).ok(), json!({"data": [v3, calls], "meta": page(1, 20)}));
    let second = app.get(&format!("{V3}?page%5Bnumber%5D=2&page[size]=1")).ok();
    assert_eq!(second, json!({"data": [calls], "meta": page(2, 1)}));
    app.get(&format!("{V3}?page[size]=0")).invalid("page[size]", "must be 1 to 1000");
    app.get(&format!("{V3}?sort=key")).invalid("sort", "is not known here; ");
    app.get(&format!("{V3}/tokens_total")).invalid("meter", "must be a ULID");
    app.get(&format!("{V3}/01ARZ3NDEKTSV4RRFFQ69G5FAV")).problem(404, "meter-not-found", "no such meter");
}

#[test]
fn a_meter_becomes_what_is_put_and_what_it_measures_stays() {
    let app = Service::start();
    let made = app.meter(full());
    let later = "2023-08-26T00:00:00Z";
    let path = format!("{METERS}/tokens_total");
    let changed = app.at(later).put(&path, json!({"name": "T", "groupBy": {"region": "$.region"}})).ok();
    let expected = json!({"id": made["id"], "slug": "tokens_total", "name": "T", "aggregation": "SUM",
        "eventType": "prompt", "valueProperty": "$.tokens", "eventFrom": "2023-01-01T00:00:00Z",
        "groupBy": {"region": "$.region"}, "createdAt": NOW, "updatedAt": later});
    assert_eq!(changed, expected);
    assert_eq!(app.get(&path).ok(), expected);
    // A meter that is sent back whole is no change.
    assert_eq!(app.put(&path, &expected).ok(), expected);
    for (change, reason) in [
        (json!({"slug": "other"}), "a meter's slug never changes"),
        (json!({"aggregation": "MAX"}), "a meter's aggregation never changes"),
        (json!({"eventType": "other"}), "a meter's eventType never changes"),
        (json!({"valueProperty": "$.other"}), "a meter's valueProperty never changes"),
        (json!({"eventFrom": "2023-01-02T00:00:00Z"}), "a meter's eventFrom never changes"),
    ] {
        app.put(&path, change).problem(409, "conflict", reason);
    }
    app.put(&path, json!({"groupBy": {"a": "tokens"}})).invalid("groupBy", "\"a\" must be a JSONPath");
    app.put(&format!("{METERS}/other"), json!({})).problem(404, "meter-not-found", "no such meter");
    assert_eq!(app.get(&path).ok(), expected);
}

#[test]
fn an_ended_meter_is_not_found_and_its_slug_is_free() {
    let app = Service::start();
    let made = app.meter(full());
    app.post(METERS, full()).problem(409, "conflict", "slug \"tokens_total\" is that of meter");
    app.delete(&format!("{METERS}/{}", made["id"].as_str().unwrap())).expect(204, "");
    for path in
        ["tokens_total", "tokens_total/query", "tokens_total/subjects", "tokens_total/group-by/model/values"]
    {
        app.get(&format!("{METERS}/{path}")).problem(404, "meter-not-found", "no such meter");
    }
    app.delete(&format!("{METERS}/tokens_total")).problem(404, "meter-not-found", "no such meter");
    assert_ne!(app.meter(full())["id"], made["id"]);
}

#[test]
fn a_field_that_is_unusable_is_named_and_no_meter_is_made() {
    let app = Service::start();
    for (input, field, reason) in [
        (with(json!({"slug": "Tokens"})), "slug", "small letters and digits"),
        (with(json!({"slug": "a__b"})), "slug", "single underscores"),
        (with(json!({"slug": "a".repeat(65)})), "slug", "1 to 64"),
        (with(json!({"slug": "preview"})), "slug", "means something else"),
        (with(json!({"slug": null})), "slug", "invalid type: null"),
        (with(json!({"aggregation": "MEDIAN"})), "aggregation", "must be SUM, COUNT"),
        (with(json!({"eventType": ""})), "eventType", "1 to 1024 bytes"),
        (with(json!({"eventType": "usage.void"})), "eventType", "corrections are not usage"),
        (with(json!({"valueProperty": null})), "valueProperty", "SUM needs one"),
        (with(json!({"valueProperty": "tokens"})), "valueProperty", "must be a JSONPath"),
        (with(json!({"groupBy": {"a": "$..b"}})), "groupBy", "\"a\" must be a JSONPath"),
        (with(json!({"groupBy": {"subject": "$.b"}})), "groupBy", "\"subject\" is there without being named"),
        (with(json!({"groupBy": {"a b": "$.b"}})), "groupBy", "letters, digits and underscores"),
        (with(json!({"groupBy": ["a"]})), "groupBy", "invalid type: sequence"),
        (with(json!({"eventFrom": "today"})), "eventFrom", "is not an RFC 3339 time"),
        (with(json!({"name": "x".repeat(257)})), "name", "at most 256 bytes"),
        (with(json!({"metadata": {"a": 1}})), "metadata.a", "invalid type"),
    ] {
        app.post(METERS, &input).invalid(field, reason);
    }
    app.post(METERS, json!({"slug": "a"})).invalid("aggregation", "is missing");
    assert_eq!(app.get(METERS).ok(), json!([]));
}
