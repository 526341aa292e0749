//! `/openapi.json`: every route is described, and what is described is so.

use crate::support::{Answer, JSON, Service};
use axum::body::Body;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use usage_api::customer::CustomerInput;
use usage_api::posting::{CreateUsage, Message, Posting};
use usage_api::problem::Problem;

const METHODS: [&str; 4] = ["get", "put", "post", "delete"];
/// Pages for people and the document itself; and a second spelling of a path.
const UNDESCRIBED: [&str; 4] = ["/", "/docs", "/openapi.json", "/api/v1/usage/create"];

fn document() -> Value {
    Service::start().get("/openapi.json").ok()
}

/// Path, method and description of every operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            found.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    assert!(found.len() > 10, "{} operations", found.len());
    found
}

fn every(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            see(key, value);
            every(value, see);
        }),
        Value::Array(values) => values.iter().for_each(|value| every(value, see)),
        _ => {}
    }
}

/// A path with names in it; those that the service made are given.
fn named(path: &str, made: &Made) -> String {
    let bill = if path.ends_with("/finalize") { &made.open_bill } else { &made.bill };
    let names = [
        ("{customer}", "456"),
        ("{meter}", &made.meter),
        ("{name}", "model"),
        ("{subject}", "acme-web"),
        ("{plan}", "pro"),
        ("{tax}", "vat-de"),
        ("{coupon}", "launch"),
        ("{subscription}", &made.subscription),
        ("{grant}", &made.grant),
        ("{bill}", bill),
    ];
    let path = names.iter().fold(path.to_string(), |path, (place, name)| path.replace(place, name));
    if path.ends_with("/explain") { path + "?line=Usage" } else { path }
}

/// What there is before an operation is tried.
struct Made {
    meter: String,
    subscription: String,
    grant: String,
    bill: String,
    open_bill: String,
}

/// A service with one of everything that a path names.
fn with_everything(schemas: &Value) -> (Service, Made) {
    let app = Service::with_alice_and_bob();
    app.at("2026-11-20T00:00:00Z");
    let id = |value: &Value| value["id"].as_str().unwrap().to_string();
    let example = |schema: &str| &schemas[schema]["example"];
    let meter = |slug: &str| {
        app.meter(json!({"slug": slug, "aggregation": "SUM", "eventType": "prompt",
            "valueProperty": "$.tokens", "groupBy": {"model": "$.model"}}))
    };
    let tokens = meter("tokens");
    meter("tokens_total");
    app.post("/api/v1/subjects", json!([{"key": "acme-web"}])).ok();
    app.put("/api/v1/plans/pro", example("Plan")).ok();
    app.put("/api/v1/taxes/vat-de", example("Tax")).ok();
    app.put("/api/v1/coupons/launch", example("Coupon")).ok();
    app.put("/api/v1/customers/456/coupons/launch", json!({"from": "2026-11"})).ok();
    let month = app.get("/api/v1/customers/456/bill?month=2023-08").ok();
    let bill = app.post(&format!("/api/v1/bills/{}/finalize", id(&month)), "").json()["bill"].clone();
    app.charge("bob", "2026-10-02T00:00:00Z", json!({"amount": "5"}));
    app.charge("bob", "2026-11-02T00:00:00Z", json!({"amount": "5"}));
    let open_bill = id(&app.get("/api/v1/customers/456/bill?month=2026-10").ok());
    let mut other = example("Plan").clone();
    other["key"] = json!("other");
    app.put("/api/v1/plans/other", other).ok();
    let started = json!({"plan": "other", "start": "2026-11-02"});
    let subscription = app.post("/api/v1/customers/456/subscriptions", started).json();
    let grant = app.post("/api/v1/customers/456/credits", example("GrantInput")).json();
    let (meter, subscription, grant) = (id(&tokens), id(&subscription), id(&grant));
    (app, Made { meter, subscription, grant, bill: id(&bill), open_bill })
}

