//! What the answers of a meter look like, as JSON and as CSV, and what is said where there is none.

use crate::meter_support::{QUERY, Tokens, parameters, v1, v3};
use crate::support::{JSON, Service};
use serde_json::{Value, json};

#[test]
fn an_answer_repeats_what_was_asked_for_and_nothing_else() {
    let tokens = Tokens::start();
    let empty = "filterGroupBy[model]=none";
    for (question, expected) in [
        ("", json!({"data": []})),
        ("from=2025-03-01T00:00:00.000Z", json!({"from": "2025-03-01T00:00:00Z", "data": []})),
        (
            "to=2025-03-01T02:00:00%2B02:00&windowSize=DAY&windowTimeZone=Europe%2FBerlin",
            json!({"to": "2025-03-01T00:00:00Z", "windowSize": "DAY", "data": []}),
        ),
    ] {
        assert_eq!(tokens.app.get(&format!("{QUERY}?{empty}&{question}")).ok(), expected);
    }
    let row = tokens.app.get(&format!("{QUERY}?filterGroupBy[model]=small")).expect(
        200,
        r#"{"data":[{"value":20,"windowStart":"2025-03-09T08:00:00Z","windowEnd":"2025-03-09T08:01:00Z","subject":null,"groupBy":{}}]}"#,
    );
    assert_eq!(row.header("content-type"), Some("application/json"));
}

#[test]
fn an_answer_is_csv_for_who_prefers_it() {
    let tokens = Tokens::start();
    let ask = |accept: &str, question: &str| {
        tokens.app.call("GET", &format!("{QUERY}?{question}"), &[("accept", accept)], "")
    };
    let total = "window_start,window_end,value\n2025-03-06T09:00:00Z,2025-03-10T07:01:00Z,51324.500000\n";
    for accept in
        ["text/csv", "TEXT/CSV; header=present", "application/json;q=0.5, text/csv;q=0.8, */*;q=0.1"]
    {
        let answer = ask(accept, "").expect(200, total);
        assert_eq!(answer.header("content-type"), Some("text/csv"), "{accept}");
    }
    for accept in [
        "application/json",
        "*/*",
        "text/csv;q=0",
        "text/csv, application/json",
        "text/csv;q=0.5, application/json",
    ] {
        assert_eq!(ask(accept, "").header("content-type"), Some("application/json"), "{accept}");
    }
    let march = "from=2025-03-10T00:00:00Z&to=2025-04-01T00:00:00Z";
    ask("text/csv", &format!("{march}&groupBy=model&groupBy=subject&groupBy=customer_id")).expect(
        200,
        &format!(
            "window_start,window_end,subject,model,customer_id,value\n\
             2025-03-10T00:00:00Z,2025-04-01T00:00:00Z,free,,,50000.000000\n\
             2025-03-10T00:00:00Z,2025-04-01T00:00:00Z,api,large,{0},300.000000\n\
             2025-03-10T00:00:00Z,2025-04-01T00:00:00Z,api,\"say \"\"hi\"\", all\",{0},4.000000\n",
            tokens.customer
        ),
    );
    ask("text/csv", "filterGroupBy[model]=none").expect(200, "window_start,window_end,value\n");
    // A POST without a body asks for everything, as a published client does.
    tokens.app.call("POST", QUERY, &[("accept", "text/csv")], "").expect(200, total);
    let posted = [JSON[0], ("accept", "text/csv")];
    tokens.app.call("POST", QUERY, &posted, r#"{"subject":["web"],"filterGroupBy":{"model":["small"]}}"#).expect(
        200,
        "window_start,window_end,subject,value\n2025-03-09T08:00:00Z,2025-03-09T08:01:00Z,web,20.000000\n",
    );
}

#[test]
fn a_question_that_cannot_be_answered_says_why_in_both_versions() {
    let tokens = Tokens::start();
    let app = &tokens.app;
    for (question, field_1, field_3, reason) in [
        ("from=2025-03-02T00:00:00Z&to=2025-03-02T00:00:00Z", "from", "from", "must be before to"),
        ("from=2025-03-02T00:00:00Z&to=2025-03-01T00:00:00Z", "from", "from", "must be before to"),
        ("to=soon", "to", "to", "is not an RFC 3339 time"),
        ("windowSize=WEEK", "windowSize", "granularity", "must be"),
        ("windowTimeZone=Mars%2FBase", "windowTimeZone", "time_zone", "is not an IANA time zone"),
        (
            "groupBy=color",
            "groupBy",
            "group_by_dimensions",
            "\"color\" is none of model, region, subject, customer_id",
        ),
        ("filterGroupBy[color]=red", "filterGroupBy", "filters.dimensions", "\"color\" is none of"),
    ] {
        app.get(&format!("{QUERY}?{question}")).invalid(field_1, reason);
        let asked = parameters(question);
        app.post(QUERY, Value::Object(v1(&asked))).invalid(field_1, reason);
        if question != "windowSize=WEEK" {
            tokens.v3(v3(&asked)).invalid(field_3, reason);
        }
    }
    for (question, name, reason) in [
        ("from=2025-03-02T00:00:00Z&from=2025-03-03T00:00:00Z", "from", "stands twice"),
        ("filterGroupBy={'model':%20'x'}", "filterGroupBy", "must be filterGroupBy[name]=value"),
        ("advancedMeterGroupByFilters={}", "advancedMeterGroupByFilters", "is not supported"),
    ] {
        app.get(&format!("{QUERY}?{question}").replace(['{', '}', '\''], "-")).invalid(name, reason);
    }
    app.post(QUERY, json!({"advancedMeterGroupByFilters": {}}))
        .invalid("advancedMeterGroupByFilters", "is not supported");
    app.get(&format!("{QUERY}?filterCustomerId=nobody")).problem(404, "customer-not-found", "\"nobody\"");
    tokens.v3(json!({"filters": {"dimensions": {"customer_id": {"eq": "nobody"}}}})).problem(
        404,
        "customer-not-found",
        "\"nobody\"",
    );
    app.post(QUERY, json!({"filterGroupBy": {"model": []}}))
        .invalid("filterGroupBy", "model: must have at least one");
    app.get("/api/v1/meters/other/query").problem(404, "meter-not-found", "no such meter");
    for (body, field, reason) in [
        (json!({"windowSize": "DAY"}), "windowSize", "is not known here; "),
        (json!({"granularity": "P1W"}), "granularity", "must be PT1M, PT1H, P1D or P1M"),
        (
            json!({"filters": {"dimensions": {"model": {"like": "x"}}}}),
            "filters.dimensions.model.like",
            "is not known here; ",
        ),
        (
            json!({"filters": {"dimensions": {"model": {"in": []}}}}),
            "filters.dimensions",
            "at least one value",
        ),
        (
            json!({"filters": {"dimensions": {"model": {"nin": []}}}}),
            "filters.dimensions",
            "at least one value",
        ),
        (json!({"filters": {"dimensions": {"model": {}}}}), "filters.dimensions", "names no operator"),
        (json!({"filters": {"subject": {"eq": "x"}}}), "filters.subject", "is not known here; "),
    ] {
        tokens.v3(body).invalid(field, reason);
    }
}

