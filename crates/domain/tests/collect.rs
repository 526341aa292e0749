//! The rows of a query, against a recount that knows nothing of sums, cells or windows that were remembered.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use ulid::Ulid;
use usage_domain::decimal::Decimal;
use usage_domain::meter::aggregate::{Sign, State};
use usage_domain::meter::collect::{Collector, Fit};
use usage_domain::meter::query::{MeterQuery, MeterRow, QueryError};
use usage_domain::meter::value::{Measurement, MeterValue};
use usage_domain::meter::windows::Window;
use usage_domain::meter::{Aggregation, Dimension, Meter, MeterDraft, MeterId};
use usage_domain::time::{Period, Timestamp};

const SECOND: i64 = 1_000_000_000;
const QUARTER: i64 = 900 * SECOND;

#[derive(Debug, Clone)]
struct Event {
    time: Timestamp,
    value: i64,
    color: Option<String>,
}

fn meter(aggregation: Aggregation) -> Meter {
    let draft = MeterDraft {
        key: "m".into(),
        name: None,
        description: None,
        aggregation,
        event_type: "t".into(),
        value_property: Some("$.v".parse().unwrap()),
        dimensions: vec![Dimension { name: "color".into(), path: "$.c".parse().unwrap() }],
        event_from: None,
        metadata: None,
    };
    let at = Timestamp::MIN;
    Meter { id: MeterId(Ulid(1)), series: 1, draft, created_at: at, updated_at: at }
}

