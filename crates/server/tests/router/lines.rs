//! `POST /api/v1/events` with an event per line.

use crate::support::{Service, event, event_with};
use serde_json::json;

const EVENTS: &str = "/api/v1/events";
const LINES: &[(&str, &str)] = &[("content-type", "application/x-ndjson")];
const LENIENT_LINES: &[(&str, &str)] =
    &[("content-type", "application/x-ndjson"), ("prefer", "handling=lenient")];

#[test]
fn an_event_per_line_is_taken_in_and_empty_lines_are_nothing() {
    let (one, two) = (event("1"), event("2"));
    for (body, stored) in [
        (format!("{one}\n{two}\n"), 2),
        (format!("{one}\n{two}"), 2),
        (format!("\n\n{one}\r\n \t\r\n{two}\r\n\r\n"), 2),
        (format!("  {one}  "), 1),
        (String::new(), 0),
        ("\n \n".to_string(), 0),
    ] {
        for media_type in ["application/x-ndjson", "application/ndjson; charset=utf-8"] {
            let app = Service::start();
            app.call("POST", EVENTS, &[("content-type", media_type)], body.clone()).expect(204, "");
            assert_eq!(app.stored(), stored, "{body:?}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_nothing_is_stored() {
    let app = Service::start();
    let bad = event_with("x", json!({"subject": null}));
    let body = format!("{}\n\n{bad}\n{}\n[{}]\n{{\n", event("1"), event("2"), event("3"));
    let problem = app.call("POST", EVENTS, LINES, body.clone()).problem(
        400,
        "validation",
        "line 3: subject: is missing (and 2 more); nothing of the request was stored",
    );
    let places: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(places, ["line 3", "line 5", "line 6"]);
    assert_eq!(app.stored(), 0);
    let report = app.call("POST", EVENTS, LENIENT_LINES, body).ok();
    assert_eq!((&report["accepted"], &report["rejected"]), (&json!(2), &json!(3)));
    assert_eq!(
        report["verdicts"][1],
        json!({"index": 1, "verdict": "rejected", "reason": "line 3: subject: is missing"})
    );
    assert_eq!(app.stored(), 2);
}

#[test]
fn a_pretty_printed_event_is_no_line_and_many_lines_are_too_many() {
    let app = Service::start();
    let pretty = serde_json::to_string_pretty(&event("1")).unwrap();
    app.call("POST", EVENTS, LINES, pretty).invalid("line 1", "not a CloudEvent");
    app.call("POST", EVENTS, LINES, "{}\n".repeat(50_001)).problem(400, "validation", "50000 events at most");
    app.call("POST", EVENTS, LINES, vec![b'\n', 0xff]).problem(400, "validation", "not UTF-8 at byte 1");
    assert_eq!(app.stored(), 0);
}