#[test]
fn a_level_holds_until_now_where_no_end_is_asked_for() {
    let app = Service::start();
    app.customer(json!({"name": "Acme", "key": "acme"}));
    for (slug, aggregation) in [("gb_hours", "UNIT_HOURS"), ("gb_average", "WEIGHTED_SUM")] {
        app.meter(
            json!({"slug": slug, "aggregation": aggregation, "eventType": "disk", "valueProperty": "$.gb"}),
        );
    }
    app.used("disk", "acme", "2023-08-25T08:00:00Z", json!({"gb": 5}));
    app.used("disk", "acme", "2023-08-25T10:00:00Z", json!({"gb": "-2"}));
    // It is noon: two hours of 5 GB, two hours of 3 GB.
    for (path, total) in [
        ("gb_hours/query?from=2023-08-25T00:00:00Z", json!(16)),
        ("gb_average/query?from=2023-08-25T08:00:00Z", json!(4)),
        ("gb_hours/query?from=2023-08-25T00:00:00Z&filterCustomerId=acme", json!(16)),
        ("gb_hours/query?from=2023-08-25T00:00:00Z&groupBy=customer_id", json!(16)),
    ] {
        let answer = app.get(&format!("/api/v1/meters/{path}")).ok();
        assert_eq!((&answer["data"][0]["value"], answer.get("to")), (&total, None), "{path}");
        assert_eq!(answer["data"][0]["windowEnd"], "2023-08-25T12:00:00Z", "{path}");
    }
    assert_eq!(app.get("/api/v1/meters/gb_hours/subjects").ok(), json!(["acme"]));
    app.get("/api/v1/meters/gb_hours/query").problem(400, "validation", "needs the time");
}

#[test]
fn levels_that_are_nothing_together_are_told_apart() {
    let app = Service::start();
    app.customer(json!({"name": "Acme", "key": "acme"}));
    app.meter(
        json!({"slug": "gb_hours", "aggregation": "UNIT_HOURS", "eventType": "disk", "valueProperty": "$.gb",
                     "groupBy": {"region": "$.region"}}),
    );
    // Freed in a region where it was never taken, and nothing changes since.
    app.used("disk", "acme", "2023-08-24T08:00:00Z", json!({"gb": 5, "region": "eu"}));
    app.used("disk", "acme", "2023-08-24T08:00:00Z", json!({"gb": -5, "region": "us"}));
    let times = "from=2023-08-25T00:00:00Z&to=2023-08-25T02:00:00Z&groupBy=region";
    for whose in ["", "&groupBy=subject", "&groupBy=customer_id"] {
        let answer = app.get(&format!("/api/v1/meters/gb_hours/query?{times}{whose}")).ok();
        let rows = answer["data"].as_array().unwrap();
        let shown: Vec<_> = rows.iter().map(|row| (&row["groupBy"]["region"], &row["value"])).collect();
        assert_eq!(shown, [(&json!("eu"), &json!(10)), (&json!("us"), &json!(-10))], "{whose}");
    }
}

#[test]
fn all_digits_of_a_value_are_in_the_answer() {
    let tokens = Tokens::start();
    let data = r#"{"tokens":12345678901234567890.123456789012345678,"model":"exact"}"#;
    let event = format!(
        r#"{{"specversion":"1.0","id":"exact","source":"s","type":"prompt","subject":"web","time":"2025-03-06T09:00:00Z","data":{data}}}"#
    );
    tokens.app.call("POST", "/api/v1/events", JSON, event).expect(204, "");
    let answer = tokens.app.get(&format!("{QUERY}?filterGroupBy[model]=exact"));
    assert!(answer.body.contains(r#"{"value":12345678901234567890.123456789012345678,"#), "{}", answer.body);
    let third = tokens.v3(json!({"filters": {"dimensions": {"model": {"eq": "exact"}}}})).ok();
    assert_eq!(third["data"][0]["value"], "12345678901234567890.123456789012345678");
}
