//! `GET /api/v1/events/log`: all events in the order of the log.

use crate::support::{Service, event_with};
use serde_json::{Value, json};

const LOG: &str = "/api/v1/events/log";

fn filled() -> Service {
    let app = Service::start();
    for (id, subject, kind, day) in [("a", "n", "t", 3), ("b", "m", "t", 1), ("c", "n", "u", 2)] {
        let time = format!("2023-08-0{day}T00:00:00Z");
        let event = event_with(id, json!({"subject": subject, "type": kind, "time": time}));
        app.post("/api/v1/events", event).expect(204, "");
    }
    app
}

fn ids(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().map(|item| item["event"]["id"].as_str().unwrap()).collect()
}

#[test]
fn events_come_in_the_order_in_which_they_were_stored_with_their_digits() {
    let app = filled();
    let digits = r#"{"n":1.10}"#;
    let sent = event_with("d", json!({"tenant": "x"})).to_string();
    app.post("/api/v1/events", sent.replace("{\"id\"", &format!("{{\"data\":{digits},\"id\"")))
        .expect(204, "");
    let answer = app.get(LOG);
    assert!(answer.body.contains(digits), "{}", answer.body);
    let page = answer.ok();
    assert_eq!(ids(&page), ["a", "b", "c", "d"]);
    assert_eq!((page.get("next"), &page["until"]), (None, &json!("4")));
    assert_eq!(page["events"][3]["event"]["tenant"], "x");
    assert_eq!(page["events"][3]["ingestedAt"], crate::support::NOW);
}

#[test]
fn pages_end_where_the_log_ended_when_reading_began() {
    let app = filled();
    let first = app.get(&format!("{LOG}?limit=2")).ok();
    assert_eq!((ids(&first), &first["next"]), (vec!["a", "b"], &json!("2")));
    app.post("/api/v1/events", event_with("late", json!({}))).expect(204, "");
    let until = first["until"].as_str().unwrap();
    let last = app.get(&format!("{LOG}?limit=2&after=2&until={until}")).ok();
    assert_eq!((ids(&last), last.get("next")), (vec!["c"], None));
    assert_eq!(ids(&app.get(&format!("{LOG}?after=3")).ok()), ["late"]);
}

#[test]
fn the_log_is_narrowed_and_unusable_parameters_are_named() {
    let app = filled();
    for (query, listed) in [
        ("from=2023-08-02T00:00:00Z", &["a", "c"][..]),
        ("to=2023-08-02T00:00:00Z", &["b"]),
        ("subject=n", &["a", "c"]),
        ("subject=N", &[]),
        ("type=t&subject=n", &["a"]),
        ("source=s", &["a", "b", "c"]),
        ("source=other", &[]),
    ] {
        assert_eq!(ids(&app.get(&format!("{LOG}?{query}")).ok()), listed, "{query}");
    }
    for (query, field, reason) in [
        ("limit=0", "limit", "must be 1 to 10000"),
        ("limit=10001", "limit", "must be 1 to 10000"),
        ("after=x", "after", "is not a position"),
        ("after=%2B1", "after", "is not a position"),
        ("until=-1", "until", "is not a position"),
        ("from=soon", "from", "is not an RFC 3339 time"),
    ] {
        app.get(&format!("{LOG}?{query}")).invalid(field, reason);
    }
    app.get(&format!("{LOG}?customer=x")).invalid("customer", "is no parameter here");
}
