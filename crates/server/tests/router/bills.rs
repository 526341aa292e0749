//! `GET /api/v1/customers/{customer}/bill`

use crate::support::Service;
use serde_json::{Value, json};

/// A detail of a line: description, quantity, unit and unit price, of one event where not said otherwise.
fn detail(labels: [Option<&str>; 4], events: u64, exact: &str) -> Value {
    let [description, quantity, unit, price] = labels;
    json!({"description": description, "quantity": quantity, "unit": unit, "unit_price": price,
           "events": events, "exact_amount": exact})
}

/// A line: its quantity, unit and unit price, and how much it is exactly and rounded.
fn line(service: &str, labels: [Option<&str>; 3], amounts: [&str; 2], details: &[Value]) -> Value {
    let ([quantity, unit, price], [exact, amount]) = (labels, amounts);
    let events: u64 = details.iter().map(|detail| detail["events"].as_u64().unwrap()).sum();
    json!({"key": format!("charges/{service}"), "kind": "charges", "service": service,
           "from": "2023-08-01T00:00:00Z", "to": "2023-09-01T00:00:00Z", "quantity": quantity, "unit": unit,
           "unit_price": price, "events": events, "exact_amount": exact, "amount": amount, "total": amount,
           "details": details})
}

#[test]
fn a_bill_has_a_line_per_service_and_each_line_its_details() {
    let app = Service::start();
    let made = app.customer(json!({"number": 7, "name": "Acme", "key": "acme"}));
    for (service, description, quantity, unit, price) in [
        ("Search", "Queries", json!(1000), "queries", json!("0.0004")),
        ("Search", "Queries", json!("12.5"), "queries", json!("4e-4")),
        ("GPU", "H100", json!("1.5"), "hours", json!("2.99")),
        ("GPU", "A10", json!("2"), "hours", json!("0.75")),
    ] {
        let data = json!({"service": service, "description": description, "quantity": quantity,
                          "unit": unit, "unit_price": price});
        app.charge("acme", "2023-08-10T10:00:00Z", data);
    }
    app.charge("acme", "2023-08-10T10:00:00Z", json!({"service": "Support", "amount": "49.9"}));
    app.charge("acme", "2023-08-10T10:00:00Z", json!({"quantity": 3, "unit": "seats", "unit_price": "1"}));
    let a10 = detail([Some("A10"), Some("2"), Some("hours"), Some("0.75")], 1, "1.5");
    let h100 = detail([Some("H100"), Some("1.5"), Some("hours"), Some("2.99")], 1, "4.485");
    let searched = detail([Some("Queries"), Some("1012.5"), Some("queries"), Some("0.0004")], 2, "0.405");
    let support = detail([None; 4], 1, "49.9");
    let seats = detail([None, Some("3"), Some("seats"), Some("1")], 1, "3");
    let lines = json!([
        line("GPU", [Some("3.5"), Some("hours"), None], ["5.985", "5.99"], &[a10, h100]),
        line("Search", [Some("1012.5"), Some("queries"), Some("0.0004")], ["0.405", "0.41"], &[searched]),
        line("Support", [None; 3], ["49.9", "49.90"], &[support]),
        line("Usage", [Some("3"), Some("seats"), Some("1")], ["3", "3.00"], &[seats]),
    ]);
    let whole = json!({
        "customer": {"id": made["id"], "number": 7, "key": "acme", "name": "Acme"},
        "month": "2023-08", "from": "2023-08-01T00:00:00Z", "to": "2023-09-01T00:00:00Z", "time_zone": "UTC",
        "status": "open", "id": format!("{}-2023-08", made["id"].as_str().unwrap()), "currency": "USD",
        "lines": lines, "subtotal": "59.30",
        "total": "59.30", "exact_total": "59.29", "total_formatted": "$59.30", "position": "6",
    });
    let bill = app.get("/api/v1/customers/acme/bill").ok();
    assert_eq!(bill, whole, "{bill:#}");
}

#[test]
fn the_month_is_the_current_one_unless_it_is_named() {
    let app = Service::with_alice_and_bob();
    app.at("2026-11-22T10:00:00Z").charge("bob", "2026-11-01T00:00:00Z", json!({"amount": "2"}));
    for (query, month, total) in [
        ("", "2026-11", "2.00"),
        ("?month=2026-11", "2026-11", "2.00"),
        ("?month=2023-08", "2023-08", "16.61"),
        ("?month=1970-01", "1970-01", "0.00"),
        ("?month=2261-12", "2261-12", "0.00"),
    ] {
        let bill = app.get(&format!("/api/v1/customers/456/bill{query}")).ok();
        assert_eq!((&bill["month"], &bill["total"]), (&json!(month), &json!(total)), "{query}");
    }
    for month in ["2026-13", "2026-00", "2026-1", "2026", "1969-12", "2262-01", "", "november", "2026-11-01"]
    {
        app.get(&format!("/api/v1/customers/456/bill?month={month}")).invalid("month", "such as 2026-11");
    }
    app.get("/api/v1/customers/456/bill?month=2026-11&month=2026-12").problem(400, "validation", "month");
}

#[test]
fn a_customer_without_usage_has_an_empty_bill_and_an_unknown_one_has_none() {
    let app = Service::with_alice_and_bob();
    let bill = app.get("/api/v1/customers/123/bill").ok();
    assert_eq!(bill["lines"], json!([]));
    assert_eq!((&bill["total"], &bill["exact_total"]), (&json!("0.00"), &json!("0")));
    assert_eq!(bill["customer"]["key"], json!(null));
    app.get("/api/v1/customers/999/bill").problem(404, "customer-not-found", "there is no customer \"999\"");
}

