//! `/api/v1/subjects`: what is known about those whose usage is metered.

use crate::support::{JSON, NOW, Service};
use serde_json::{Value, json};

const SUBJECTS: &str = "/api/v1/subjects";

fn upsert(app: &Service, subjects: Value) -> Vec<Value> {
    app.post(SUBJECTS, subjects).ok().as_array().unwrap().clone()
}

#[test]
fn subjects_are_made_and_changed_in_one_request_each() {
    let app = Service::start();
    assert_eq!(app.get(SUBJECTS).ok(), json!([]));
    let made = upsert(
        &app,
        json!([
            {"key": "web", "displayName": "Web", "metadata": {"tier": "gold"}, "stripeCustomerId": "x"},
            {"key": "api"},
        ]),
    );
    let web = json!({"id": made[0]["id"], "key": "web", "displayName": "Web", "metadata": {"tier": "gold"},
        "createdAt": NOW, "updatedAt": NOW});
    let api = json!({"id": made[1]["id"], "key": "api", "createdAt": NOW, "updatedAt": NOW});
    assert_eq!(made, [web.clone(), api.clone()]);
    assert_eq!(made[0]["id"].as_str().unwrap().len(), 26);
    assert_eq!(app.get(SUBJECTS).ok(), json!([api, web]));
    for name in ["web", made[0]["id"].as_str().unwrap()] {
        assert_eq!(app.get(&format!("{SUBJECTS}/{name}")).ok(), web);
    }
    let later = "2023-08-26T00:00:00Z";
    let changed = upsert(
        app.at(later),
        json!([{"key": "web", "displayName": null}, {"key": "api", "displayName": "A"}]),
    );
    let web = json!({"id": web["id"], "key": "web", "metadata": {"tier": "gold"}, "createdAt": NOW, "updatedAt": later});
    let api =
        json!({"id": api["id"], "key": "api", "displayName": "A", "createdAt": NOW, "updatedAt": later});
    assert_eq!(changed, [web, api]);
    assert_eq!(upsert(&app, json!([])), Vec::<Value>::new());
}

#[test]
fn a_deleted_subject_is_not_known_and_its_usage_stays() {
    let app = Service::start();
    app.meter(json!({"slug": "calls", "aggregation": "COUNT", "eventType": "call"}));
    app.used("call", "web", "2023-08-01T00:00:00Z", json!({}));
    let made = upsert(&app, json!([{"key": "web"}, {"key": "a/b ü"}]));
    app.delete(&format!("{SUBJECTS}/{}", made[0]["id"].as_str().unwrap())).expect(204, "");
    app.get(&format!("{SUBJECTS}/web")).problem(404, "subject-not-found", "no such subject");
    app.delete(&format!("{SUBJECTS}/web")).problem(404, "subject-not-found", "no such subject");
    assert_eq!(app.get("/api/v1/meters/calls/subjects").ok(), json!(["web"]));
    app.delete(&format!("{SUBJECTS}/a%2Fb%20%C3%BC")).expect(204, "");
    assert_eq!(app.get(SUBJECTS).ok(), json!([]));
}

#[test]
fn a_subject_that_is_unusable_is_named_and_nothing_is_kept() {
    let app = Service::start();
    for (body, field, reason) in [
        (json!([{"key": ""}]), "key", "1 to 1024 bytes"),
        (json!([{"key": "good"}, {"key": "x".repeat(1025)}]), "key", "1 to 1024 bytes"),
        (json!([{"key": "a", "displayName": "x".repeat(257)}]), "displayName", "at most 256 bytes"),
        (json!([{"key": 5}]), "[0].key", "invalid type"),
        (json!([{"key": "a", "metadata": {"b": 1}}]), "[0].metadata.b", "invalid type"),
    ] {
        app.post(SUBJECTS, body).invalid(field, reason);
    }
    for (body, reason) in [
        (r#"{"key":"a"}"#, "must be a JSON array"),
        ("", "must be a JSON array"),
        ("[{}]", "is missing"),
        (r#"[{"key":"a"}"#, "the body: "),
    ] {
        app.call("POST", SUBJECTS, JSON, body).problem(400, "validation", reason);
    }
    assert_eq!(app.get(SUBJECTS).ok(), json!([]));
}