fn measured(aggregation: Aggregation, event: &Event) -> Measurement {
    let value = match aggregation {
        Aggregation::Count => MeterValue::Nothing,
        Aggregation::UniqueCount => MeterValue::Text(event.value.to_string()),
        _ => MeterValue::Number(Decimal::new(event.value, 2)),
    };
    Measurement { dimensions: vec![event.color.clone()], value }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// All events one by one.
fn one_by_one(meter: &Meter, query: &MeterQuery, events: &[Event]) -> Result<Vec<MeterRow>, QueryError> {
    let mut collector = Collector::new(meter, query)?;
    if let Some(origin) = collector.origin("s", None, Period::ALWAYS) {
        for (order, event) in (0..).zip(events) {
            collector.event(&origin, (event.time, order), &measured(meter.draft.aggregation, event))?;
        }
    }
    collector.finish()
}

/// In cells of a quarter-hour, and event by event only where that is asked for.
fn in_cells(meter: &Meter, query: &MeterQuery, events: &[Event]) -> Result<Vec<MeterRow>, QueryError> {
    let aggregation = meter.draft.aggregation;
    let mut cells: BTreeMap<(i64, Option<String>), State> = BTreeMap::new();
    for (order, event) in (0..).zip(events) {
        let value = measured(aggregation, event).value;
        let state = State::of(aggregation, &value, (event.time, order), Sign::Added).unwrap();
        let key = (event.time.nanos() / QUARTER, event.color.clone());
        match cells.get_mut(&key) {
            Some(cell) => cell.merge(&state).unwrap(),
            None => drop(cells.insert(key, state)),
        }
    }
    let mut collector = Collector::new(meter, query)?;
    let Some(origin) = collector.origin("s", None, Period::ALWAYS) else { return collector.finish() };
    for ((quarter, color), state) in &cells {
        let nanos = |quarter: i64| Timestamp::from_nanos(quarter * QUARTER).unwrap();
        let period = Period { start: nanos(*quarter), end: nanos(quarter + 1) };
        if let Fit::Cut(part) = collector.cell(&origin, std::slice::from_ref(color), period, state)? {
            for (order, event) in (0..).zip(events) {
                if part.contains(event.time) && event.color == *color {
                    collector.event(&origin, (event.time, order), &measured(aggregation, event))?;
                }
            }
        }
    }
    collector.finish()
}

/// The value of events in a window of at least one nanosecond, by definition.
fn by_definition(aggregation: Aggregation, all: &[&Event], window: Period, whole: Period) -> Option<Decimal> {
    let within: Vec<_> = all.iter().enumerate().filter(|(_, e)| window.contains(e.time)).collect();
    let values = || within.iter().map(|(_, e)| e.value);
    if aggregation.is_level() {
        // Nanosecond by nanosecond would take long: from change to change.
        let mut area = 0i128;
        for event in all.iter().filter(|e| e.time < window.end) {
            let since = event.time.max(window.start);
            area += i128::from(event.value) * i128::from(window.end.nanos() - since.nanos());
        }
        let unit = match aggregation {
            Aggregation::UnitHours => 3600 * i128::from(SECOND),
            _ => i128::from(whole.end.nanos() - whole.start.nanos()),
        };
        let scaled = area * 10i128.pow(16) / unit; // 18 digits, two of which the values have
        let rest = area * 10i128.pow(16) % unit;
        let up = i128::from(rest.abs() * 2 >= unit) * rest.signum();
        let digits = scaled + up;
        let text = format!("{}e-18", digits);
        return (area != 0 || !within.is_empty()).then(|| text.parse().unwrap());
    }
    (!within.is_empty()).then(|| match aggregation {
        Aggregation::Count => Decimal::new(i64::try_from(within.len()).unwrap(), 0),
        Aggregation::Sum => Decimal::new(values().sum(), 2),
        Aggregation::Min => Decimal::new(values().min().unwrap(), 2),
        Aggregation::Max => Decimal::new(values().max().unwrap(), 2),
        Aggregation::Latest => {
            Decimal::new(within.iter().max_by_key(|(_, e)| (e.time, e.value)).unwrap().1.value.max(0), 2)
        }
        Aggregation::UniqueCount => {
            Decimal::new(i64::try_from(values().collect::<BTreeSet<_>>().len()).unwrap(), 0)
        }
        _ => {
            let (sum, count) = (i128::from(values().sum::<i64>()), within.len() as i128);
            let (whole, rest) = (sum * 10i128.pow(16) / count, sum * 10i128.pow(16) % count);
            let up = i128::from(rest.abs() * 2 >= count) * rest.signum();
            format!("{}e-18", whole + up).parse().unwrap()
        }
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let start = at("2026-03-27T22:00:00Z").nanos();
    let color = prop::option::of(prop::sample::select(vec!["red".to_string(), "blue".to_string()]));
    let event = (0..4 * 86_400i64, -500i64..500, color).prop_map(move |(second, value, color)| Event {
        time: Timestamp::from_nanos(start + second * SECOND).unwrap(),
        value,
        color,
    });
    prop::collection::vec(event, 0..40)
}

proptest! {
    #[test]
    fn rows_are_what_their_definition_says_however_usage_is_handed_in(
        which in 0..Aggregation::ALL.len(),
        events in events(),
        window in prop::option::of(prop::sample::select(vec![Window::Hour, Window::Day, Window::Month])),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]),
        from in 0i64..400_000, length in 1i64..400_000, by_color: bool,
    ) {
        let aggregation = Aggregation::ALL[which].0;
        let meter = meter(aggregation);
        let start = at("2026-03-27T00:00:00Z").nanos() + from * SECOND;
        let query = MeterQuery {
            from: Timestamp::from_nanos(start),
            to: Timestamp::from_nanos(start + length * SECOND),
            window,
            zone: zone.parse().unwrap(),
            group_by: if by_color { vec![0] } else { vec![] },
            ..MeterQuery::total()
        };
        let rows = one_by_one(&meter, &query, &events).unwrap();
        prop_assert_eq!(&in_cells(&meter, &query, &events).unwrap(), &rows);
        let groups: BTreeSet<Vec<Option<String>>> =
            events.iter().map(|e| if by_color { vec![e.color.clone()] } else { vec![] }).collect();
        let mut expected = Vec::new();
        let mut windows = vec![query.period()];
        if let Some(window) = window {
            windows.clear();
            let mut next = query.period().start;
            while next < query.period().end {
                let found = match window {
                    Window::Month => next.month(&query.zone).period(&query.zone),
                    Window::Day => next.day(&query.zone),
                    _ => next.span(&query.zone, 3600),
                };
                windows.push(found);
                next = found.end;
            }
        }
        for window in windows {
            for group in &groups {
                let own: Vec<&Event> = events.iter().filter(|e| !by_color || vec![e.color.clone()] == *group).collect();
                let part = window.intersection(&query.period()).unwrap();
                if let Some(value) = by_definition(aggregation, &own, part, part) {
                    expected.push((window, group.clone(), value));
                }
            }
        }
        let found: Vec<_> = rows.into_iter().map(|row| (row.window, row.dimensions, row.value)).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_level_whose_parts_begin_and_end_within_the_time_asked_for_is_one_row_of_that_time() {
    let (start, middle, end) =
        (at("2026-11-01T00:00:00Z"), at("2026-11-01T06:00:00Z"), at("2026-11-02T00:00:00Z"));
    let query = MeterQuery { from: Some(start), to: Some(end), ..MeterQuery::total() };
    // Two units, from before; then three units, of another subject, for which is paid from 06:00 on.
    for (aggregation, value) in
        [(Aggregation::UnitHours, "66"), (Aggregation::WeightedSum, "2.75"), (Aggregation::Sum, "3")]
    {
        let meter = meter(aggregation);
        let mut collector = Collector::new(&meter, &query).unwrap();
        let mut add = |subject: &str, payer, period: Period, time: Timestamp, value: i64| {
            let origin = collector.origin(subject, payer, period).unwrap();
            let event = Event { time, value, color: None };
            collector.event(&origin, (time, 0), &measured(aggregation, &event)).unwrap();
        };
        let (from_then, until_then) =
            (Period { start: middle, ..Period::ALWAYS }, Period { end: middle, ..Period::ALWAYS });
        add("a", Some(0), until_then, at("2026-10-01T00:00:00Z"), 200);
        add("b", Some(0), from_then, middle, 300);
        let rows = collector.finish().unwrap();
        let shown: Vec<_> = rows.iter().map(|row| (row.window, row.value.to_string())).collect();
        assert_eq!(shown, [(query.period(), value.to_string())], "{aggregation:?}");
    }
}
