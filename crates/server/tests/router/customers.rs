//! `/api/v1/customers`: making, showing, changing and ending them.

use crate::support::{NOW, Service};
use serde_json::{Value, json};

const CUSTOMERS: &str = "/api/v1/customers";

fn full() -> Value {
    json!({
        "name": "Acme Corporation", "number": 505, "key": "acme",
        "usageAttribution": {"subjectKeys": ["acme-data", "acme-web"]},
        "currency": "EUR", "timezone": "Europe/Berlin", "description": "Pays on time.",
        "primaryEmail": "billing@acme.example", "billingAddress": {"city": "Berlin", "country": "DE"},
        "metadata": {"crm": "7"},
    })
}

#[test]
fn a_customer_has_all_that_it_was_made_with() {
    let app = Service::start();
    let made = app.customer(full());
    let mut expected = full();
    expected["id"] = made["id"].clone();
    expected["createdAt"] = json!(NOW);
    expected["updatedAt"] = json!(NOW);
    assert_eq!(made, expected);
    assert_eq!(made["id"].as_str().unwrap().len(), 26);
    assert_eq!(app.get(&format!("{CUSTOMERS}/acme")).ok(), expected);
    let plain = app.customer(json!({"name": "Plain"}));
    let expected = json!({"id": plain["id"], "number": 506, "name": "Plain", "usageAttribution": {"subjectKeys": []},
        "currency": "USD", "timezone": "UTC", "createdAt": NOW, "updatedAt": NOW});
    assert_eq!(plain, expected);
    assert_ne!(plain["id"], made["id"]);
}

#[test]
fn properties_that_are_null_or_unknown_are_as_if_absent() {
    let app = Service::start();
    let made = app.customer(json!({"name": "N", "key": null, "currency": null, "usageAttribution": null,
        "metadata": null, "annotations": {"x": [1]}, "id": "mine"}));
    assert_eq!((&made["number"], &made["currency"], made.get("key")), (&json!(1), &json!("USD"), None));
}

