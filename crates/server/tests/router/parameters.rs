//! Query parameters that a route does not have are refused, not ignored.

use crate::billing_support::acme;
use crate::support::Service;
use serde_json::{Value, json};

#[test]
fn a_parameter_that_nobody_reads_is_refused_with_those_that_there_are() {
    let app = acme();
    for (method, path, name, known) in [
        ("GET", "/api/v1/usage/unpaid?month=2026-09", "month", "there are limit"),
        ("GET", "/api/v1/bills?page=2", "page", "customer, month, after, limit"),
        ("GET", "/api/v1/customers/acme/bill?month=2026-09&foo=1", "foo", "there are month"),
        ("GET", "/api/v1/customers?pagesize=1", "pagesize", "page, pageSize"),
        ("GET", "/api/v1/events?hasError=true", "hasError", "is not supported"),
        ("POST", "/api/v1/meters/preview?x=1", "x", "there is none"),
        ("GET", "/api/v1/events/log?before=1", "before", ""),
        ("GET", "/api/v1/plans?x", "x", "there is none"),
        ("POST", "/api/v1/catalog/apply?dryrun=true", "dryrun", "there are dry_run"),
        ("POST", "/api/v1/bill-runs?month=2026-09", "month", "there is none"),
        ("DELETE", "/api/v1/customers/acme?force=1", "force", "there is none"),
        ("GET", "/healthz?deep=1", "deep", "there is none"),
    ] {
        app.call(method, path, &[], String::new()).invalid(name, known);
    }
    assert_eq!(app.get("/api/v1/customers/acme").ok()["key"], "acme", "nothing was done");
    // Contracts of others, which say nothing of it.
    app.get("/api/v1/meters?foo=1").ok();
    app.get("/api/v1/subjects?foo=1").ok();
    app.get("/api/v1/events?foo=1").ok();
    assert_eq!(app.get("/api/v1/bills?").ok(), json!({"items": []}));
}

#[test]
fn customers_are_found_by_key_name_and_subject() {
    let app = Service::start();
    for (number, name, subject) in [(1, "Bob", "sA"), (2, "bobby & Söhne", "sB"), (3, "Carol", "sC")] {
        let attribution = json!({"subjectKeys": [subject]});
        app.customer(
            json!({"number": number, "name": name, "key": format!("k{number}"), "usageAttribution": attribution}),
        );
    }
    let found = |query: &str| -> (Vec<u64>, u64) {
        let page: Value = app.get(&format!("/api/v1/customers?{query}")).ok();
        let items = page["items"].as_array().unwrap().iter();
        let numbers = items.map(|customer| customer["number"].as_u64().unwrap()).collect();
        (numbers, page["totalCount"].as_u64().unwrap())
    };
    for (query, numbers, count) in [
        ("", vec![1, 2, 3], 3),
        ("key=k2", vec![2], 1),
        ("key=K2", vec![], 0),
        ("key=nosuch", vec![], 0),
        ("name=BOB", vec![1, 2], 2),
        ("name=B&page=2&pageSize=1", vec![2], 2),
        ("name=s%C3%96HN", vec![2], 1),
        ("subject=sB", vec![2], 1),
        ("subject=k3", vec![3], 1),
        ("subject=none", vec![], 0),
        ("subject=sB&name=carol", vec![], 0),
        ("subject=sB&key=k2&name=bobby", vec![2], 1),
        ("subject=sB&key=k1", vec![], 0),
    ] {
        assert_eq!(found(query), (numbers, count), "{query}");
    }
}