/// The methods that a path has, by what a method that no path has is answered.
fn methods(app: &Service, path: &str) -> BTreeSet<String> {
    let name = || "name".to_string();
    let made = Made { meter: name(), subscription: name(), grant: name(), bill: name(), open_bill: name() };
    let answer = app.call("TRACE", &named(path, &made), &[], Body::empty());
    assert_eq!(answer.status, 405, "{path} is no route");
    let allowed = answer.header("allow").unwrap().to_lowercase();
    allowed.split(',').map(str::to_string).filter(|method| method != "head").collect()
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    let (app, document) = (Service::start(), document());
    // The paths as the router's source has them, so that a new one cannot be forgotten here.
    let source = include_str!("../../src/router.rs");
    let routed: BTreeSet<&str> =
        source.split('"').skip(1).step_by(2).filter(|text| text.starts_with('/')).collect();
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let undescribed: BTreeSet<&str> = routed.difference(&described).copied().collect();
    assert_eq!(undescribed, UNDESCRIBED.into());
    assert_eq!(described.difference(&routed).next(), None);
    for path in described {
        let described: BTreeSet<String> =
            document["paths"][path].as_object().unwrap().keys().cloned().collect();
        assert_eq!(methods(&app, path), described, "{path}");
    }
}

/// Whether the path of a POST says all that there is to say.
fn says_all(path: &str) -> bool {
    path.contains("/store/") || ["/void", "/pay", "/verify"].iter().any(|verb| path.ends_with(verb))
}

#[test]
fn the_document_is_whole() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_string()),
            "{name}: its id stands twice"
        );
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
        assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)), "{name}");
        let named: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let in_path: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        assert_eq!(named, in_path, "{name}");
        let bodies = [&operation["requestBody"]]
            .into_iter()
            .chain(operation["responses"].as_object().unwrap().values());
        for body in bodies {
            for (media_type, content) in body["content"].as_object().into_iter().flatten() {
                assert!(content["schema"].is_object(), "{name}: {media_type} has no schema");
            }
        }
        assert_eq!(
            operation.get("requestBody").is_some(),
            method == "put" || (method == "post" && !says_all(&path)),
            "{name}"
        );
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_described() {
    let document = document();
    let mut references = BTreeSet::new();
    every(&document, &mut |key, value| {
        if let ("$ref", Some(reference)) = (key, value.as_str()) {
            references.insert(reference.trim_start_matches('#').to_string());
        }
    });
    assert!(!references.is_empty());
    for reference in &references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name}");
        assert!(references.contains(&format!("/components/schemas/{name}")), "nothing refers to {name}");
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            let described = schema.to_string().contains("\"description\":");
            assert!(described, "{name}.{property}");
            let times = ["time", "createdAt", "updatedAt", "ingestedAt", "storedAt", "from", "to"];
            let more = ["windowStart", "windowEnd", "eventFrom", "events_from", "effective_from"];
            let billing = ["start", "end", "trial_end", "at"];
            // A coupon is given from a month on.
            let is_month = schema.to_string().contains("[0-9]{4}-[0-9]{2}$");
            let is_time = times.iter().chain(&more).chain(&billing).any(|time| time == property)
                || property.ends_with("_at");
            // What a field of a catalog is changed from and to may be anything.
            let is_time = is_time && !is_month && name != "CatalogFieldChange";
            assert_eq!(schema["format"] == "date-time", is_time, "{name}.{property}");
        }
    }
}

