//! `POST /api/v1/events`: what is taken in.

use crate::support::{Service, event, event_with};
use serde_json::{Value, json};

const EVENTS: &str = "/api/v1/events";

#[test]
fn one_event_or_many_are_taken_in_under_the_three_media_types() {
    let one = event("1").to_string();
    let many = json!([event("2"), event("3")]).to_string();
    for (media_type, body, stored) in [
        ("application/cloudevents+json", &one, 1),
        ("application/cloudevents+json; charset=utf-8", &one, 1),
        ("application/cloudevents-batch+json", &many, 2),
        ("application/cloudevents-batch+json;charset=\"UTF-8\"", &many, 2),
        ("application/json", &one, 1),
        ("application/json", &many, 2),
        ("Application/CloudEvents+JSON ; charset=utf-8", &one, 1),
        ("application/cloudevents-batch+json", &"[]".to_string(), 0),
        ("application/json", &format!(" \n\t{many}\r\n"), 2),
    ] {
        let app = Service::start();
        let answer = app.call("POST", EVENTS, &[("content-type", media_type)], body.clone());
        answer.expect(204, "");
        assert_eq!(app.stored(), stored, "{media_type} {body}");
    }
}

#[test]
fn a_body_of_another_shape_than_its_media_type_is_refused() {
    let app = Service::start();
    let (one, many) = (event("1").to_string(), json!([event("2")]).to_string());
    for (media_type, body, reason) in [
        ("application/cloudevents+json", &many, "its type is application/cloudevents-batch+json"),
        ("application/cloudevents-batch+json", &one, "expected a JSON array"),
        ("application/json", &"\"text\"".to_string(), "must be a CloudEvent or an array"),
        ("application/json", &"7".to_string(), "must be a CloudEvent or an array"),
        ("application/json", &String::new(), "must be a CloudEvent or an array"),
    ] {
        let answer = app.call("POST", EVENTS, &[("content-type", media_type)], body.clone());
        answer.problem(400, "validation", reason);
    }
    for media_type in ["text/plain", "application/xml", "application/jsonx", "json"] {
        let answer = app.call("POST", EVENTS, &[("content-type", media_type)], one.clone());
        answer.problem(415, "unsupported-media-type", "application/cloudevents-batch+json (an array)");
    }
    let plain = [("content-type", "application/json"), ("content-encoding", "identity")];
    app.call("POST", EVENTS, &plain, one).expect(204, "");
    assert_eq!(app.stored(), 1);
}

#[test]
fn a_required_attribute_that_is_missing_empty_or_no_text_is_named() {
    let app = Service::start();
    for name in ["id", "source", "specversion", "type", "subject"] {
        let absent = event_with("1", json!({name: null}));
        let mut null = event("1");
        null[name] = Value::Null;
        for (sent, reason) in [
            (absent, "is missing"),
            (null, "is missing"),
            (event_with("1", json!({name: ""})), "must not be empty"),
            (event_with("1", json!({name: 7})), "must be a string"),
            (event_with("1", json!({name: ["x"]})), "must be a string"),
        ] {
            app.post(EVENTS, sent).invalid("0", &format!("{name}: {reason}"));
        }
    }
    for (changes, reason) in [
        (json!({"specversion": "0.3"}), "specversion: must be \"1.0\""),
        (json!({"specversion": "x".repeat(100_000)}), "specversion: must be \"1.0\""),
        (json!({"id": "x".repeat(1025)}), "id is longer than 1024 bytes"),
        (json!({"time": "yesterday"}), "time: \"yesterday\" is not an RFC 3339 time"),
        (json!({"time": "2023-08-01"}), "time: "),
        (json!({"time": "2023-02-30T00:00:00Z"}), "time: "),
        (json!({"time": "1969-12-31T23:59:59Z"}), "outside the years 1970 to 2261"),
        (json!({"time": 1_690_848_000}), "time: must be a string"),
        (json!({"datacontenttype": "text/xml"}), "datacontenttype: must be application/json"),
        (json!({"data": "text"}), "data: must be a JSON object, null or absent"),
        (json!({"data": [1]}), "data: must be a JSON object, null or absent"),
        (json!({"data": 1}), "data: must be a JSON object, null or absent"),
        (json!({"data": true}), "data: must be a JSON object, null or absent"),
        (json!({"data": {"a": "x".repeat(70_000)}}), "data is longer than 65536 bytes"),
        (json!({"tenant": "x".repeat(5_000)}), "extensions is longer than 4096 bytes"),
        (json!({"x".repeat(100_000) + " ": 1}), "is no name of a CloudEvents attribute"),
    ] {
        let answer = app.post(EVENTS, event_with("1", changes));
        assert!(answer.body.len() < 1000, "an answer of {} bytes", answer.body.len());
        answer.invalid("0", reason);
    }
    assert_eq!(app.stored(), 0);
}

