//! `GET /api/v1/events` and `GET /api/v2/events`: what is stored, newest first.

use crate::support::{Service, charge, event, event_with};
use serde_json::{Value, json};

const EVENTS: &str = "/api/v1/events";

fn ids(listed: &Value) -> Vec<&str> {
    listed.as_array().unwrap().iter().map(|item| item["event"]["id"].as_str().unwrap()).collect()
}

/// Events a to d on the first four days of August, of which d arrived last, then one of today.
fn filled() -> Service {
    let app = Service::start();
    for (id, subject, day) in [("a", "n-1", 1), ("c", "n-2", 3), ("b", "m", 2), ("d", "n-1", 4)] {
        let time = format!("2023-08-0{day}T00:00:00Z");
        app.at(&format!("2023-09-0{day}T12:00:00Z"));
        app.post(EVENTS, event_with(id, json!({"subject": subject, "time": time}))).expect(204, "");
    }
    app
}

#[test]
fn a_stored_event_is_shown_with_when_it_came_and_whose_it_is() {
    let app = Service::start();
    let customer = app.customer(json!({"name": "N", "key": "n"}));
    let sent = charge("1", "n", "2023-08-01T00:00:00Z", json!({"amount": "1.50"}));
    app.post(EVENTS, sent.clone()).expect(204, "");
    let now = crate::support::NOW;
    let shown = json!([{"event": sent, "customerId": customer["id"], "ingestedAt": now, "storedAt": now}]);
    assert_eq!(app.get(EVENTS).ok(), shown);
    app.post(EVENTS, event("2")).expect(204, "");
    let nobodys = json!([{"event": event("2"), "ingestedAt": now, "storedAt": now}]);
    assert_eq!(app.get(&format!("{EVENTS}?subject=u")).ok(), nobodys);
}

#[test]
fn events_are_listed_newest_time_first_and_of_one_time_the_last_stored_first() {
    let app = filled();
    assert_eq!(ids(&app.get(EVENTS).ok()), ["d", "c", "b", "a"]);
    app.post(EVENTS, event_with("e", json!({"time": "2023-08-02T00:00:00Z"}))).expect(204, "");
    assert_eq!(ids(&app.get(EVENTS).ok()), ["d", "c", "e", "b", "a"]);
}

#[test]
fn a_listing_is_narrowed_by_every_parameter() {
    let app = filled();
    app.customer(json!({"number": 9, "name": "N", "key": "n-1", "usageAttribution": {"subjectKeys": ["m"]}}));
    app.customer(json!({"number": 10, "name": "Nothing"}));
    for (query, listed) in [
        ("from=2023-08-02T00:00:00Z", &["d", "c", "b"][..]),
        ("to=2023-08-02T00:00:00Z", &["a"]),
        ("from=2023-08-02T00:00:00Z&to=2023-08-04T00:00:00Z", &["c", "b"]),
        ("from=2023-08-02T02:00:00%2B02:00&to=2023-08-02T00:00:00.000000001Z", &["b"]),
        ("ingestedAtFrom=2023-09-02T12:00:00Z&ingestedAtTo=2023-09-04T12:00:00Z", &["c", "b"]),
        ("limit=2", &["d", "c"]),
        ("limit=100", &["d", "c", "b", "a"]),
        ("id=b", &["b"]),
        ("id=z", &[]),
        ("subject=n-", &["d", "c", "a"]),
        ("subject=n-1&limit=1", &["d"]),
        ("customerId=9", &["d", "b", "a"]),
        ("customerId=n-1", &["d", "b", "a"]),
        ("customerId=number:9&subject=m", &["b"]),
        ("customerId=10", &[]),
        ("unknown=parameter", &["d", "c", "b", "a"]),
    ] {
        assert_eq!(ids(&app.get(&format!("{EVENTS}?{query}")).ok()), listed, "{query}");
    }
}

