//! `POST /api/v1/prices/preview`: what the suites of Lago, OpenMeter and Meteroid expect of whole periods.

use crate::support::Service;
use serde_json::{Value, json};
use usage_domain::decimal::Decimal;
use usage_domain::rounding::half_away_from_zero;

const PREVIEW: &str = "/api/v1/prices/preview";

fn d(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).parse().unwrap()
}

/// What of a vector does not come out. Lago's amounts are exact, the others' rounded to the cent.
fn difference(app: &Service, vector: &Value) -> Option<String> {
    let (input, expected) = (&vector["input"], &vector["expected"]);
    let exact = vector["id"].as_str().unwrap().starts_with("lago/");
    let answer = app.post(PREVIEW, json!({"price": vector["price"], "input": input, "currency": "USD"}));
    if expected["error"] == "credits_not_consumed_fully" {
        return (answer.status != 400 || !answer.body.contains("input.credits")).then_some(answer.body);
    }
    let answer = answer.ok();
    let same = |shown: &Value, wanted: &Value| {
        let shown = if exact { d(shown) } else { half_away_from_zero(d(shown), 2).unwrap() };
        shown == d(wanted)
    };
    let amount = if exact { &answer["amount"] } else { &answer["rounded"] };
    if d(amount) != d(&expected["amount"]) {
        return Some(format!("amount is {amount}, not {}", expected["amount"]));
    }
    for name in ["gross_amount", "discount_amount", "credit_amount"] {
        if expected.get(name).is_some_and(|wanted| !same(&answer[name], wanted)) {
            return Some(format!("{name} is {}, not {}", answer[name], expected[name]));
        }
    }
    let not_zero = |line: &&Value| !d(&line["amount"]).is_zero();
    let wanted: Vec<&Value> = expected["lines"].as_array()?.iter().filter(not_zero).collect();
    let lines: Vec<&Value> = answer["lines"].as_array().unwrap().iter().filter(not_zero).collect();
    if lines.len() != wanted.len() {
        return Some(format!("lines are {lines:?}, not {wanted:?}"));
    }
    for (line, wanted) in lines.into_iter().zip(wanted) {
        for (name, value) in wanted.as_object().unwrap() {
            let agrees = match value {
                Value::Array(values) => {
                    let shown = line[name].as_array().unwrap();
                    shown.len() == values.len() && shown.iter().zip(values).all(|(a, b)| same(a, b))
                }
                _ if name == "category" => line[name] == *value,
                _ => same(&line[name], value),
            };
            if !agrees {
                return Some(format!("{name} is {}, not {value}, in {line}", line[name]));
            }
        }
    }
    None
}

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../domain/tests/vectors/pricing.json")).unwrap()
}

#[test]
fn what_peers_expect_of_whole_periods_comes_out() {
    let (app, vectors) = (Service::start(), vectors());
    assert_eq!(vectors.len(), 62);
    let differing: Vec<String> = vectors
        .iter()
        .filter_map(|vector| Some(format!("{}: {}", vector["id"], difference(&app, vector)?)))
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn an_amount_that_is_changed_is_noticed() {
    let app = Service::start();
    let (mut amounts, mut lines) = (0, 0);
    for mut vector in vectors() {
        let expected = &mut vector["expected"];
        let more = |value: &Value| json!(d(value).add(Decimal::new(1, 1)).unwrap().to_string());
        if let Some(line) = expected["lines"].as_array_mut().and_then(|lines| lines.first_mut()) {
            line["amount"] = more(&line["amount"]);
            lines += 1;
        } else if expected["amount"].is_string() {
            expected["amount"] = more(&expected["amount"]);
            amounts += 1;
        } else {
            continue;
        }
        assert!(difference(&app, &vector).is_some(), "{vector}");
    }
    assert!(amounts > 25 && lines > 25, "{amounts} amounts, {lines} lines");
}
