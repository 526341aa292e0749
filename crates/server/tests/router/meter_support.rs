//! A meter with usage, that is asked in both versions of the interface.

use crate::support::{Answer, Service};
use serde_json::{Map, Value, json};

pub(crate) const QUERY: &str = "/api/v1/meters/tokens/query";

/// Tokens by model and region, of subjects `web` and `api` of customer 7 and `free` of nobody, around the
/// change to summer time in Los Angeles on 9 March 2025.
pub(crate) struct Tokens {
    pub(crate) app: Service,
    id: String,
    pub(crate) customer: String,
}

impl Tokens {
    pub(crate) fn start() -> Tokens {
        let app = Service::start();
        let customer = app.customer(json!({"name": "Acme", "number": 7, "key": "acme",
            "usageAttribution": {"subjectKeys": ["web", "api"]}}));
        let meter = app.meter(json!({"slug": "tokens", "aggregation": "SUM", "eventType": "prompt",
            "valueProperty": "$.tokens", "groupBy": {"model": "$.model", "region": "$.region"}}));
        for (subject, time, data) in [
            ("web", "2025-03-06T09:00:30Z", json!({"tokens": 1000, "model": "large", "region": "eu"})),
            ("web", "2025-03-07T07:59:59.999Z", json!({"tokens": "0.5", "model": "large", "region": "us"})),
            ("web", "2025-03-09T08:00:00Z", json!({"tokens": 20, "model": "small"})),
            ("api", "2025-03-10T06:59:59Z", json!({"tokens": 300, "model": "large", "region": "eu"})),
            ("api", "2025-03-10T07:00:00Z", json!({"tokens": 4, "model": "say \"hi\", all", "region": "eu"})),
            ("free", "2025-03-10T07:00:59Z", json!({"tokens": 50000, "region": "us"})),
            ("free", "2025-03-10T07:00:59Z", json!({"model": "large"})),
        ] {
            app.used("prompt", subject, time, data);
        }
        let text = |value: &Value| value.as_str().unwrap().to_string();
        Tokens { app, id: text(&meter["id"]), customer: text(&customer["id"]) }
    }

    /// The rows of an answer: window, subject, customer and dimensions, value. The question is asked by GET,
    /// by POST and in version 3.
    #[track_caller]
    pub(crate) fn rows(&self, question: &str) -> Vec<(String, String, String)> {
        let get = self.app.get(&format!("{QUERY}?{question}")).ok();
        let asked = parameters(question);
        let post = self.app.post(QUERY, Value::Object(v1(&asked))).ok();
        assert_eq!(post, get, "{question}");
        let v3 = self.v3(v3(&asked)).ok();
        for name in ["from", "to"] {
            assert_eq!(v3.get(name), get.get(name), "{question}");
        }
        let rows: Vec<_> = get["data"].as_array().unwrap().iter().map(row_of_v1).collect();
        let same: Vec<_> = v3["data"].as_array().unwrap().iter().map(row_of_v3).collect();
        assert_eq!(same, rows, "{question}");
        rows
    }

    pub(crate) fn v3(&self, question: Value) -> Answer {
        self.app.post(&format!("/api/v3/openmeter/meters/{}/query", self.id), question)
    }
}

/// The parameters of a question, with what stands in brackets apart.
pub(crate) fn parameters(question: &str) -> Vec<(String, Option<String>, String)> {
    let pairs = question.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            let value =
                value.replace("%2F", "/").replace("%22", "\"").replace("%20", " ").replace("%2C", ",");
            match name.trim_end_matches(']').split_once('[') {
                Some((name, inner)) => (name.to_string(), Some(inner.to_string()), value),
                None => (name.to_string(), None, value),
            }
        })
        .collect()
}

/// The question as a body of version 1.
pub(crate) fn v1(asked: &[(String, Option<String>, String)]) -> Map<String, Value> {
    let mut body = json!({});
    for (name, inner, value) in asked {
        let list = match (name.as_str(), inner) {
            (_, Some(inner)) => &mut body[name][inner],
            ("subject" | "groupBy" | "filterCustomerId", None) => &mut body[name],
            _ => {
                body[name] = json!(value);
                continue;
            }
        };
        push(list, value);
    }
    body.as_object().unwrap().clone()
}

fn push(list: &mut Value, value: &str) {
    match list {
        Value::Array(values) => values.push(json!(value)),
        _ => *list = json!([value]),
    }
}

/// The question as a body of version 3.
pub(crate) fn v3(asked: &[(String, Option<String>, String)]) -> Value {
    let mut body = json!({});
    for (name, inner, value) in asked {
        let filters = &mut body["filters"]["dimensions"];
        match (name.as_str(), inner) {
            (_, Some(inner)) => push(&mut filters[inner]["in"], value),
            ("subject", _) => push(&mut filters["subject"]["in"], value),
            ("filterCustomerId", _) => push(&mut filters["customer_id"]["in"], value),
            ("groupBy", _) => push(&mut body["group_by_dimensions"], value),
            ("windowTimeZone", _) => body["time_zone"] = json!(value),
            ("windowSize", _) => {
                let sizes = [("MINUTE", "PT1M"), ("HOUR", "PT1H"), ("DAY", "P1D"), ("MONTH", "P1M")];
                body["granularity"] = json!(sizes.iter().find(|(v1, _)| v1 == value).unwrap().1);
            }
            _ => body[name] = json!(value),
        }
    }
    body
}

fn row_of_v1(row: &Value) -> (String, String, String) {
    let mut by = row["groupBy"].as_object().unwrap().clone();
    if !row["subject"].is_null() {
        by.insert("subject".into(), row["subject"].clone());
    }
    if let Some(customer) = row.get("customerId") {
        by.insert("customer_id".into(), customer.clone());
    }
    let text = |name: &str| row[name].as_str().unwrap();
    let window = format!("{} {}", text("windowStart"), text("windowEnd"));
    (window, Value::Object(by).to_string(), row["value"].to_string())
}

fn row_of_v3(row: &Value) -> (String, String, String) {
    let text = |name: &str| row[name].as_str().unwrap();
    (format!("{} {}", text("from"), text("to")), row["dimensions"].to_string(), text("value").to_string())
}

#[track_caller]
pub(crate) fn check(tokens: &Tokens, question: &str, expected: &[(&str, &str, &str)]) {
    let rows = tokens.rows(question);
    let rows: Vec<_> = rows.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(rows, expected, "{question}");
}
