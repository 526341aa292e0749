//! Single requests: what goes out, and what each answer becomes.

use crate::stub::{Answer, Stub};
use std::net::TcpListener;
use std::time::Duration;
use usage_client::usage_api::customer::CustomerInput;
use usage_client::usage_api::posting::Message;
use usage_client::{ClientError, CreateUsage, CustomerName, UsageAPIClient};

const POSTED: &str = r#"{"id":1,"month":8,"year":2023,"accumulated_price":"16.61","price_in_dollars":"$16.61","customer":456}"#;
const PROCESSED: &str =
    r#"{"message":"Entry has already been processed for customer Bob.","data":{"total_price":"$16.61"}}"#;
const NO_USAGE: &str =
    r#"{"message":"No accumulated usage record or usage records found for customer Alice."}"#;
const NO_CUSTOMER: &str = r#"{"message":"No accumulated usage record or usage records found for customer."}"#;
const BILL: &str = r#"{"customer":{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","number":456,"key":null,"name":"Bob"},
"month":"2026-11","from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z","time_zone":"UTC","status":"open",
"currency":"USD","lines":[],"total":"16.61","exact_total":"16.6100001","total_formatted":"$16.61","position":"7"}"#;

fn client(stub: &Stub) -> UsageAPIClient {
    UsageAPIClient::new(&stub.url).unwrap()
}

fn message(text: &str) -> Message {
    serde_json::from_str(text).unwrap()
}

