//! Recurring and prorated aggregates, and rounding alone. Which events count, and how they are
//! grouped, is the adapter's; what they are worth in the period is the domain's.

use crate::{Compared, compare, d, figure, mode, prices};
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use ulid::Ulid;
use usage_domain::decimal::Decimal;
use usage_domain::meter::collect::Collector;
use usage_domain::meter::query::{MeterQuery, Scope};
use usage_domain::meter::value::{Measurement, MeterValue};
use usage_domain::meter::{Aggregation, Meter, MeterDraft, MeterId};
use usage_domain::ratio::Ratio;
use usage_domain::recurring::{self, Change};
use usage_domain::rounding::{Mode, round};
use usage_domain::time::{Period, Timestamp, Zone};

pub(crate) fn rounding(input: &Value, expected: &Value) -> Compared {
    let (quantity, rounding) = (figure(&input["quantity"]).unwrap(), &input["rounding"]);
    let digits = rounding["precision"].as_str().map_or(0, |digits| digits.parse().unwrap());
    let rounded = match rounding["mode"].as_str().and_then(mode) {
        Some(mode) => round(quantity.into(), mode, digits).unwrap(),
        None => quantity,
    };
    compare(expected, &[("value", rounded)])
}

pub(crate) fn conversion(input: &Value, expected: &Value) -> Compared {
    let convert = |conversion: &Value, name: &str| {
        let quantity = figure(&input[name]).unwrap_or_default();
        prices::conversion(conversion).apply(quantity).unwrap().as_decimal().unwrap()
    };
    let given = &input["unit_conversion"];
    let mut exact = given.clone();
    exact["rounding"] = "none".into();
    let figures = [
        ("value", convert(given, "quantity")),
        ("pre_line_value", convert(given, "pre_line_quantity")),
        ("unrounded_value", convert(&exact, "quantity")),
    ];
    compare(expected, &figures)
}

/// The value of each dimension that is grouped by.
type By = Vec<Option<String>>;

