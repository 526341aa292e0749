//! `POST /api/v1/usage/create/`, word for word.

use crate::support::{JSON, Service, call};
use axum::body::Body;
use serde_json::json;
use tokio::task::JoinSet;

const CREATE: &str = "/api/v1/usage/create/";
const BOBS: &str = r#"{"id":1,"month":8,"year":2023,"accumulated_price":"16.61","price_in_dollars":"$16.61","customer":456}"#;
const AGAIN: &str =
    r#"{"message":"Entry has already been processed for customer Bob.","data":{"total_price":"$16.61"}}"#;
const NO_USAGE: &str =
    r#"{"message":"No accumulated usage record or usage records found for customer Alice."}"#;
const NOBODY: &str = r#"{"message":"No accumulated usage record or usage records found for customer."}"#;

#[test]
fn usage_is_posted_once_and_the_answers_are_those_of_the_contract() {
    let app = Service::with_alice_and_bob();
    let created = app.post(CREATE, r#"{"customer": 456}"#).expect(201, BOBS);
    assert_eq!(created.header("content-type"), Some("application/json"));
    app.post(CREATE, r#"{"customer": 456}"#).expect(409, AGAIN);
    app.post(CREATE, r#"{"customer": 123}"#).expect(404, NO_USAGE);
    app.post(CREATE, r#"{"customer": 999}"#).expect(404, NOBODY);
}

#[test]
fn the_slash_at_the_end_may_be_left_out() {
    let app = Service::with_alice_and_bob();
    app.post("/api/v1/usage/create", r#"{"customer": 456}"#).expect(201, BOBS);
    app.post("/api/v1/usage/create/", r#"{"customer": 456}"#).expect(409, AGAIN);
}

#[test]
fn a_form_and_any_spelling_of_a_media_type_are_read() {
    for (media_type, body) in [
        ("application/x-www-form-urlencoded", "customer=456"),
        ("application/x-www-form-urlencoded; charset=utf-8", "csrf=x&customer=456&next="),
        ("Application/JSON;charset=UTF-8", r#"{"customer":456}"#),
        ("application/json", r#"{"customer":"456"}"#),
    ] {
        let app = Service::with_alice_and_bob();
        app.call("POST", CREATE, &[("content-type", media_type)], body).expect(201, BOBS);
    }
    let app = Service::with_alice_and_bob();
    app.call("POST", CREATE, &[], r#"{"customer":456}"#).expect(201, BOBS);
}

#[test]
fn an_unusable_customer_is_400_and_the_field_is_named() {
    let app = Service::with_alice_and_bob();
    let deep = format!(r#"{{"customer": {}1{}}}"#, "[".repeat(100), "]".repeat(100));
    for (body, reason) in [
        ("{}", "is missing"),
        (r#"{"Customer": 456}"#, "is missing"),
        (r#"{"customer": null}"#, "must not be null"),
        (r#"{"customer": ""}"#, "must not be empty"),
        (r#"{"customer": "Bob"}"#, "must be a customer's number"),
        (r#"{"customer": " 456"}"#, "must be a customer's number"),
        (r#"{"customer": -456}"#, "not \"-456\""),
        (r#"{"customer": 0}"#, "must be a customer's number"),
        (r#"{"customer": 456.0}"#, "not \"456.0\""),
        (r#"{"customer": 4.56e2}"#, "must be a customer's number"),
        (r#"{"customer": [456]}"#, "must be a customer's number"),
        (r#"{"customer": {"id": 456}}"#, "must be a customer's number"),
        (r#"{"customer": true}"#, "must be a customer's number"),
        (r#"{"customer": 9007199254740992}"#, "1 to 9007199254740991"),
        (r#"{"customer": 99999999999999999999999999999999999999999999}"#, "1 to 9007199254740991"),
        (r#"{"customer": 1e400}"#, "must be a customer's number"),
        (&deep, "must be a customer's number"),
    ] {
        app.post(CREATE, body).invalid("customer", reason);
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (body, reason) in [
        ("", "is missing"),
        ("customers=456", "is missing"),
        ("customer=", "must not be empty"),
        ("customer=Bob", "must be a customer's number"),
        ("customer=%2B456", "must be a customer's number"),
        ("customer=456&customer=123", "stands twice"),
    ] {
        app.call("POST", CREATE, &form, body).invalid("customer", reason);
    }
    app.post(CREATE, r#"{"customer": 456}"#).expect(201, BOBS);
}

#[test]
fn a_body_that_is_none_is_a_problem_of_its_kind() {
    let app = Service::with_alice_and_bob();
    for body in ["", "customer", "{", "[456]", "456", "null", r#"{"customer":456}}"#, "{\"customer\":NaN}"] {
        app.post(CREATE, body).problem(400, "validation", "the body: ");
    }
    let twice = r#"{"customer":456,"customer":123}"#;
    app.post(CREATE, twice).problem(400, "validation", "the key \"customer\" stands twice");
    app.call("POST", CREATE, JSON, vec![b'{', 0xff, b'}']).problem(400, "validation", "not UTF-8 at byte 1");
    for media_type in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "é"] {
        let headers = [("content-type", media_type)];
        app.call("POST", CREATE, &headers, r#"{"customer":456}"#).problem(
            415,
            "unsupported-media-type",
            "application/json or application/x-www-form-urlencoded",
        );
    }
    let large = format!(r#"{{"customer":456,"x":"{}"}}"#, "x".repeat(16 << 20));
    app.post(CREATE, large).problem(413, "too-large", "16777216 bytes");
}

#[test]
fn other_currencies_are_written_with_their_code_and_decimals() {
    let app = Service::start();
    for (number, currency, amount, figure, shown) in [
        (1, "EUR", "16.605", "16.61", "EUR 16.61"),
        (2, "JPY", "1616.5", "1617", "JPY 1617"),
        (3, "KWD", "16.6", "16.600", "KWD 16.600"),
        (4, "USD", "1234567.895", "1234567.90", "$1234567.90"),
        (5, "USD", "0.005", "0.01", "$0.01"),
        (6, "USD", "0.004999999999999999", "0.00", "$0.00"),
        (7, "USD", "-16.605", "-16.61", "-$16.61"),
    ] {
        app.customer(json!({"number": number, "name": "N", "key": currency.to_string() + amount, "currency": currency}));
        app.charge(&format!("{currency}{amount}"), "2023-08-01T00:00:00Z", json!({"amount": amount}));
        let posting = app.post(CREATE, json!({"customer": number})).json();
        assert_eq!(posting["accumulated_price"], figure);
        assert_eq!(posting["price_in_dollars"], shown);
    }
}

#[test]
fn usage_after_a_posting_changes_the_price_under_the_same_id() {
    let app = Service::with_alice_and_bob();
    app.post(CREATE, r#"{"customer":456}"#).expect(201, BOBS);
    app.charge("bob", "2023-08-31T23:59:59Z", json!({"amount": "3.39"}));
    let more = BOBS.replace("16.61", "20.00");
    app.post(CREATE, r#"{"customer":456}"#).expect(201, &more);
    app.post(CREATE, r#"{"customer":456}"#).expect(409, &AGAIN.replace("16.61", "20.00"));
    // Usage of nothing is usage all the same, and another month is another posting.
    app.charge("bob", "2023-08-31T23:59:59Z", json!({"amount": 0}));
    app.post(CREATE, r#"{"customer":456}"#).expect(201, &more);
    app.at("2023-09-01T00:00:00Z").charge("bob", "2023-09-01T00:00:00Z", json!({"amount": 1}));
    let september = app.post(CREATE, r#"{"customer":456}"#);
    september.expect(
        201,
        &BOBS.replace("16.61", "1.00").replace("\"id\":1", "\"id\":2").replace("\"month\":8", "\"month\":9"),
    );
}

#[test]
fn of_posts_at_the_same_time_exactly_one_is_201() {
    let app = Service::with_alice_and_bob();
    for round in 0..5 {
        let mut posts = JoinSet::new();
        for _ in 0..16 {
            let router = app.router.clone();
            let post =
                async move { call(router, "POST", CREATE, JSON, Body::from(r#"{"customer":456}"#)).await };
            posts.spawn_on(post, app.runtime.handle());
        }
        let answers = app.runtime.block_on(posts.join_all());
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        let refused = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((created, refused), (1, 15), "round {round}");
        assert!(
            answers.iter().all(|answer| !answer.body.contains("\"id\"") || answer.body.contains("\"id\":1,"))
        );
        app.charge("bob", "2023-08-25T00:00:00Z", json!({"amount": "0.01"}));
    }
}