#[test]
fn every_operation_says_what_errors_it_can_end_with() {
    for (path, method, operation) in operations(&document()) {
        let responses = operation["responses"].as_object().unwrap();
        let has = |status: &str| responses.contains_key(status);
        let name = format!("{method} {path}");
        assert!(has("500") && has("503"), "{name}");
        assert!(["200", "201", "202", "204"].into_iter().any(has), "{name}");
        assert_eq!(has("413"), operation.get("requestBody").is_some(), "{name}");
        assert_eq!(has("415"), has("413"), "{name}");
        assert!(has("400") || operation.get("parameters").is_none_or(|list| list == &json!([])), "{name}");
        let makes =
            method == "put" && ["plans", "taxes", "coupons"].contains(&path.split('/').nth(3).unwrap());
        assert!(has("404") || !path.contains('{') || makes, "{name}");
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            let content = response["content"].as_object().unwrap();
            let message = path == "/api/v1/usage/create/" && ["404", "409"].contains(&status.as_str());
            let expected = if message { "application/json" } else { "application/problem+json" };
            assert_eq!(content.keys().collect::<Vec<_>>(), [expected], "{name} {status}");
        }
    }
}

/// Sends an operation with the example of its body; the status must be one that is described.
fn send(app: &Service, path: &str, method: &str, operation: &Value, media_type: &str) -> Answer {
    let body = match example(&document(), &operation["requestBody"]["content"][media_type]) {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(example) => example.to_string(),
    };
    let headers = [("content-type", media_type)];
    let answer = app.call(&method.to_uppercase(), path, &headers, body);
    assert!(operation["responses"].get(answer.status.to_string()).is_some(), "{method} {path}: {answer:?}");
    answer
}

/// The example of a content, or else that of its schema.
fn example(document: &Value, content: &Value) -> Option<Value> {
    let schema = match content["schema"]["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#'))?,
        None => &content["schema"],
    };
    let of_items = || Some(json!([example(document, &json!({"schema": schema["items"]}))?]));
    content
        .get("example")
        .or_else(|| schema.get("example"))
        .cloned()
        .or_else(|| schema.get("items").and_then(|_| of_items()))
}

#[test]
fn every_operation_works_with_its_example() {
    for (path, method, operation) in operations(&document()) {
        let types = operation["requestBody"]["content"].as_object();
        let types: Vec<String> =
            types.map_or(vec!["application/json".into()], |types| types.keys().cloned().collect());
        for media_type in types {
            let (mut app, mut made) = with_everything(&document()["components"]["schemas"]);
            if path == "/api/v1/meters" || (path == "/api/v1/meters/{meter}" && method == "delete") {
                // The example makes the meter that the example of a plan is of, and no such meter ever goes.
                app = Service::start();
                made.meter = "free".to_string();
                app.meter(json!({"slug": "free", "aggregation": "COUNT", "eventType": "x"}));
            }
            let path = match (path.as_str(), method.as_str()) {
                // One with bills keeps its time zone and currency.
                ("/api/v1/customers/{customer}", "put") => "/api/v1/customers/123".to_string(),
                _ => named(&path, &made),
            };
            let answer = send(&app, &path, &method, &operation, &media_type);
            assert!(answer.status < 300, "{method} {path} {media_type}: {answer:?}");
        }
    }
}

#[track_caller]
fn is_a<T: Serialize + DeserializeOwned>(example: &Value) {
    let read: T = serde_json::from_value(example.clone()).unwrap();
    assert_eq!(&serde_json::to_value(read).unwrap(), example);
}

#[test]
fn examples_are_of_the_types_that_they_stand_for() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    is_a::<Problem>(&schemas["Problem"]["example"]);
    is_a::<CustomerInput>(&schemas["CustomerInput"]["example"]);
    is_a::<CreateUsage>(&schemas["CreateUsage"]["example"]);
    let create = &document["paths"]["/api/v1/usage/create/"]["post"]["responses"];
    let example = |status: &str| create[status]["content"]["application/json"]["example"].clone();
    is_a::<Posting>(&example("201"));
    is_a::<Message>(&example("409"));
    is_a::<Message>(&example("404"));
    // They are what the service really answers, too.
    let app = Service::with_alice_and_bob();
    for (customer, status) in [(456, "201"), (456, "409"), (123, "404")] {
        let answer =
            app.call("POST", "/api/v1/usage/create/", JSON, json!({"customer": customer}).to_string());
        assert_eq!((answer.status.to_string().as_str(), answer.json()), (status, example(status)));
    }
}
