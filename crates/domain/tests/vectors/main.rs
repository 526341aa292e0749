//! What the suites of Lago, OpenMeter, Meteroid and Kill Bill expect of parts of periods, proration,
//! recurring levels, rounding and discounts over several lines.
//!
//! Each vector of `partial.json` is asked of the domain through a small adapter. One that expects what
//! is decided otherwise here is an exception, and must really come out otherwise. Commitments, coupons,
//! credits and shares are asked of whole bills too. (`pricing.json` is asked of the service.)

mod aggregates;
mod bills;
#[path = "../bills/build.rs"]
mod build;
mod discounts;
mod prices;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::decimal::Decimal;
use usage_domain::ratio::Ratio;
use usage_domain::rounding::{Mode, round};

/// Vectors that follow another rule, and ours.
const EXCEPTIONS: [(&str, &str); 5] = [
    ("openmeter/unit_conversion/02", "rating a period at once or in parts gives the same total"),
    ("lago/prorated_graduated/08", "a negative total is kept as a credit, not clamped"),
    ("lago/prorated_graduated/09", "a negative total is kept as a credit, not clamped"),
    ("killbill/rollup/08", "periods are half-open: their end is not in them"),
    ("killbill/rollup/09", "periods are half-open: their end is not in them"),
];

/// Expectations that are no figures of the domain: how many events an aggregate looked at, what a
/// unit came to on average, and at how many digits the peer compares.
const NOT_ASKED: [&str; 6] = [
    "events_count",
    "effective_unit_amount",
    "effective_unit_amount_scale",
    "amount_scale",
    "amount_rounding",
    "value_scale",
];

/// What of `expected` does not come out, in words.
type Answer = Result<(), String>;

#[test]
fn what_peers_expect_of_parts_and_levels_comes_out_but_for_decisions() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("partial.json")).unwrap();
    assert_eq!(vectors.len(), 184);
    let decided: BTreeMap<&str, &str> = EXCEPTIONS.into();
    let mut differing = BTreeMap::new();
    for vector in &vectors {
        let id = vector["id"].as_str().unwrap();
        if let Err(difference) = ask(id, vector) {
            differing.insert(id, difference);
        }
    }
    let unexpected: Vec<_> = differing.iter().filter(|(id, _)| !decided.contains_key(*id)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let stale: Vec<_> = decided.keys().filter(|id| !differing.contains_key(*id)).collect();
    assert!(stale.is_empty(), "these come out after all: {stale:?}");
}

#[test]
fn a_figure_that_is_changed_is_noticed() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("partial.json")).unwrap();
    let mut changed = 0;
    for mut vector in vectors {
        let id = vector["id"].as_str().unwrap().to_string();
        for name in ["amount", "value", "quantity", "discount_minor", "gross_amount", "discount_amount"] {
            let Some(expected) = figure(&vector["expected"][name]) else { continue };
            let other = expected.add(Decimal::new(1, 1)).unwrap();
            vector["expected"][name] = other.to_string().into();
            assert!(ask(&id, &vector).is_err(), "{id}: {name} may be {other} as well as {expected}");
            vector["expected"][name] = expected.to_string().into();
            changed += 1;
        }
    }
    assert!(changed > 150, "{changed}");
}

fn ask(id: &str, vector: &Value) -> Answer {
    let (input, expected) = (&vector["input"], &vector["expected"]);
    let (peer, rest) = id.split_once('/').unwrap();
    let kind = rest.split_once('/').unwrap().0;
    let asked = match (peer, kind) {
        ("lago", "prorated_graduated") => prices::level(&vector["price"], input, expected),
        ("lago", "rounding") => aggregates::rounding(input, expected),
        ("openmeter", "conversion") => aggregates::conversion(input, expected),
        ("openmeter", "credits") => discounts::credits(input, expected),
        ("openmeter", "usage_discount") => discounts::usage(input, expected),
        ("openmeter", _) => prices::part(&vector["price"], input, expected),
        ("meteroid", "coupons") => discounts::coupons(input, expected),
        ("meteroid", "discount_split") => discounts::split(input, expected),
        ("meteroid", "arrears_proration") => prices::proration(input, expected),
        _ => aggregates::ask(input, expected),
    };
    let keys: BTreeSet<&str> = expected.as_object().unwrap().keys().map(String::as_str).collect();
    let compared = asked?;
    let missed: Vec<_> =
        keys.iter().filter(|key| !compared.contains(*key) && !NOT_ASKED.contains(*key)).collect();
    assert!(missed.is_empty(), "{id}: nothing compares {missed:?}");
    Ok(())
}

/// The names of expectations that were compared, and all came out.
type Compared = Result<Vec<&'static str>, String>;

/// Compares what is expected under the names of `figures` with them; at least one must be.
#[track_caller]
fn compare(expected: &Value, figures: &[(&'static str, Decimal)]) -> Compared {
    let mut compared = Vec::new();
    for (name, figure) in figures {
        let Some(text) = expected[*name].as_str() else { continue };
        if d(text) != *figure {
            return Err(format!("{name} is {figure}, not {text}"));
        }
        compared.push(*name);
    }
    assert!(!compared.is_empty(), "nothing of {expected} is compared");
    Ok(compared)
}

fn d(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A figure that may be absent.
fn figure(value: &Value) -> Option<Decimal> {
    value.as_str().map(d)
}

fn figures(values: &Value) -> Vec<Decimal> {
    values.as_array().into_iter().flatten().map(|value| figure(value).unwrap()).collect()
}

/// To the cent, as OpenMeter and Meteroid compare.
fn cents(amount: Ratio) -> Decimal {
    round(amount, Mode::HalfAwayFromZero, 2).unwrap()
}

fn mode(name: &str) -> Option<Mode> {
    match name {
        "round" | "half_up" => Some(Mode::HalfAwayFromZero),
        "ceil" | "ceiling" => Some(Mode::Ceiling),
        "floor" => Some(Mode::Floor),
        "none" => None,
        other => panic!("{other} is no rounding"),
    }
}