#[test]
fn an_unusable_parameter_is_named() {
    let app = Service::start();
    for (query, field, reason) in [
        ("limit=101", "limit", "must be 1 to 100"),
        ("limit=0", "limit", "must be 1 to 100"),
        ("limit=-1", "limit", "invalid digit"),
        ("limit=ten", "limit", "invalid digit"),
        ("limit=", "limit", ""),
        ("limit=99999999999999999999999", "limit", "too large"),
        ("from=yesterday", "from", "\"yesterday\" is not an RFC 3339 time"),
        ("to=2023-08-01", "to", "is not an RFC 3339 time"),
        ("from=2023-08-01T00:00:00+02:00", "from", "is not an RFC 3339 time"),
        ("from=2023-08-02T00:00:00Z&to=2023-08-01T00:00:00Z", "from", "must be before to"),
        ("from=2023-08-02T00:00:00Z&to=2023-08-02T00:00:00Z", "from", "must be before to"),
        ("ingestedAtFrom=x", "ingestedAtFrom", "is not an RFC 3339 time"),
        ("ingestedAtTo=1969-01-01T00:00:00Z", "ingestedAtTo", "outside the years"),
        ("customerId=number:x", "customerId", "is not a customer's"),
        ("customerId=", "customerId", "is not a customer's"),
    ] {
        app.get(&format!("{EVENTS}?{query}")).invalid(field, reason);
    }
    app.get(&format!("{EVENTS}?limit=1&limit=2")).problem(400, "validation", "duplicate field `limit`");
    app.get(&format!("{EVENTS}?customerId=9")).problem(
        404,
        "customer-not-found",
        "there is no customer \"9\"",
    );
    for (query, field) in [("limit=101", "limit"), ("limit=x", "limit"), ("filter=%7B", "filter")] {
        app.get(&format!("/api/v2/events?{query}")).invalid(field, "");
    }
    for cursor in ["", "x", "1", "1-", "-1-1", "1-x", "99999999999999999999-1", "1-1-1"] {
        app.get(&format!("/api/v2/events?cursor={cursor}")).invalid("cursor", "is not one that a page named");
    }
}

#[test]
fn a_charge_that_cannot_be_billed_is_stored_and_says_why() {
    let app = Service::start();
    app.customer(json!({"name": "N", "key": "n"}));
    let missing =
        "invalid event: missing value property: \"$.amount\", or \"$.quantity\" and \"$.unit_price\"";
    for (id, data, reason) in [
        ("1", json!({}), missing),
        ("2", json!({"amount": null}), missing),
        ("3", json!({"amount": "twelve"}), "invalid event: \"$.amount\" is no usable figure: not a number"),
        (
            "4",
            json!({"amount": "NaN"}),
            "invalid event: \"$.amount\" is no usable figure: value cannot be NaN",
        ),
        (
            "5",
            json!({"amount": "1", "currency": "XXX"}),
            "invalid event: \"$.currency\" is not an ISO 4217 currency code",
        ),
        ("6", json!({"quantity": -1, "unit_price": 1}), "invalid event: \"$.quantity\" must not be negative"),
    ] {
        app.post(EVENTS, charge(id, "n", "2023-08-01T00:00:00Z", data)).expect(204, "");
        let listed = app.get(&format!("{EVENTS}?id={id}")).ok();
        let shown = listed[0]["validationError"].as_str().unwrap();
        assert!(shown.starts_with(reason), "{shown}");
    }
    app.charge("n", "2023-08-01T00:00:00Z", json!({"amount": "2"}));
    let bill = app.get("/api/v1/customers/n/bill").ok();
    assert_eq!((&bill["total"], &bill["lines"][0]["events"]), (&json!("2.00"), &json!(1)));
}

#[test]
fn pages_follow_one_another_until_every_event_was_shown_once() {
    let app = Service::start();
    let many: Vec<Value> = (0..30)
        .map(|i| {
            event_with(&format!("{i:02}"), json!({"time": format!("2023-08-{:02}T00:00:00Z", i / 3 + 1)}))
        })
        .collect();
    app.post(EVENTS, json!(many)).expect(204, "");
    let whole = app.get("/api/v2/events").ok();
    assert_eq!(whole.get("nextCursor"), None);
    for limit in [1, 7, 10, 29, 30, 31] {
        let (mut shown, mut pages, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let page = app.get(&format!("/api/v2/events?limit={limit}{cursor}")).ok();
            let items = page["items"].as_array().unwrap().clone();
            assert!(!items.is_empty() && items.len() <= limit, "a page of {} events", items.len());
            shown.extend(items);
            pages += 1;
            match page.get("nextCursor") {
                None => break,
                Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            }
        }
        assert_eq!((json!(shown), pages), (whole["items"].clone(), 30usize.div_ceil(limit)), "limit {limit}");
    }
    assert_eq!(Service::start().get("/api/v2/events").ok(), json!({"items": []}));
}