pub(crate) fn ask(input: &Value, expected: &Value) -> Compared {
    let event = input.get("event");
    if let Some(event) = event {
        return compare(expected, &[("value", in_advance(input, event))]);
    }
    let names: Vec<&str> =
        input["group_by"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    let mut groups: BTreeMap<By, Vec<&Value>> = BTreeMap::new();
    for event in input["events"].as_array().unwrap().iter().filter(|event| passes(event, input)) {
        let by = names.iter().map(|name| event["properties"][name].as_str().map(str::to_string));
        groups.entry(by.collect()).or_default().push(event);
    }
    if groups.is_empty() {
        groups.insert(vec![None; names.len()], Vec::new());
    }
    let Some(wanted) = expected["groups"].as_array() else {
        assert_eq!(groups.len(), 1);
        let events = groups.into_values().next().unwrap();
        return compare(expected, &aggregate(input, &events, expected));
    };
    if wanted.len() != groups.len() {
        return Err(format!("groups are {groups:?}"));
    }
    for wanted in wanted {
        let by: By = names.iter().map(|name| wanted["by"][name].as_str().map(str::to_string)).collect();
        let events = groups.get(&by).ok_or(format!("no group {by:?}"))?;
        compare(wanted, &aggregate(input, events, expected))?;
    }
    Ok(vec!["groups"])
}

fn passes(event: &Value, input: &Value) -> bool {
    let filters = input["filters"].as_object().into_iter().flatten();
    filters.into_iter().all(|(name, values)| {
        values.as_array().unwrap().iter().any(|value| *value == event["properties"][name])
    })
}

/// The period; Lago's last second is in it, so that it ends with the next.
fn period(input: &Value) -> Period {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let to = input["to"].as_str().unwrap();
    let end = match to.strip_suffix("59.999Z").or(to.strip_suffix("59Z")) {
        Some(minute) => Timestamp::from_nanos(at(&format!("{minute}59Z")).nanos() + 1_000_000_000).unwrap(),
        None => at(to),
    };
    Period { start: at(input["from"].as_str().unwrap()), end }
}

fn time(event: &Value) -> Timestamp {
    event["time"].as_str().unwrap().parse().unwrap()
}

fn days(input: &Value) -> NonZeroU32 {
    input["period_days"].as_str().unwrap().parse().unwrap()
}

fn prorated(input: &Value) -> bool {
    input["prorated"] == true
}

/// Lago rounds what is prorated up at five digits.
fn five(value: Ratio) -> Decimal {
    round(value, Mode::Ceiling, 5).unwrap()
}

fn aggregate(input: &Value, events: &[&Value], expected: &Value) -> Vec<(&'static str, Decimal)> {
    match input["aggregation"].as_str().unwrap() {
        "sum" => sum(input, events),
        "weighted_sum" => average(input, events, expected),
        "unique_count" => unique(input, events),
        other => panic!("{other}"),
    }
}

/// What is numeric, as changes of a level; what is not recurring begins with the period.
fn changes(input: &Value, events: &[&Value]) -> Vec<Change> {
    let recurring = input["recurring"] == true;
    let start = period(input).start;
    let numeric = events
        .iter()
        .filter_map(|event| Some(Change { at: time(event), by: event["value"].as_str()?.parse().ok()? }));
    numeric.filter(|change| recurring || change.at >= start).collect()
}

fn sum(input: &Value, events: &[&Value]) -> Vec<(&'static str, Decimal)> {
    let (changes, period) = (changes(input, events), period(input));
    let full = recurring::at_end(&changes, &period).unwrap();
    let value = match prorated(input) {
        true => five(recurring::by_days(&changes, &period, days(input)).unwrap()),
        false => full,
    };
    let rounded = |value: Decimal| match input.get("rounding") {
        Some(rule) => {
            let digits = rule["precision"].as_str().unwrap().parse().unwrap();
            round(value.into(), mode(rule["mode"].as_str().unwrap()).unwrap(), digits).unwrap()
        }
        None => value,
    };
    vec![("value", rounded(value)), ("full_value", rounded(full))]
}

/// The average of a level over the period, as a meter has it.
fn average(input: &Value, events: &[&Value], expected: &Value) -> Vec<(&'static str, Decimal)> {
    let (mut changes, period) = (changes(input, events), period(input));
    let within: Vec<Change> = changes.iter().filter(|change| period.contains(change.at)).copied().collect();
    let variation = recurring::at_end(&within, &period).unwrap();
    // What a level is at first came at some time.
    changes.extend(figure(&input["initial_value"]).map(|by| Change { at: Timestamp::MIN, by }));
    // What has no end among the digits is compared at as many as are expected.
    let digits = expected["value_scale"].as_str().map_or(18, |digits| digits.parse().unwrap());
    let value = round(metered(&changes, period).into(), Mode::HalfAwayFromZero, digits).unwrap();
    let end_level = recurring::at_end(&changes, &period).unwrap();
    vec![("value", value), ("end_level", end_level), ("variation", variation)]
}

fn metered(changes: &[Change], period: Period) -> Decimal {
    let draft = MeterDraft {
        key: "level".to_string(),
        name: None,
        description: None,
        aggregation: Aggregation::WeightedSum,
        event_type: "change".to_string(),
        value_property: Some("$.value".parse().unwrap()),
        dimensions: Vec::new(),
        event_from: None,
        metadata: None,
    };
    let at = Timestamp::MIN;
    let meter = Meter { id: MeterId(Ulid(1)), series: 1, draft, created_at: at, updated_at: at };
    let query = MeterQuery {
        from: Some(period.start),
        to: Some(period.end),
        window: None,
        zone: Zone::utc(),
        scope: Scope::Everybody,
        by_subject: false,
        group_by: Vec::new(),
        filters: Vec::new(),
    };
    let mut collector = Collector::new(&meter, &query).unwrap();
    let origin = collector.origin("subject", None, Period::ALWAYS).unwrap();
    for (order, change) in (0..).zip(changes) {
        let measured = Measurement { dimensions: Vec::new(), value: MeterValue::Number(change.by) };
        collector.event(&origin, (change.at, order), &measured).unwrap();
    }
    // A level that never was has no row.
    collector.finish().unwrap().first().map_or(Decimal::ZERO, |row| row.value)
}

/// When each thing was there: from when it is added until it is removed.
fn stays(events: &[&Value]) -> BTreeMap<String, Vec<Period>> {
    let mut events = events.to_vec();
    events.sort_by_key(|event| time(event));
    let mut stays: BTreeMap<String, Vec<Period>> = BTreeMap::new();
    for event in events {
        let Some(name) = event["value"].as_str() else { continue };
        let stays = stays.entry(name.to_string()).or_default();
        let there = stays.last_mut().filter(|stay| stay.end == Timestamp::MAX);
        match (event["properties"]["operation_type"] == "remove", there) {
            (true, Some(stay)) => stay.end = time(event),
            (false, None) => stays.push(Period { start: time(event), end: Timestamp::MAX }),
            _ => {}
        }
    }
    stays
}

fn unique(input: &Value, events: &[&Value]) -> Vec<(&'static str, Decimal)> {
    let (stays, period) = (stays(events), period(input));
    let at_end = stays
        .values()
        .filter(|stays| stays.iter().any(|stay| stay.start < period.end && stay.end >= period.end));
    let full = Decimal::from(at_end.count() as u64);
    let value = match prorated(input) {
        true => {
            let days = days(input);
            let parts = stays.values().map(|stays| recurring::days_there(stays, &period, days).unwrap());
            five(Ratio::sum(parts).unwrap())
        }
        false => full,
    };
    vec![("value", value), ("full_value", full)]
}

/// What one event is billed at once: what it adds beyond the highest level of the period.
fn in_advance(input: &Value, event: &Value) -> Decimal {
    let by = match input["aggregation"].as_str().unwrap() {
        "sum" => event["value"].as_str().map_or(Decimal::ZERO, d),
        "unique_count" => {
            let events: Vec<&Value> = input["events"].as_array().unwrap().iter().collect();
            let there = event["value"].as_str().map(|name| stays(&events).contains_key(name));
            if there == Some(false) { Decimal::from(1) } else { Decimal::ZERO }
        }
        other => panic!("{other}"),
    };
    let state = |name: &str| figure(&input["state"][name]).unwrap_or_default();
    let more = recurring::above_highest(state("current"), state("max"), by).unwrap();
    if !prorated(input) {
        return more;
    }
    let change = Change { at: time(event), by: more };
    five(recurring::by_days(&[change], &period(input), days(input)).unwrap())
}
