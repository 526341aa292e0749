//! Asking a meter, in both versions of the interface: every question here is asked in three ways, and the
//! answers must say the same.

use crate::meter_support::{Tokens, check};
use serde_json::{Value, json};

#[test]
fn without_windows_there_is_one_row_for_the_time_asked_for_or_that_of_the_usage() {
    let tokens = &Tokens::start();
    check(tokens, "", &[("2025-03-06T09:00:00Z 2025-03-10T07:01:00Z", "{}", "51324.5")]);
    check(
        tokens,
        "from=2025-03-07T00:00:00Z",
        &[("2025-03-07T00:00:00Z 2025-03-10T07:01:00Z", "{}", "50324.5")],
    );
    check(
        tokens,
        "from=2025-03-07T00:00:00Z&to=2025-03-10T07:00:00Z",
        &[("2025-03-07T00:00:00Z 2025-03-10T07:00:00Z", "{}", "320.5")],
    );
    check(tokens, "from=2025-04-01T00:00:00Z", &[]);
    check(tokens, "filterGroupBy[model]=none", &[]);
}

#[test]
fn windows_are_of_the_clock_and_calendar_of_their_zone_and_empty_ones_are_left_out() {
    let tokens = &Tokens::start();
    let la = "windowTimeZone=America%2FLos_Angeles";
    // The ninth has 23 hours there.
    check(
        tokens,
        &format!("windowSize=DAY&{la}"),
        &[
            ("2025-03-06T08:00:00Z 2025-03-07T08:00:00Z", "{}", "1000.5"),
            ("2025-03-09T08:00:00Z 2025-03-10T07:00:00Z", "{}", "320"),
            ("2025-03-10T07:00:00Z 2025-03-11T07:00:00Z", "{}", "50004"),
        ],
    );
    check(
        tokens,
        &format!("windowSize=MONTH&{la}"),
        &[("2025-03-01T08:00:00Z 2025-04-01T07:00:00Z", "{}", "51324.5")],
    );
    check(
        tokens,
        "windowSize=DAY&from=2025-03-07T00:00:00Z",
        &[
            ("2025-03-07T00:00:00Z 2025-03-08T00:00:00Z", "{}", "0.5"),
            ("2025-03-09T00:00:00Z 2025-03-10T00:00:00Z", "{}", "20"),
            ("2025-03-10T00:00:00Z 2025-03-11T00:00:00Z", "{}", "50304"),
        ],
    );
    check(
        tokens,
        "windowSize=HOUR&from=2025-03-10T00:00:00Z",
        &[
            ("2025-03-10T06:00:00Z 2025-03-10T07:00:00Z", "{}", "300"),
            ("2025-03-10T07:00:00Z 2025-03-10T08:00:00Z", "{}", "50004"),
        ],
    );
    check(
        tokens,
        "windowSize=MINUTE&from=2025-03-10T07:00:00Z&to=2025-03-10T07:00:59Z",
        &[("2025-03-10T07:00:00Z 2025-03-10T07:01:00Z", "{}", "4")],
    );
}

