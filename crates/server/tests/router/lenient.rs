//! `Prefer: handling=lenient`: a verdict per event.

use crate::support::{LENIENT, Service, event, event_with};
use serde_json::json;

const EVENTS: &str = "/api/v1/events";

#[test]
fn the_good_events_are_stored_and_every_event_gets_its_verdict_in_order() {
    let app = Service::start();
    app.post(EVENTS, event("old")).expect(204, "");
    let sent = json!([
        event("new"),
        event_with("x", json!({"type": null})),
        event("old"),
        event_with("old", json!({"subject": "other"})),
        event("new"),
        event_with("new", json!({"data": {"n": 1}})),
        "text",
        event("last"),
    ]);
    let answer = app.call("POST", EVENTS, LENIENT, sent.to_string());
    assert_eq!(answer.header("preference-applied"), Some("handling=lenient"));
    let report = answer.ok();
    let counts = ["accepted", "duplicate", "conflict", "rejected"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [2, 2, 2, 2]);
    let verdicts = [
        json!({"index": 0, "verdict": "accepted"}),
        json!({"index": 1, "verdict": "rejected", "reason": "type: is missing"}),
        json!({"index": 2, "verdict": "duplicate"}),
        json!({"index": 3, "verdict": "conflict"}),
        json!({"index": 4, "verdict": "duplicate"}),
        json!({"index": 5, "verdict": "conflict"}),
        json!({"index": 6, "verdict": "rejected", "reason": report["verdicts"][6]["reason"]}),
        json!({"index": 7, "verdict": "accepted"}),
    ];
    assert_eq!(report["verdicts"], json!(verdicts), "{report:#}");
    assert!(report["verdicts"][6]["reason"].as_str().unwrap().starts_with("not a CloudEvent: "));
    assert_eq!(app.stored(), 3);
}

#[test]
fn content_is_compared_by_value_and_a_time_that_was_filled_in_is_no_part_of_it() {
    let app = Service::start();
    let data = |text: &str| event("1").to_string().replace("{\"id\"", &format!("{{\"data\":{text},\"id\""));
    let untimed = event_with("2", json!({"time": null})).to_string();
    app.post(EVENTS, data(r#"{"a":1.0,"b":[1]}"#)).expect(204, "");
    app.post(EVENTS, &untimed).expect(204, "");
    app.at("2023-08-26T00:00:00Z");
    for (sent, verdict) in [
        (data(r#" { "b" : [ 1e0 ] , "a" : 10e-1 } "#), "duplicate"),
        (data(r#"{"a":1.0,"b":[1,1]}"#), "conflict"),
        (data(r#"{"a":"1.0","b":[1]}"#), "conflict"),
        (untimed, "duplicate"),
        (event_with("2", json!({"time": crate::support::NOW})).to_string(), "conflict"),
    ] {
        let report = app.call("POST", EVENTS, LENIENT, sent.clone()).ok();
        assert_eq!(report["verdicts"][0]["verdict"], verdict, "{sent}");
    }
}

#[test]
fn a_request_of_only_bad_events_or_of_none_is_answered_too() {
    let app = Service::start();
    let report = app.call("POST", EVENTS, LENIENT, "[]").ok();
    assert_eq!(report, json!({"accepted": 0, "duplicate": 0, "conflict": 0, "rejected": 0, "verdicts": []}));
    let report = app.call("POST", EVENTS, LENIENT, "{}").ok();
    assert_eq!((&report["rejected"], &report["accepted"]), (&json!(1), &json!(0)));
    app.call("POST", EVENTS, LENIENT, "[{").problem(400, "validation", "the body: ");
}

#[test]
fn the_preference_is_read_in_every_form_that_the_standard_allows() {
    for (values, lenient) in [
        (&["handling=lenient"][..], true),
        (&["Handling=Lenient"], true),
        (&["handling = \"lenient\""], true),
        (&["respond-async, handling=lenient"], true),
        (&["respond-async", "handling=lenient"], true),
        (&["handling=lenient; foo=bar"], true),
        (&["note=\"a, b; c\", handling=lenient"], true),
        (&["handling=lenient, handling=strict"], true),
        (&["handling=strict, handling=lenient"], false),
        (&["handling=strict"], false),
        (&["handling"], false),
        (&["lenient"], false),
        (&["wait=5; handling=lenient"], false),
        (&["note=\"x, handling=lenient\""], false),
        (&["handling=lenient2"], false),
        (&["", ",;=,\"", "="], false),
        (&["é"], false),
    ] {
        let app = Service::start();
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(values.iter().map(|value| ("prefer", *value)));
        let answer = app.call("POST", EVENTS, &headers, event("1").to_string());
        assert_eq!(answer.status, if lenient { 200 } else { 204 }, "{values:?}");
        assert_eq!(app.stored(), 1, "{values:?}");
    }
}