#[test]
fn what_an_event_may_leave_out_or_add_is_kept_as_sent() {
    let app = Service::start();
    for (id, sent, shown) in [
        ("1", json!({"time": null}), json!({"time": crate::support::NOW})),
        (
            "2",
            json!({"time": "2023-08-01T02:30:00.123456789+05:30"}),
            json!({"time": "2023-07-31T21:00:00.123456789Z"}),
        ),
        ("3", json!({"data": {}}), json!({"data": {}})),
        ("4", json!({"data": {"deep": [1, {"x": null}]}}), json!({"data": {"deep": [1, {"x": null}]}})),
        ("5", json!({"datacontenttype": "application/json"}), json!({"datacontenttype": "application/json"})),
        ("6", json!({"tenant": "x", "seq": 5}), json!({"tenant": "x", "seq": 5})),
    ] {
        app.post(EVENTS, event_with(id, sent)).expect(204, "");
        let listed = app.get(&format!("{EVENTS}?id={id}")).ok();
        assert_eq!(listed[0]["event"], event_with(id, shown), "{id}");
    }
    let mut null = event("7");
    null["data"] = Value::Null;
    null["datacontenttype"] = Value::Null;
    app.post(EVENTS, null).expect(204, "");
    // Digits stay as they were sent, which a JSON value of the test could not show.
    let digits = r#"{"n":1.10,"big":123456789012345678901234567890.5e-3}"#;
    let sent = event("8").to_string().replace("{\"id\"", &format!("{{\"data\":{digits},\"id\""));
    app.post(EVENTS, sent).expect(204, "");
    assert!(app.get(&format!("{EVENTS}?id=8")).body.contains(digits));
}

#[test]
fn the_same_source_and_id_count_once_whatever_else_they_say() {
    let app = Service::start();
    app.post(EVENTS, event("1")).expect(204, "");
    app.post(EVENTS, event("1")).expect(204, "");
    app.post(EVENTS, event_with("1", json!({"time": "2024-01-01T00:00:00Z", "subject": "other"})))
        .expect(204, "");
    app.post(EVENTS, json!([event("1"), event("1"), event_with("1", json!({"type": "x"}))])).expect(204, "");
    let listed = app.get(EVENTS).ok();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["event"], event("1"));
    app.post(EVENTS, event_with("1", json!({"source": "other"}))).expect(204, "");
    assert_eq!(app.stored(), 2);
}

#[test]
fn a_thousand_events_in_one_body_are_stored_and_counted() {
    let app = Service::start();
    app.customer(json!({"name": "N", "key": "n"}));
    let many: Vec<Value> = (0..1000)
        .map(|i| {
            crate::support::charge(&i.to_string(), "n", "2023-08-01T00:00:00Z", json!({"amount": "0.001"}))
        })
        .collect();
    app.post(EVENTS, json!(many)).expect(204, "");
    app.post(EVENTS, json!(many)).expect(204, "");
    let bill = app.get("/api/v1/customers/n/bill").ok();
    assert_eq!((&bill["total"], &bill["position"]), (&json!("1.00"), &json!("1000")));
    assert_eq!(bill["lines"][0]["events"], 1000);
}

#[test]
fn an_invalid_event_refuses_the_whole_request_and_every_bad_index_is_listed() {
    let app = Service::start();
    let bad = event_with("x", json!({"subject": null}));
    let sent =
        json!([event("1"), bad, event("2"), 7, event_with("3", json!({"time": "soon"})), [], event("4")]);
    let body = app.post(EVENTS, sent).problem(400, "validation", "event 1: subject: is missing (and 3 more)");
    let errors = body["errors"].as_array().unwrap();
    let fields: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["1", "3", "4", "5"]);
    assert_eq!(app.stored(), 0);
    // Nothing of it was claimed either: the good ones can still be sent.
    app.post(EVENTS, json!([event("1"), event("2")])).expect(204, "");
    assert_eq!(app.stored(), 2);
}

#[test]
fn more_events_than_a_request_may_have_are_refused() {
    let app = Service::start();
    let many = format!("[{}0]", "0,".repeat(50_000));
    app.post(EVENTS, many).problem(400, "validation", "50000 events at most");
}
