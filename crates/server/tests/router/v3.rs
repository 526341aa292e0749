//! `/api/v3/openmeter/events`: the third version of taking events in and listing them.

use crate::filters::filled;
use crate::support::{LENIENT, Service, charge, encoded, event, event_with};
use serde_json::{Value, json};

const EVENTS: &str = "/api/v3/openmeter/events";

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|item| item["event"]["id"].as_str().unwrap()).collect()
}

#[test]
fn events_are_taken_in_as_by_version_1_and_answered_with_202() {
    let one = event("1").to_string();
    let many = json!([event("2"), event("3")]).to_string();
    for (media_type, body, stored) in [
        ("application/cloudevents+json", &one, 1),
        ("application/cloudevents-batch+json; charset=utf-8", &many, 2),
        ("application/json", &one, 1),
        ("application/json", &many, 2),
    ] {
        let app = Service::start();
        app.call("POST", EVENTS, &[("content-type", media_type)], body.clone()).expect(202, "");
        app.call("POST", EVENTS, &[("content-type", media_type)], body.clone()).expect(202, "");
        assert_eq!(app.stored(), stored, "{media_type} {body}");
    }
    let app = Service::start();
    app.post(EVENTS, json!([event("1"), event_with("2", json!({"subject": null}))])).problem(
        400,
        "validation",
        "event 1: subject: is missing",
    );
    app.call("POST", EVENTS, &[("content-type", "text/plain")], one).problem(
        415,
        "unsupported-media-type",
        "",
    );
    assert_eq!(app.stored(), 0);
}

#[test]
fn properties_that_it_does_not_know_are_refused() {
    let app = Service::start();
    let known =
        json!({"datacontenttype": "application/json", "dataschema": "urn:x", "data": {"any": "thing"}});
    app.post(EVENTS, event_with("1", known)).expect(202, "");
    app.post(EVENTS, event_with("2", json!({"tenant": "x"})))
        .invalid("0", "tenant: is no property of an event");
    let sent = json!([event_with("3", json!({"tenant": "x"})), event("4")]);
    let report = app.call("POST", EVENTS, LENIENT, sent.to_string()).ok();
    assert_eq!((&report["rejected"], &report["accepted"]), (&json!(1), &json!(1)));
    // Version 1 keeps them.
    app.post("/api/v1/events", event_with("2", json!({"tenant": "x"}))).expect(204, "");
    assert_eq!(app.stored(), 3);
}

