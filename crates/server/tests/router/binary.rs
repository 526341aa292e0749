//! `POST /api/v1/events` in binary mode: attributes in `ce-` headers, the data as the body.

use crate::support::{Service, event, event_with};
use serde_json::{Value, json};

const EVENTS: &str = "/api/v1/events";
const NEEDED: [(&str, &str); 5] =
    [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "s"), ("ce-type", "t"), ("ce-subject", "u")];

/// The needed headers with some changed; an empty value takes one away.
fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    let needed = NEEDED.into_iter().filter(|(name, _)| !changed(name));
    needed.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

#[test]
fn an_event_in_headers_is_the_same_as_one_in_the_body() {
    let time = ("ce-time", "2023-08-01T00:00:00Z");
    for (headers, body, stored) in [
        (with(&[time]), "", event("1")),
        (with(&[time, ("content-type", "application/json")]), "null", event("1")),
        (
            with(&[time, ("content-type", "application/json; charset=utf-8")]),
            "{\"n\":1}",
            event_with("1", json!({"data": {"n": 1}})),
        ),
        (with(&[time, ("ce-id", "a%20%C3%BC%25")]), "{}", event_with("a \u{fc}%", json!({"data": {}}))),
        (with(&[time, ("ce-subject", "\"a b\"")]), "", event_with("1", json!({"subject": "a b"}))),
        (with(&[time, ("ce-tenant", "x")]), "", event_with("1", json!({"tenant": "x"}))),
        (with(&[]), "", event_with("1", json!({"time": crate::support::NOW}))),
    ] {
        let app = Service::start();
        app.call("POST", EVENTS, &headers, body).expect(204, "");
        assert_eq!(app.get(EVENTS).ok()[0]["event"], stored, "{headers:?} {body}");
        // Sent again in the body, it is known.
        let lenient = [("content-type", "application/json"), ("prefer", "handling=lenient")];
        let mut sent = stored.clone();
        if !headers.contains(&time) {
            sent.as_object_mut().unwrap().remove("time");
        }
        let report = app.call("POST", EVENTS, &lenient, sent.to_string()).ok();
        assert_eq!(report["verdicts"][0]["verdict"], "duplicate", "{headers:?} {body}");
    }
}

#[test]
fn digits_of_the_data_stay_as_they_were_sent() {
    let app = Service::start();
    let digits = r#"{"n":1.10,"big":123456789012345678901234567890.5e-3}"#;
    app.call("POST", EVENTS, &with(&[("content-type", "application/json")]), digits).expect(204, "");
    assert!(app.get(EVENTS).body.contains(digits));
}

#[test]
fn what_is_wrong_with_a_header_is_named_by_its_attribute() {
    let app = Service::start();
    for (changes, body, reason) in [
        (&[("ce-id", "")][..], "", "id: is missing"),
        (&[("ce-specversion", "")], "", "specversion: is missing"),
        (&[("ce-specversion", "0.3")], "", "specversion: must be \"1.0\""),
        (&[("ce-subject", "\"\"")], "", "subject: must not be empty"),
        (&[("ce-subject", "%zz")], "", "subject: has a %"),
        (&[("ce-subject", "%ff")], "", "subject: is not UTF-8"),
        (&[("ce-id", "1"), ("ce-id", "2")], "", "the key \"id\" stands twice"),
        (&[("ce-time", "yesterday")], "", "time: \"yesterday\" is not an RFC 3339 time"),
        (&[("ce-time", "1969-12-31T23:59:59Z")], "", "outside the years 1970 to 2261"),
        (&[("ce-datacontenttype", "text/xml")], "", "datacontenttype: must be application/json"),
        (&[("ce-data", "x")], "", "data: must be a JSON object, null or absent"),
        (&[], "[1]", "data: "),
        (&[], "text", "data: "),
        (&[], "{\"a\":1", "data: "),
        (&[], "{},\"id\":\"2\"", "data: "),
    ] {
        app.call("POST", EVENTS, &with(changes), body).invalid("0", reason);
    }
    for media_type in ["text/plain", "application/xml", "application/x-ndjson"] {
        let answer = app.call("POST", EVENTS, &with(&[("content-type", media_type)]), "{}");
        answer.problem(415, "unsupported-media-type", "application/json: it is that of the data");
    }
    assert_eq!(app.stored(), 0);
}

#[test]
fn a_cloudevents_media_type_says_that_the_body_is_the_event() {
    let app = Service::start();
    let headers = with(&[("ce-id", "other"), ("content-type", "application/cloudevents+json")]);
    app.call("POST", EVENTS, &headers, event("1").to_string()).expect(204, "");
    let headers = with(&[("ce-id", "other"), ("content-type", "application/cloudevents-batch+json")]);
    app.call("POST", EVENTS, &headers, json!([event("2")]).to_string()).expect(204, "");
    let listed: Value = app.get(EVENTS).ok();
    assert_eq!((&listed[0]["event"], &listed[1]["event"]), (&event("2"), &event("1")));
}

#[test]
fn a_single_event_gets_its_verdict_too() {
    let app = Service::start();
    for (changes, verdict) in [
        (&[("prefer", "handling=lenient")][..], "accepted"),
        (&[("prefer", "handling=lenient")], "duplicate"),
        (&[("prefer", "handling=lenient"), ("ce-subject", "v")], "conflict"),
        (&[("prefer", "handling=lenient"), ("ce-type", "")], "rejected"),
    ] {
        let report = app.call("POST", EVENTS, &with(changes), "{}").ok();
        assert_eq!(report["verdicts"][0]["verdict"], verdict);
    }
}