#[test]
fn a_customer_is_found_by_key_number_and_id_and_a_prefix_removes_doubt() {
    let app = Service::start();
    let by_number = app.customer(json!({"number": 456, "name": "By number", "key": "bob"}));
    app.customer(json!({"number": 1, "name": "By key", "key": "456"}));
    let id = by_number["id"].as_str().unwrap();
    for (name, found) in [
        ("456", "By key"),
        ("key:456", "By key"),
        ("number:1", "By key"),
        ("number:456", "By number"),
        ("bob", "By number"),
        ("b%6Fb", "By number"),
        ("key%3Abob", "By number"),
        (id, "By number"),
        (&format!("id:{id}"), "By number"),
    ] {
        assert_eq!(
            app.get(&format!("/api/v1/customers/{name}/bill")).ok()["customer"]["name"],
            found,
            "{name}"
        );
    }
    for name in ["key:1", "number:2", "id:01ARZ3NDEKTSV4RRFFQ69G5FAV", "Bob", "4%3556x"] {
        app.get(&format!("/api/v1/customers/{name}/bill")).problem(404, "customer-not-found", "no customer");
    }
    for name in ["number:x", "number:-1", "number:", "id:zzz"] {
        app.get(&format!("/api/v1/customers/{name}/bill")).invalid("customer", "is not a customer's");
    }
    app.get("/api/v1/customers/%FF/bill").problem(400, "validation", "UTF-8");
}

#[test]
fn a_key_with_slashes_and_colons_is_found_where_it_is_escaped() {
    let app = Service::start();
    for (number, key, path) in [
        (1, "org/team/7", "org%2Fteam%2F7"),
        (2, "AWS:123:eu", "AWS:123:eu"),
        (3, "key:odd", "key:key:odd"),
        (4, "Ünder wäg", "%C3%9Cnder%20w%C3%A4g"),
        (5, "50%", "50%25"),
        (6, "a?b#c", "a%3Fb%23c"),
        (7, "..", "%2E%2E"),
        (8, "a+b", "a+b"),
    ] {
        app.customer(json!({"number": number, "name": key, "key": key}));
        app.charge(key, "2023-08-01T00:00:00Z", json!({"amount": number}));
        let customer = app.get(&format!("/api/v1/customers/{path}")).ok();
        assert_eq!(customer["number"], number, "{path}");
        let bill = app.get(&format!("/api/v1/customers/{path}/bill")).ok();
        assert_eq!(bill["total"], format!("{number}.00"), "{path}");
    }
}

#[test]
fn charges_in_another_currency_are_listed_and_never_added() {
    let app = Service::start();
    app.customer(json!({"name": "N", "key": "n", "currency": "EUR"}));
    for (currency, amount) in [("EUR", "1.005"), ("USD", "2.5"), ("USD", "0.001"), ("JPY", "300")] {
        app.charge("n", "2023-08-01T00:00:00Z", json!({"amount": amount, "currency": currency}));
    }
    app.charge("n", "2023-08-01T00:00:00Z", json!({"amount": "1"}));
    let bill = app.get("/api/v1/customers/n/bill").ok();
    assert_eq!(bill["currency"], "EUR");
    assert_eq!((&bill["total"], &bill["total_formatted"]), (&json!("2.01"), &json!("EUR 2.01")));
    let others = json!([
        {"currency": "JPY", "exact_amount": "300", "events": 1},
        {"currency": "USD", "exact_amount": "2.501", "events": 2},
    ]);
    assert_eq!(bill["other_currencies"], others);
}

#[test]
fn the_position_grows_with_every_event_that_is_new() {
    let app = Service::with_alice_and_bob();
    let position = || app.get("/api/v1/customers/456/bill").ok()["position"].as_str().unwrap().to_string();
    assert_eq!(position(), "3");
    app.charge("nobody", "2023-08-01T00:00:00Z", json!({"amount": 1}));
    assert_eq!(position(), "4");
    app.post("/api/v1/events", crate::support::event("e")).expect(204, "");
    app.post("/api/v1/events", crate::support::event("e")).expect(204, "");
    assert_eq!(position(), "5");
    let unpaid = app.get("/api/v1/usage/unpaid").ok();
    let nobody = json!({"subject": "nobody", "events": 1});
    assert_eq!(unpaid, json!({"items": [nobody], "more": 0, "events": 1}));
    app.charge("no one", "2023-08-01T00:00:00Z", json!({"amount": 1}));
    let first = app.get("/api/v1/usage/unpaid?limit=1").ok();
    let no_one = json!({"subject": "no one", "events": 1});
    assert_eq!(first, json!({"items": [no_one], "more": 1, "events": 2}));
    app.get("/api/v1/usage/unpaid?limit=0").expect(400, "must be 1 to 1000");
}

#[test]
fn amounts_that_no_figure_can_hold_are_left_out_and_named() {
    let app = Service::start();
    app.customer(json!({"name": "N", "key": "n"}));
    let most = "99999999999999999999.999999999999999999";
    app.charge("n", "2023-08-01T00:00:00Z", json!({"amount": most}));
    app.charge("n", "2023-08-01T00:00:00Z", json!({"amount": most}));
    app.charge("n", "2023-08-01T00:00:00Z", json!({"amount": "100000000000000000000"}));
    let bill = app.get("/api/v1/customers/n/bill").ok();
    assert_eq!(bill["exact_total"], "199999999999999999999.999999999999999998");
    assert_eq!(bill["total"], "200000000000000000000.00");
}