#[test]
fn a_listed_event_has_its_customer_and_what_is_wrong_with_it() {
    let app = Service::start();
    let customer = app.customer(json!({"name": "N", "key": "n"}));
    let sent = charge("1", "n", "2023-08-01T00:00:00Z", json!({}));
    app.post(EVENTS, sent.clone()).expect(202, "");
    let page = app.get(EVENTS).ok();
    let listed = &page["data"][0];
    assert_eq!((&listed["event"], &listed["customer"]), (&sent, &json!({"id": customer["id"]})));
    let now = crate::support::NOW;
    assert_eq!((&listed["ingested_at"], &listed["stored_at"]), (&json!(now), &json!(now)));
    assert_eq!(listed["validation_errors"][0]["code"], "invalid_event");
    let message = listed["validation_errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("invalid event: missing value property"), "{message}");
    app.post(EVENTS, event("2")).expect(202, "");
    let page = app.get(&format!("{EVENTS}?filter[id][eq]=2")).ok();
    let names: Vec<&String> = page["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["event", "ingested_at", "stored_at"]);
}

#[test]
fn pages_lead_from_one_to_the_next() {
    let app = filled();
    let first = app.get(&format!("{EVENTS}?page[size]=3")).ok();
    assert_eq!(ids(&first), ["d", "c", "b"]);
    let page = &first["meta"]["page"];
    assert_eq!((&page["size"], &page["previous"], &page["last"]), (&json!(3), &Value::Null, &page["next"]));
    let next = page["next"].as_str().unwrap();
    let last = app.get(&format!("{EVENTS}?page%5Bsize%5D=3&page%5Bafter%5D={next}")).ok();
    assert_eq!((ids(&last), &last["meta"]["page"]["next"]), (vec!["a"], &Value::Null));
    let empty = Service::start().get(EVENTS).ok();
    assert_eq!(empty, json!({"data": [], "meta": {"page": {"next": null, "previous": null, "size": 20}}}));
}

#[test]
fn filters_stand_in_the_query() {
    let app = filled();
    for (query, listed) in [
        ("filter[subject][eq]=n-1", &["d", "a"][..]),
        ("filter[subject]=n-1", &["d", "a"]),
        ("filter[subject][neq]=n-1", &["c", "b"]),
        ("filter[subject][contains]=N", &["d", "c", "a"]),
        ("filter[subject][ocontains]=2,m", &["c", "b"]),
        ("filter[id][oeq]=a,c", &["c", "a"]),
        ("filter[id][gt]=b", &["d", "c"]),
        ("filter[id][gte]=b&filter[id][lt]=d", &["c", "b"]),
        ("filter[id][lte]=b", &["b", "a"]),
        ("filter[id][exists]=false", &[]),
        ("filter[type]=gpu&filter[source]=s", &["a"]),
        ("filter[time][gte]=2023-08-02T00:00:00Z&filter[time][lt]=2023-08-03T00:00:00Z", &["b"]),
        ("filter[ingested_at][lt]=2023-09-02T12:00:00Z", &["a"]),
        ("filter[stored_at][gt]=2023-09-03T12:00:00Z", &["d"]),
        ("filter[customer_id][eq]=n-1", &["d", "a"]),
        ("filter[customer_id][oeq]=n-1,number:10", &["d", "b", "a"]),
        ("sort=time%20desc", &["d", "c", "b", "a"]),
    ] {
        assert_eq!(ids(&app.get(&format!("{EVENTS}?{query}")).ok()), listed, "{query}");
    }
}

#[test]
fn a_parameter_that_is_unknown_or_unusable_is_named() {
    let app = Service::start();
    for (query, field, reason) in [
        ("page[size]=0", "page[size]", "must be 1 to 100"),
        ("page[size]=101", "page[size]", "must be 1 to 100"),
        ("page[size]=x", "page[size]", "invalid digit"),
        ("page[after]=x", "page[after]", "is not one that a page named"),
        ("page[before]=x", "page[before]", "pages go forward only"),
        ("page[number]=1", "page[number]", "is no parameter"),
        ("limit=1", "limit", "is no parameter"),
        ("sort=time", "", ""),
        ("sort=time%20asc", "sort", "newest first is the only order"),
        ("filter=x", "filter", "is no parameter"),
        ("filter[data]=x", "filter[data]", "is no parameter"),
        ("filter[id][is]=x", "filter[id][is]", "is no operator"),
        ("filter[id][eq]=x&filter[id][eq]=y", "filter[id][eq]", "stands twice"),
        ("filter[id][exists]=x", "filter[id][exists]", "must be true or false"),
        ("filter[time][eq]=x", "filter[time][eq]", "is not an RFC 3339 time"),
        ("filter[time][contains]=x", "filter[time][contains]", "is no operator"),
        ("filter[customer_id][neq]=x", "filter[customer_id][neq]", "only eq and oeq"),
        ("filter[customer_id][eq]=number:x", "filter[customer_id][eq]", "is not a customer's"),
    ] {
        let answer = app.get(&format!("{EVENTS}?{query}"));
        match field {
            "" => drop(answer.ok()),
            _ => answer.invalid(field, reason),
        }
    }
    app.get(&format!("{EVENTS}?filter[customer_id]=nobody")).problem(404, "customer-not-found", "\"nobody\"");
    assert_eq!(app.get(&format!("{EVENTS}?{}=1", encoded("page[size]"))).status, 200);
}