#[test]
fn usage_is_told_apart_by_subject_customer_and_dimension() {
    let tokens = &Tokens::start();
    let all = "2025-03-01T00:00:00Z 2025-04-01T00:00:00Z";
    let march = "from=2025-03-01T00:00:00Z&to=2025-04-01T00:00:00Z";
    let customer = format!(r#"{{"customer_id":"{}"}}"#, tokens.customer);
    let cases: [(&str, Vec<(&str, &str)>); 13] = [
        (
            "groupBy=subject",
            vec![
                (r#"{"subject":"api"}"#, "304"),
                (r#"{"subject":"free"}"#, "50000"),
                (r#"{"subject":"web"}"#, "1020.5"),
            ],
        ),
        (
            "subject=web&subject=free",
            vec![(r#"{"subject":"free"}"#, "50000"), (r#"{"subject":"web"}"#, "1020.5")],
        ),
        ("subject=nobody", vec![]),
        (
            "groupBy=region",
            vec![
                (r#"{"region":null}"#, "20"),
                (r#"{"region":"eu"}"#, "1304"),
                (r#"{"region":"us"}"#, "50000.5"),
            ],
        ),
        ("filterGroupBy[region]=eu", vec![("{}", "1304")]),
        (
            "filterGroupBy[region]=eu&filterGroupBy[region]=us&filterGroupBy[model]=large",
            vec![("{}", "1300.5")],
        ),
        (
            "groupBy=region&subject=api&filterGroupBy[model]=large",
            vec![(r#"{"region":"eu","subject":"api"}"#, "300")],
        ),
        ("filterCustomerId=7", vec![("{}", "1324.5")]),
        ("filterCustomerId=acme&subject=api", vec![(r#"{"subject":"api"}"#, "304")]),
        ("filterCustomerId=acme&subject=free", vec![]),
        ("groupBy=customer_id", vec![(r#"{"customer_id":null}"#, "50000"), (&customer, "1324.5")]),
        ("groupBy=customer_id&filterCustomerId=acme&filterCustomerId=7", vec![(&customer, "1324.5")]),
        ("groupBy=customer_id&filterGroupBy[region]=eu", vec![(&customer, "1304")]),
    ];
    for (question, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(|(by, value)| (all, by, value)).collect();
        check(tokens, &format!("{march}&{question}"), &expected);
    }
    let by_id = format!("{march}&filterCustomerId={}", tokens.customer);
    check(tokens, &by_id, &[(all, "{}", "1324.5")]);
}

#[test]
fn a_subject_that_changed_hands_is_usage_of_each_customer_at_its_times() {
    let tokens = Tokens::start();
    let app = &tokens.app;
    let customer =
        |name: &str, subjects: Value| json!({"name": name, "usageAttribution": {"subjectKeys": subjects}});
    app.at("2025-03-10T00:00:00Z").put("/api/v1/customers/acme", customer("Acme", json!(["web"]))).ok();
    let other = app.at("2025-03-10T07:00:00Z").customer(customer("Other", json!(["api"])));
    let [acme, other] = [&tokens.customer, other["id"].as_str().unwrap()];
    let mut rows = tokens.rows("groupBy=customer_id");
    rows.sort_by(|a, b| a.2.cmp(&b.2));
    let by = |id: &str| format!(r#"{{"customer_id":"{id}"}}"#);
    // What came while nobody paid for it is nobody's.
    let rows: Vec<_> = rows.iter().map(|(_, by, value)| (by.clone(), value.as_str())).collect();
    assert_eq!(
        rows,
        [(by(acme), "1020.5"), (by(other), "4"), (r#"{"customer_id":null}"#.to_string(), "50300")]
    );
    let both = format!("filterCustomerId={acme}&filterCustomerId={other}");
    check(&tokens, &both, &[("2025-03-06T09:00:00Z 2025-03-10T07:01:00Z", "{}", "1024.5")]);
}

#[test]
fn version_3_filters_by_every_operator() {
    let tokens = Tokens::start();
    for (dimension, filter, total) in [
        ("region", json!({"eq": "eu"}), Some("1304")),
        ("region", json!({"neq": "eu"}), Some("50020.5")),
        ("region", json!({"in": ["eu", "us"]}), Some("51304.5")),
        ("region", json!({"nin": ["eu", "us"]}), Some("20")),
        ("model", json!({"contains": "ar"}), Some("1300.5")),
        ("model", json!({"ncontains": "ar"}), Some("50024")),
        ("model", json!({"exists": false}), Some("50000")),
        ("model", json!({"exists": true}), Some("1324.5")),
        ("model", json!({"exists": true, "neq": "large"}), Some("24")),
        ("model", json!({"and": [{"contains": "a"}, {"neq": "large"}]}), Some("24")),
        ("model", json!({"or": [{"eq": "small"}, {"exists": false}]}), Some("50020")),
        ("model", json!({"in": ["none"]}), None),
        ("customer_id", json!({"neq": "acme"}), Some("50000")),
        ("customer_id", json!({"exists": true}), Some("1324.5")),
        ("customer_id", json!({"exists": false}), Some("50000")),
        ("customer_id", json!({"or": [{"eq": "7"}, {"exists": false}]}), Some("51324.5")),
    ] {
        let rows = tokens.v3(json!({"filters": {"dimensions": {dimension: filter.clone()}}})).ok();
        assert_eq!(rows["data"][0]["value"].as_str(), total, "{dimension} {filter}");
        assert!(rows["data"][0]["dimensions"].as_object().is_none_or(|by| by.is_empty()), "{rows}");
    }
    for (filter, subjects) in [
        (json!({"neq": "web"}), &["api", "free"][..]),
        (json!({"contains": "e"}), &["free", "web"]),
        (json!({"or": [{"eq": "web"}, {"in": ["api", "nobody"]}]}), &["api", "web"]),
        (json!({"exists": false}), &[]),
    ] {
        let filters = json!({"dimensions": {"subject": filter.clone()}});
        let rows = tokens.v3(json!({"from": "2025-03-01T00:00:00Z", "filters": filters})).ok();
        let rows = rows["data"].as_array().unwrap();
        let shown: Vec<_> = rows.iter().map(|row| row["dimensions"]["subject"].as_str().unwrap()).collect();
        assert_eq!(shown, subjects, "{filter}");
    }
}

#[test]
fn subjects_and_values_of_a_meter_are_listed() {
    let tokens = Tokens::start();
    for (path, expected) in [
        ("subjects", json!(["api", "free", "web"])),
        ("subjects?to=2025-03-10T00:00:00Z", json!(["web"])),
        ("group-by/region/values", json!(["eu", "us"])),
        ("group-by/model/values?from=2025-03-10T07:00:00Z", json!(["say \"hi\", all"])),
        ("group-by/subject/values?from=2025-03-10T07:00:00Z", json!(["api", "free"])),
    ] {
        assert_eq!(tokens.app.get(&format!("/api/v1/meters/tokens/{path}")).ok(), expected, "{path}");
    }
    let get = |path: &str| tokens.app.get(&format!("/api/v1/meters/tokens/{path}"));
    get("group-by/color/values").invalid("name", "\"color\" is no dimension");
    get("subjects?from=2025-03-10T00:00:00Z&to=2025-03-10T00:00:00Z").invalid("from", "must be before to");
}
