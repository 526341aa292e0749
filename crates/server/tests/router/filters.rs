//! `GET /api/v2/events?filter=…`: a JSON object of fields and operators.

use crate::support::{Service, encoded, event_with};
use serde_json::{Value, json};

/// Events a to d on the first four days of August, which arrived on those of September.
pub(crate) fn filled() -> Service {
    let app = Service::start();
    app.customer(json!({"number": 9, "name": "N", "key": "n-1"}));
    app.customer(json!({"number": 10, "name": "M", "key": "m"}));
    for (id, subject, source, kind, day) in [
        ("a", "n-1", "s", "gpu", 1),
        ("b", "m", "s", "gpu_b", 2),
        ("c", "N-2", "t", "cpu", 3),
        ("d", "n-1", "t", "100%", 4),
    ] {
        let time = format!("2023-08-0{day}T00:00:00Z");
        app.at(&format!("2023-09-0{day}T12:00:00Z"));
        let event = event_with(id, json!({"subject": subject, "source": source, "type": kind, "time": time}));
        app.post("/api/v1/events", event).expect(204, "");
    }
    app
}

fn listed(app: &Service, filter: &Value) -> Vec<String> {
    let page = app.get(&format!("/api/v2/events?filter={}", encoded(&filter.to_string()))).ok();
    let id = |item: &Value| item["event"]["id"].as_str().unwrap().to_string();
    page["items"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn every_operator_of_every_field_narrows_the_listing() {
    let app = filled();
    let nine = app.get("/api/v1/customers/9").ok()["id"].clone();
    for (filter, ids) in [
        (json!({}), &["d", "c", "b", "a"][..]),
        (json!({"id": {"$eq": "b"}}), &["b"]),
        (json!({"id": {"$ne": "b"}}), &["d", "c", "a"]),
        (json!({"id": {"$in": ["b", "c", "x"]}}), &["c", "b"]),
        (json!({"id": {"$in": []}}), &[]),
        (json!({"id": {"$nin": ["b", "c"]}}), &["d", "a"]),
        (json!({"id": {"$gt": "b"}}), &["d", "c"]),
        (json!({"id": {"$gte": "b"}}), &["d", "c", "b"]),
        (json!({"id": {"$lt": "b"}}), &["a"]),
        (json!({"id": {"$lte": "b"}}), &["b", "a"]),
        (json!({"id": {"$gt": "a", "$lt": "d"}}), &["c", "b"]),
        (json!({"id": {}}), &["d", "c", "b", "a"]),
        (json!({"subject": {"$like": "n-%"}}), &["d", "a"]),
        (json!({"subject": {"$ilike": "n-%"}}), &["d", "c", "a"]),
        (json!({"subject": {"$nlike": "n-%"}}), &["c", "b"]),
        (json!({"subject": {"$nilike": "n-%"}}), &["b"]),
        (json!({"subject": {"$contains": "N-"}}), &["d", "c", "a"]),
        (json!({"subject": {"$ncontains": "N-"}}), &["b"]),
        (json!({"subject": {"$exists": true}}), &["d", "c", "b", "a"]),
        (json!({"subject": {"$exists": false}}), &[]),
        (json!({"source": {"$eq": "t"}}), &["d", "c"]),
        (json!({"type": {"$like": "_pu"}}), &["c", "a"]),
        (json!({"type": {"$like": "%\\%"}}), &["d"]),
        (json!({"type": {"$eq": "gpu"}, "source": {"$eq": "s"}}), &["a"]),
        (json!({"type": {"$eq": "gpu"}, "source": {"$eq": "t"}}), &[]),
        (json!({"type": {"$or": [{"$eq": "cpu"}, {"$like": "%b"}]}}), &["c", "b"]),
        (json!({"type": {"$and": [{"$like": "g%"}, {"$ne": "gpu"}]}}), &["b"]),
        (json!({"type": {"$or": [{"$and": [{"$eq": "cpu"}]}, {"$or": [{"$eq": "gpu"}]}]}}), &["c", "a"]),
        (json!({"type": {"$or": []}}), &[]),
        (json!({"type": {"$and": []}}), &["d", "c", "b", "a"]),
        (json!({"time": {"$eq": "2023-08-02T02:00:00+02:00"}}), &["b"]),
        (json!({"time": {"$gt": "2023-08-02T00:00:00Z"}}), &["d", "c"]),
        (json!({"time": {"$gte": "2023-08-02T00:00:00Z", "$lt": "2023-08-04T00:00:00Z"}}), &["c", "b"]),
        (
            json!({"time": {"$and": [{"$gt": "2023-08-01T00:00:00Z"}, {"$lte": "2023-08-03T00:00:00Z"}]}}),
            &["c", "b"],
        ),
        (
            json!({"time": {"$or": [{"$lt": "2023-08-02T00:00:00Z"}, {"$gte": "2023-08-04T00:00:00Z"}]}}),
            &["d", "a"],
        ),
        (json!({"time": {"$gt": "2023-08-03T00:00:00Z", "$lt": "2023-08-02T00:00:00Z"}}), &[]),
        (json!({"ingestedAt": {"$gte": "2023-09-03T12:00:00Z"}}), &["d", "c"]),
        (json!({"customerId": {"$in": [nine]}}), &["d", "a"]),
        (json!({"customerId": {"$in": ["n-1", "number:10"]}}), &["d", "b", "a"]),
        (json!({"customerId": {"$eq": "m"}, "id": {"$ne": "x"}}), &["b"]),
        (json!({"customerId": {"$in": []}}), &[]),
    ] {
        assert_eq!(listed(&app, &filter), ids, "{filter}");
    }
}

#[test]
fn pages_of_a_filtered_listing_follow_one_another() {
    let app = filled();
    let filter = encoded(r#"{"source":{"$in":["s","t"]},"id":{"$ne":"c"}}"#);
    let (mut shown, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/api/v2/events?limit=1&filter={filter}{cursor}")).ok();
        shown.push(page["items"][0]["event"]["id"].as_str().unwrap().to_string());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(shown, ["d", "b", "a"]);
}

#[test]
fn a_filter_that_cannot_be_read_is_named_with_its_field_and_operator() {
    let app = Service::start();
    let deep = (0..20).fold(json!({"$eq": "x"}), |inner, _| json!({"$or": [inner]}));
    let long = "x".repeat(1025);
    for (filter, reason) in [
        ("", "EOF"),
        ("[]", "expected a JSON object"),
        ("{\"id\":", "EOF"),
        (r#"{"id":{"$eq":"a"},"id":{"$eq":"b"}}"#, "the key \"id\" stands twice"),
        (r#"{"id":"a"}"#, "id: must be an object of operators"),
        (r#"{"id":{"eq":"a"}}"#, "id: eq: is no operator; they begin with $"),
        (r#"{"id":{"$is":"a"}}"#, "id: $is: is no operator that this field has"),
        (r#"{"id":{"$eq":7}}"#, "id: $eq: must be a string"),
        (r#"{"id":{"$eq":["a"]}}"#, "id: $eq: must be a string"),
        (r#"{"id":{"$in":"a"}}"#, "id: $in: must be an array of strings"),
        (r#"{"id":{"$in":[1]}}"#, "id: $in: must be an array of strings"),
        (r#"{"id":{"$exists":"yes"}}"#, "id: $exists: must be true or false"),
        (r#"{"id":{"$or":{"$eq":"a"}}}"#, "id: $or: expected a JSON array"),
        (r#"{"id":{"$or":["a"]}}"#, "id: $or: expected a JSON object"),
        (r#"{"time":{"$like":"2023%"}}"#, "time: $like: is no operator that this field has"),
        (r#"{"time":{"$gt":"soon"}}"#, "time: $gt: \"soon\" is not an RFC 3339 time"),
        (r#"{"data":{"$eq":"a"}}"#, "data: is no field that can be filtered by"),
        (r#"{"customerId":{"$ne":"a"}}"#, "customerId: must have one operator, $eq or $in"),
        (r#"{"customerId":{"$in":["number:x"]}}"#, "customerId: "),
        (&json!({"id": deep}).to_string(), "nested deeper than 8 levels"),
        (&json!({"id": {"$like": long}}).to_string(), "id: $like: is longer than 1024 bytes"),
    ] {
        app.get(&format!("/api/v2/events?filter={}", encoded(filter))).invalid("filter", reason);
    }
    let nobody = encoded(r#"{"customerId":{"$eq":"nobody"}}"#);
    app.get(&format!("/api/v2/events?filter={nobody}")).problem(404, "customer-not-found", "\"nobody\"");
}
