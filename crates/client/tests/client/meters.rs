//! Meters: what goes out, and what each answer becomes.

use crate::stub::{Answer, Stub};
use usage_client::usage_api::meter::MeterInput;
use usage_client::usage_api::meter::query::MeterQueryRequest;
use usage_client::{ClientError, UsageAPIClient};

const METER: &str = r#"{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","slug":"tokens","aggregation":"SUM","eventType":"prompt",
"valueProperty":"$.tokens","groupBy":{},"createdAt":"2026-11-01T00:00:00Z","updatedAt":"2026-11-01T00:00:00Z"}"#;
const METERS: &str = r#"[{"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","slug":"tokens","aggregation":"SUM","eventType":"prompt",
"valueProperty":"$.tokens","groupBy":{},"createdAt":"2026-11-01T00:00:00Z","updatedAt":"2026-11-01T00:00:00Z"}]"#;
const USAGE: &str = r#"{"data":[{"value":12345678901234567890.123456789012345678,"windowStart":"2026-11-01T00:00:00Z",
"windowEnd":"2026-11-02T00:00:00Z","subject":"web","customerId":null,"groupBy":{"model":null}}]}"#;

#[test]
fn meters_are_made_listed_asked_and_ended() {
    let stub = Stub::new([
        Answer::Body(201, METER),
        Answer::Body(200, METERS),
        Answer::Body(200, USAGE),
        Answer::Body(200, USAGE),
        Answer::Body(204, ""),
    ]);
    let client = UsageAPIClient::new(&stub.url).unwrap();
    let tokens = MeterInput {
        slug: "tokens".into(),
        aggregation: "SUM".into(),
        event_type: "prompt".into(),
        value_property: Some("$.tokens".into()),
        ..MeterInput::default()
    };
    let made = client.create_meter(&tokens).unwrap();
    assert_eq!((made.slug.as_str(), made.value_property.as_deref()), ("tokens", Some("$.tokens")));
    assert_eq!(client.meters().unwrap(), [made]);
    let question = MeterQueryRequest { subject: Some(vec!["web".into()]), ..MeterQueryRequest::default() };
    let usage = client.query_meter("tokens", &question).unwrap();
    let row = &usage.data[0];
    assert_eq!(row.value.as_str(), "12345678901234567890.123456789012345678");
    assert_eq!((row.subject.as_deref(), &row.customer_id), (Some("web"), &Some(None)));
    assert_eq!(client.query_meter_json("a b", r#"{"from":null}"#).unwrap(), USAGE);
    client.delete_meter("tokens").unwrap();
    let asked: Vec<(String, String)> =
        stub.asked().iter().map(|asked| (asked.line.clone(), asked.body.clone())).collect();
    let line = |line: &str, body: &str| (format!("{line} HTTP/1.1"), body.to_string());
    let input = r#"{"slug":"tokens","aggregation":"SUM","eventType":"prompt","valueProperty":"$.tokens"}"#;
    assert_eq!(
        asked,
        [
            line("POST /api/v1/meters", input),
            line("GET /api/v1/meters", ""),
            line("POST /api/v1/meters/tokens/query", r#"{"subject":["web"]}"#),
            line("POST /api/v1/meters/a%20b/query", r#"{"from":null}"#),
            line("DELETE /api/v1/meters/tokens", ""),
        ]
    );
}

#[test]
fn a_meter_without_a_name_is_refused_without_a_request() {
    let stub = Stub::new([]);
    let client = UsageAPIClient::new(&stub.url).unwrap();
    for refused in [
        client.delete_meter("").unwrap_err(),
        client.query_meter("", &MeterQueryRequest::default()).unwrap_err(),
    ] {
        assert!(matches!(refused, ClientError::Validation(_)), "{refused:?}");
        assert_eq!(refused.to_string(), "Meter cannot be empty");
    }
    assert!(stub.asked().is_empty());
}