#[test]
fn customers_are_listed_by_number_page_by_page() {
    let app = Service::start();
    assert_eq!(app.get(CUSTOMERS).ok(), json!({"items": [], "page": 1, "pageSize": 100, "totalCount": 0}));
    for number in [5, 3, 9, 1] {
        app.customer(json!({"number": number, "name": "N"}));
    }
    for (query, page, page_size, numbers) in [
        ("", 1, 100, &[1, 3, 5, 9][..]),
        ("?pageSize=3", 1, 3, &[1, 3, 5]),
        ("?page=2&pageSize=3", 2, 3, &[9]),
        ("?page=3&pageSize=3", 3, 3, &[]),
        ("?page=9007199254740991&pageSize=1000", 9_007_199_254_740_991_u64, 1000, &[]),
    ] {
        let listed = app.get(&format!("{CUSTOMERS}{query}")).ok();
        let shown: Vec<u64> =
            listed["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()).collect();
        assert_eq!(shown, numbers, "{query}");
        let counts = [&listed["page"], &listed["pageSize"], &listed["totalCount"]];
        assert_eq!(counts, [&json!(page), &json!(page_size), &json!(4)], "{query}");
    }
    for (query, field, reason) in [
        ("page=0", "page", "must be 1 to 9007199254740991"),
        ("page=9007199254740992", "page", "must be 1 to 9007199254740991"),
        ("page=-1", "page", "invalid digit"),
        ("pageSize=0", "pageSize", "must be 1 to 1000"),
        ("pageSize=1001", "pageSize", "must be 1 to 1000"),
        ("pageSize=many", "pageSize", "invalid digit"),
    ] {
        app.get(&format!("{CUSTOMERS}?{query}")).invalid(field, reason);
    }
}

#[test]
fn a_customer_becomes_what_is_put_and_keeps_its_id_and_number() {
    let app = Service::start();
    let made = app.customer(full());
    let later = "2023-08-26T00:00:00Z";
    let changed =
        app.at(later).put(&format!("{CUSTOMERS}/505"), json!({"name": "Acme II", "key": "acme2"})).ok();
    let expected = json!({"id": made["id"], "number": 505, "key": "acme2", "name": "Acme II",
        "usageAttribution": {"subjectKeys": []}, "currency": "USD", "timezone": "UTC",
        "createdAt": NOW, "updatedAt": later});
    assert_eq!(changed, expected);
    assert_eq!(app.get(&format!("{CUSTOMERS}/acme2")).ok(), expected);
    app.get(&format!("{CUSTOMERS}/acme")).problem(404, "customer-not-found", "there is no customer \"acme\"");
    app.put(&format!("{CUSTOMERS}/505"), json!({"name": "N", "number": 506})).problem(
        409,
        "conflict",
        "never changes",
    );
    app.put(&format!("{CUSTOMERS}/none"), json!({"name": "N"})).problem(
        404,
        "customer-not-found",
        "\"none\"",
    );
    app.put(&format!("{CUSTOMERS}/505"), json!({"name": ""})).invalid("name", "is missing or empty");
}

#[test]
fn an_ended_customer_is_not_found_and_its_number_stays_taken() {
    let app = Service::start();
    app.customer(full());
    app.delete(&format!("{CUSTOMERS}/acme")).expect(204, "");
    app.get(&format!("{CUSTOMERS}/acme")).problem(404, "customer-not-found", "\"acme\"");
    app.get(&format!("{CUSTOMERS}/acme/bill")).problem(404, "customer-not-found", "\"acme\"");
    app.delete(&format!("{CUSTOMERS}/505")).problem(404, "customer-not-found", "\"505\"");
    assert_eq!(app.get(CUSTOMERS).ok()["totalCount"], 0);
    app.post(CUSTOMERS, full()).problem(409, "conflict", "number 505 is that of customer Acme");
    // Its key and its subjects are free again.
    let mut again = full();
    again["number"] = Value::Null;
    assert_eq!(app.customer(again)["number"], 506);
}

#[test]
fn a_number_a_key_and_a_subject_belong_to_one_customer() {
    let app = Service::start();
    app.customer(full());
    let other = app.customer(json!({"name": "Other", "key": "other"}));
    for (input, reason) in [
        (json!({"name": "N", "number": 505}), "number 505 is that of customer Acme Corporation"),
        (json!({"name": "N", "key": "acme"}), "key \"acme\" is that of customer 505"),
        (
            json!({"name": "N", "usageAttribution": {"subjectKeys": ["x", "acme-web"]}}),
            "subject \"acme-web\" is paid for by customer 505",
        ),
        (
            json!({"name": "N", "usageAttribution": {"subjectKeys": ["acme"]}}),
            "subject \"acme\" is paid for by customer 505",
        ),
        (json!({"name": "N", "key": "acme-data"}), "subject \"acme-data\" is paid for by customer 505"),
    ] {
        app.post(CUSTOMERS, input.clone()).problem(409, "conflict", reason);
        if input.get("number").is_none() {
            app.put(&format!("{CUSTOMERS}/other"), input).problem(409, "conflict", reason);
        }
    }
    assert_eq!(app.get(CUSTOMERS).ok()["totalCount"], 2);
    assert_eq!(app.get(&format!("{CUSTOMERS}/other")).ok(), other);
}

#[test]
fn a_field_that_is_unusable_is_named_and_nothing_is_made() {
    let app = Service::start();
    let many: Vec<String> = (0..1001).map(|i| format!("s{i}")).collect();
    for (input, field, reason) in [
        (json!({}), "name", "is missing or empty"),
        (json!({"name": ""}), "name", "is missing or empty"),
        (json!({"name": "  "}), "name", "is missing or empty"),
        (json!({"name": "x".repeat(257)}), "name", "1 to 256 bytes"),
        (json!({"name": null}), "name", "invalid type: null"),
        (json!({"name": 7}), "name", "invalid type: integer"),
        (json!({"name": ["N"]}), "name", "invalid type: sequence"),
        (
            json!({"name": "N", "timezone": "Mars/Olympus"}),
            "timezone",
            "\"Mars/Olympus\" is not an IANA time zone",
        ),
        (json!({"name": "N", "timezone": ""}), "timezone", "is not an IANA time zone"),
        (json!({"name": "N", "timezone": "+02:00"}), "timezone", "is not an IANA time zone"),
        (json!({"name": "N", "timezone": 2}), "timezone", "invalid type"),
        (json!({"name": "N", "currency": "usd"}), "currency", "\"usd\" is not an ISO 4217 currency code"),
        (json!({"name": "N", "currency": "BTC"}), "currency", "is not an ISO 4217 currency code"),
        (json!({"name": "N", "currency": 840}), "currency", "invalid type"),
        (json!({"name": "N", "number": 0}), "number", "from 1 to 9007199254740991"),
        (json!({"name": "N", "number": 9_007_199_254_740_992_u64}), "number", "from 1 to 9007199254740991"),
        (json!({"name": "N", "number": -1}), "number", "invalid value"),
        (json!({"name": "N", "number": "505"}), "number", "invalid type: string"),
        (json!({"name": "N", "key": ""}), "key", "1 to 256 bytes"),
        (json!({"name": "N", "key": 5}), "key", "invalid type"),
        (json!({"name": "N", "usageAttribution": {}}), "usageAttribution.subjectKeys", "is missing"),
        (
            json!({"name": "N", "usageAttribution": {"subjectKeys": "x"}}),
            "usageAttribution.subjectKeys",
            "invalid type",
        ),
        (
            json!({"name": "N", "usageAttribution": {"subjectKeys": [1]}}),
            "usageAttribution.subjectKeys[0]",
            "invalid type",
        ),
        (
            json!({"name": "N", "usageAttribution": {"subjectKeys": [""]}}),
            "usageAttribution.subjectKeys",
            "1 to 1024 bytes",
        ),
        (
            json!({"name": "N", "usageAttribution": {"subjectKeys": many}}),
            "usageAttribution.subjectKeys",
            "1000 subjects",
        ),
        (json!({"name": "N", "metadata": {"a": 1}}), "metadata.a", "invalid type"),
        (json!({"name": "N", "billingAddress": "Berlin"}), "billingAddress", "invalid type"),
    ] {
        app.post(CUSTOMERS, &input).invalid(field, reason);
    }
    for (body, reason) in [
        ("", "the body: "),
        ("[]", "the body: must be a JSON object"),
        ("[\"N\"]", "the body: must be a JSON object"),
        ("{\"name\":\"N\"", "the body: "),
        ("{\"name\":\"N\"}}", "the body: "),
        ("{\"name\":\"N\",\"name\":\"M\"}", "duplicate field `name`"),
    ] {
        app.post(CUSTOMERS, body).problem(400, "validation", reason);
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    app.call("POST", CUSTOMERS, &form, "name=N").problem(415, "unsupported-media-type", "application/json");
    assert_eq!(app.get(CUSTOMERS).ok()["totalCount"], 0);
}

#[test]
fn a_subject_that_changes_hands_takes_its_later_usage_along() {
    let app = Service::start();
    let with = |name: &str, number: u64, subjects: Value| json!({"name": name, "number": number, "usageAttribution": {"subjectKeys": subjects}});
    app.customer(with("First", 1, json!(["s"])));
    app.customer(with("Second", 2, json!([])));
    app.charge("s", "2023-08-10T00:00:00Z", json!({"amount": 1}));
    app.at("2023-08-20T00:00:00Z");
    app.put(&format!("{CUSTOMERS}/1"), with("First", 1, json!([]))).ok();
    app.put(&format!("{CUSTOMERS}/2"), with("Second", 2, json!(["s"]))).ok();
    app.charge("s", "2023-08-20T00:00:00Z", json!({"amount": 10}));
    app.charge("s", "2023-08-19T23:59:59.999999999Z", json!({"amount": 100}));
    for (number, total) in [(1, "101.00"), (2, "10.00")] {
        assert_eq!(app.get(&format!("{CUSTOMERS}/{number}/bill")).ok()["total"], total);
    }
}