#[test]
fn posting_usage_has_four_answers() {
    let posted = CreateUsage::Posted(serde_json::from_str(POSTED).unwrap());
    for (status, body, outcome, wrapped) in [
        (201, POSTED, posted, format!("{{\"message\":{POSTED}}}")),
        (
            409,
            PROCESSED,
            CreateUsage::AlreadyProcessed(message(PROCESSED)),
            format!("{{\"message\":{PROCESSED}}}"),
        ),
        (404, NO_USAGE, CreateUsage::NoUsage(message(NO_USAGE)), format!("{{\"message\":{NO_USAGE}}}")),
        (404, NO_CUSTOMER, CreateUsage::NoCustomer(message(NO_CUSTOMER)), NO_CUSTOMER.to_string()),
    ] {
        let stub = Stub::new([Answer::Body(status, body), Answer::Body(status, body)]);
        assert_eq!(client(&stub).create_usage(456).unwrap(), outcome);
        assert_eq!(client(&stub).create_usage_json("456").unwrap(), wrapped);
        let asked = stub.asked();
        assert_eq!(asked[0].line, "POST /api/v1/usage/create/ HTTP/1.1");
        assert!(asked[0].has("content-type: application/json"), "{asked:?}");
        assert_eq!(
            (asked[0].body.as_str(), asked[1].body.as_str()),
            (r#"{"customer":456}"#, r#"{"customer":"456"}"#)
        );
    }
}

#[test]
fn an_empty_customer_is_refused_without_a_request() {
    let stub = Stub::new([]);
    let client = client(&stub);
    for name in [CustomerName::from(""), 0.into(), None::<u64>.into(), None::<String>.into()] {
        let refused = client.create_usage(name.clone()).unwrap_err();
        assert!(matches!(refused, ClientError::Validation(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "Customer cannot be empty");
        assert_eq!(client.bill(name, None).unwrap_err(), refused);
    }
    assert_eq!(stub.asked().len(), 0);
}

#[test]
fn every_other_answer_is_an_error_with_the_services_reason() {
    let problem = r#"{"type":"/problems/validation","title":"Bad","status":400,"detail":"customer: is missing","instance":"/api/v1/usage/create/"}"#;
    for (status, body, reason, is_problem) in [
        (400, problem, "customer: is missing", true),
        (400, r#"{"customer":["a number"]}"#, r#"{"customer":["a number"]}"#, false),
        (404, r#"{"message":"Not Found"}"#, r#"{"message":"Not Found"}"#, false),
        (404, "<html>", "<html>", false),
        (409, "", "an answer without a reason", false),
        (500, "oops", "oops", false),
        (201, "{}", "the answer cannot be read (missing field `id` at line 1 column 2): {}", false),
    ] {
        let stub = Stub::new([Answer::Body(status, body)]);
        let Err(ClientError::Api(error)) = client(&stub).create_usage(1) else { panic!("{status}") };
        assert_eq!((error.status, error.reason.as_str()), (status, reason));
        assert_eq!(error.problem.is_some(), is_problem);
        assert_eq!(error.to_string(), format!("{status}: {reason}"));
        stub.only();
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let stub = Stub::new([Answer::WithHeader(308, "Location: https://elsewhere/", "")]);
    let refused = client(&stub).create_usage(1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "308: redirected to https://elsewhere/: give the address that answers as base_url"
    );
    stub.only();
}

#[test]
fn a_bill_is_asked_for_by_one_percent_encoded_segment() {
    for (customer, month, line) in [
        (CustomerName::from(456), None, "/api/v1/customers/number:456/bill"),
        (CustomerName::from("456"), Some("2026-11"), "/api/v1/customers/456/bill?month=2026-11"),
        (CustomerName::from("AWS:123/4 5"), None, "/api/v1/customers/AWS:123%2F4%205/bill"),
        (CustomerName::from("ü?"), Some("a&b"), "/api/v1/customers/%C3%BC%3F/bill?month=a%26b"),
    ] {
        let stub = Stub::new([Answer::Body(200, BILL), Answer::Body(200, BILL)]);
        let bill = client(&stub).bill(customer.clone(), month).unwrap();
        assert_eq!((bill.exact_total.as_str(), bill.customer.number), ("16.6100001", 456));
        assert_eq!(client(&stub).bill_json(customer, month).unwrap(), BILL);
        assert_eq!(stub.asked()[0].line, format!("GET {line} HTTP/1.1"));
    }
}

#[test]
fn the_key_goes_with_every_request_and_is_never_shown() {
    let stub = Stub::new([Answer::Body(201, POSTED), Answer::Body(200, BILL)]);
    let client = UsageAPIClient::builder(&stub.url).api_key("s3cret").build().unwrap();
    client.create_usage(456).unwrap();
    client.bill(456, None).unwrap();
    let asked = stub.asked();
    assert!(asked.iter().all(|asked| asked.has("authorization: Bearer s3cret")), "{asked:#?}");
    assert!(!format!("{client:?}").contains("s3cret"), "{client:?}");
    let refused = UsageAPIClient::builder(&stub.url).api_key("s3cret\r\nX: y").build().unwrap_err();
    assert_eq!(refused.to_string(), "api_key: must be printable ASCII without spaces");
}

#[test]
fn a_service_that_cannot_be_reached_is_a_network_error() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let Err(ClientError::Network(error)) = UsageAPIClient::new(&url).unwrap().create_usage(1) else {
        panic!("answered")
    };
    assert!(!error.timed_out, "{error}");
    assert!(error.to_string().starts_with(&format!("no answer from {url}: Connection refused")), "{error}");
}

#[test]
fn an_answer_that_takes_too_long_is_a_network_error() {
    let stub = Stub::new([Answer::Silence]);
    let client = UsageAPIClient::builder(&stub.url).timeout(Duration::from_millis(50)).build().unwrap();
    let Err(ClientError::Network(error)) = client.create_usage(1) else { panic!("answered") };
    assert!(error.timed_out, "{error}");
    assert_eq!(error.to_string(), format!("no answer from {}: timed out after 50ms", stub.url));
    // Posting usage is never tried again behind the caller's back.
    stub.only();
}

#[test]
fn an_operators_requests_go_where_the_service_has_them() {
    let customer = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","number":7,"name":"Acme","usageAttribution":{"subjectKeys":[]},"currency":"USD","timezone":"UTC","createdAt":"2026-11-01T00:00:00Z","updatedAt":"2026-11-01T00:00:00Z"}"#;
    let page = r#"{"items":[],"page":2,"pageSize":50,"totalCount":0}"#;
    let verified = r#"{"ok":true,"position":"7","events":1,"records":1,"bytes":9,"totals":1,"problems":[]}"#;
    let stub = Stub::new([
        Answer::Body(200, page),
        Answer::Body(200, customer),
        Answer::Body(201, customer),
        Answer::Body(200, "[1.10]"),
        Answer::Body(200, r#"{"items":[{"subject":"s","events":1}],"more":2,"events":4}"#),
        Answer::Body(200, verified),
        Answer::Body(200, r#"{"position":"7","events":1,"totals":1}"#),
        Answer::Body(200, "ok"),
        Answer::Body(503, "starting"),
    ]);
    let client = client(&stub);
    assert_eq!(client.customers(2, 50).unwrap().page, 2);
    assert_eq!(client.customer("key:a/b").unwrap().number, 7);
    let input = CustomerInput { name: "Acme".to_string(), ..CustomerInput::default() };
    assert_eq!(client.create_customer(&input).unwrap().name, "Acme");
    assert_eq!(client.events(&[("from", "2026-11-01T00:00:00+01:00"), ("id", "a b")]).unwrap(), "[1.10]");
    assert_eq!(client.unpaid().unwrap().more, 2);
    assert!(client.verify().unwrap().ok);
    assert_eq!(client.rebuild().unwrap().totals, 1);
    client.healthz().unwrap();
    assert_eq!(client.healthz().unwrap_err().to_string(), "503: starting");
    let lines: Vec<String> = stub.asked().iter().map(|asked| asked.line.replace(" HTTP/1.1", "")).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/customers?page=2&pageSize=50",
            "GET /api/v1/customers/key:a%2Fb",
            "POST /api/v1/customers",
            "GET /api/v1/events?from=2026-11-01T00:00:00%2B01:00&id=a%20b",
            "GET /api/v1/usage/unpaid",
            "POST /api/v1/store/verify",
            "POST /api/v1/store/rebuild",
            "GET /healthz",
            "GET /healthz",
        ]
    );
    assert_eq!(stub.asked()[2].body, r#"{"name":"Acme"}"#);
}

#[test]
fn settings_out_of_range_are_refused() {
    let builder = || UsageAPIClient::builder("http://localhost");
    for (built, why) in [
        (builder().timeout(Duration::ZERO).build(), "timeout: must be more than zero"),
        (builder().batch_size(0).build(), "batch_size: must be 1 to 10000"),
        (builder().batch_size(10_001).build(), "batch_size: must be 1 to 10000"),
    ] {
        assert_eq!(built.unwrap_err().to_string(), why);
    }
}

/// The handshake itself needs a certificate that the client trusts; that it is tried shows here.
#[cfg(feature = "tls")]
#[test]
fn a_service_without_tls_is_not_asked_over_https() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let service = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 3];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
        hello
    });
    let refused = UsageAPIClient::new(&url).unwrap().create_usage(1).unwrap_err();
    assert!(matches!(refused, ClientError::Network(_)), "{refused:?}");
    assert_eq!(service.join().unwrap()[..2], [22, 3], "a TLS handshake record");
}
