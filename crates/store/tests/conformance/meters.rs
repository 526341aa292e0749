//! Meters and corrections: what a meter answers is what the events of the log, as corrected, add up to.

use crate::support::{NOW, Setup, amount, at, charge};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use ulid::Ulid;
use usage_domain::event::{AMEND_TYPE, UsageEvent, VOID_TYPE};
use usage_domain::meter::collect::Collector;
use usage_domain::meter::query::{Condition, MeterQuery, MeterRow, Part, QueryError, Scope};
use usage_domain::meter::windows::Window;
use usage_domain::meter::{Aggregation, Dimension, Meter, MeterDraft, MeterId};
use usage_domain::time::{Period, Timestamp};
use usage_domain::verdict::Verdict;
use usage_store::{Handling, MeterSet, Store, StoreError, meter};

const NOON: &str = "2026-11-10T12:00:00Z";

pub(crate) fn draft(key: &str, aggregation: Aggregation) -> MeterDraft {
    let dimension = |name: &str| Dimension { name: name.into(), path: format!("$.{name}").parse().unwrap() };
    let mut draft = MeterDraft {
        key: key.into(),
        name: None,
        description: None,
        aggregation,
        event_type: "request".into(),
        value_property: Some("$.tokens".parse().unwrap()),
        dimensions: vec![dimension("model"), dimension("region")],
        event_from: None,
        metadata: None,
    };
    draft.check().unwrap();
    draft
}

async fn make(store: &dyn Store, number: u128, draft: MeterDraft) -> Meter {
    store.create_meter(MeterId(Ulid(number)), draft, at(NOW)).await.unwrap()
}

pub(crate) fn event(id: &str, event_type: &str, subject: &str, time: &str, data: &str) -> UsageEvent {
    UsageEvent { event_type: event_type.into(), data: Some(data.into()), ..charge(id, subject, time, "1") }
}

fn request(id: &str, subject: &str, time: &str, tokens: &str) -> UsageEvent {
    event(id, "request", subject, time, &format!("{{\"tokens\":{tokens},\"model\":\"m1\"}}"))
}

pub(crate) fn void(id: &str, target: &str) -> UsageEvent {
    event(id, VOID_TYPE, "x", NOON, &format!("{{\"source\":\"test\",\"id\":\"{target}\"}}"))
}

pub(crate) fn amend(id: &str, target: &str, data: &str) -> UsageEvent {
    event(id, AMEND_TYPE, "x", NOON, &format!("{{\"source\":\"test\",\"id\":\"{target}\",\"data\":{data}}}"))
}

async fn stored(store: &dyn Store, events: Vec<UsageEvent>) {
    let verdicts = store.append(events, at(NOW), Handling::Strict).await.unwrap();
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{verdicts:?}");
}

async fn total(store: &dyn Store, meter: &Meter) -> Option<String> {
    let query = MeterQuery {
        from: Some(at("2026-01-01T00:00:00Z")),
        to: Some(at("2027-01-01T00:00:00Z")),
        ..MeterQuery::total()
    };
    let usage = store.query(meter.id, query).await.unwrap();
    usage.rows.first().map(|row| row.value.to_string())
}

pub(crate) async fn a_meter_covers_the_events_before_it_and_after_it(setup: &impl Setup) {
    let store = setup.open();
    stored(&*store, vec![request("a", "alice", NOON, "5"), charge("c", "alice", NOON, "3")]).await;
    let sum = make(&*store, 1, draft("tokens", Aggregation::Sum)).await;
    let late = MeterDraft { event_from: Some(at("2026-11-11T00:00:00Z")), ..draft("late", Aggregation::Sum) };
    let late = make(&*store, 2, late).await;
    assert_eq!((total(&*store, &sum).await, total(&*store, &late).await), (Some("5".into()), None));
    stored(&*store, vec![request("b", "bob", "2026-11-12T12:00:00Z", "\"0.5\"")]).await;
    assert_eq!(
        (total(&*store, &sum).await, total(&*store, &late).await),
        (Some("5.5".into()), Some("0.5".into()))
    );
    drop(store);
    let store = setup.open();
    assert_eq!(
        (total(&*store, &sum).await, total(&*store, &late).await),
        (Some("5.5".into()), Some("0.5".into()))
    );
    assert_eq!(store.meters().await.unwrap(), [sum.clone(), late]);
    assert!(store.verify().await.unwrap().problems.is_empty());
}

pub(crate) async fn names_of_meters_are_taken_until_they_are_deleted(setup: &impl Setup) {
    let store = setup.open();
    let first = make(&*store, 1, draft("tokens", Aggregation::Sum)).await;
    let again = store.create_meter(MeterId(Ulid(2)), draft("tokens", Aggregation::Max), at(NOW)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let other = store.update_meter(first.id, draft("tokens", Aggregation::Max), at(NOW)).await;
    assert!(matches!(other, Err(StoreError::Conflict(_))), "{other:?}");
    store.delete_meter(first.id).await.unwrap();
    assert!(matches!(store.query(first.id, MeterQuery::total()).await, Err(StoreError::NoMeter)));
    assert!(matches!(store.delete_meter(first.id).await, Err(StoreError::NoMeter)));
    stored(&*store, vec![request("a", "alice", NOON, "5")]).await;
    let second = make(&*store, 2, draft("tokens", Aggregation::Max)).await;
    assert_eq!(total(&*store, &second).await, Some("5".into()));
}

pub(crate) async fn dimensions_that_change_apply_to_all_usage(setup: &impl Setup) {
    let store = setup.open();
    let meter =
        make(&*store, 1, MeterDraft { dimensions: vec![], ..draft("tokens", Aggregation::Sum) }).await;
    stored(&*store, vec![request("a", "alice", NOON, "5"), request("b", "alice", NOON, "7")]).await;
    let changed = store.update_meter(meter.id, draft("tokens", Aggregation::Sum), at(NOW)).await.unwrap();
    stored(&*store, vec![request("c", "bob", NOON, "1")]).await;
    let query = MeterQuery { group_by: vec![0, 1], ..MeterQuery::total() };
    let rows = store.query(changed.id, query).await.unwrap().rows;
    let shown: Vec<_> =
        rows.iter().map(|row| (row.dimensions.clone(), row.value.to_string(), row.events)).collect();
    assert_eq!(shown, [(vec![Some("m1".to_string()), None], "13".to_string(), 3)]);
}

pub(crate) async fn an_event_that_is_taken_back_or_amended_counts_as_corrected(setup: &impl Setup) {
    let store = setup.open();
    let sum = make(&*store, 1, draft("tokens", Aggregation::Sum)).await;
    let max = make(&*store, 2, draft("most", Aggregation::Max)).await;
    let figures = async |store: &dyn Store| {
        let (bill, events) = amount(store, "alice", Period::ALWAYS).await;
        (
            total(store, &sum).await.unwrap_or_default(),
            total(store, &max).await.unwrap_or_default(),
            bill,
            events,
        )
    };
    let shown = |sum: &str, max: &str, bill: &str, events| {
        (sum.to_string(), max.to_string(), bill.to_string(), events)
    };
    stored(
        &*store,
        vec![
            request("a", "alice", NOON, "5"),
            request("b", "alice", NOON, "9"),
            charge("c", "alice", NOON, "3"),
        ],
    )
    .await;
    assert_eq!(figures(&*store).await, shown("14", "9", "3", 1));
    stored(&*store, vec![amend("x1", "b", "{\"tokens\":2}"), amend("x2", "c", "{\"amount\":\"2.5\"}")]).await;
    assert_eq!(figures(&*store).await, shown("7", "5", "2.5", 1));
    // The last amendment counts.
    stored(&*store, vec![amend("x3", "b", "{\"tokens\":11}"), void("x4", "a")]).await;
    assert_eq!(figures(&*store).await, shown("11", "11", "2.5", 1));
    // A void ends it; an event and its correction may come together.
    stored(
        &*store,
        vec![void("x5", "c"), void("x6", "c"), request("d", "alice", NOON, "20"), void("x7", "d")],
    )
    .await;
    assert_eq!(figures(&*store).await, shown("11", "11", "0", 0));
    assert!(store.verify().await.unwrap().problems.is_empty());
    drop(store);
    let store = setup.open();
    assert_eq!(figures(&*store).await, shown("11", "11", "0", 0));
    store.rebuild().await.unwrap();
    assert_eq!(figures(&*store).await, shown("11", "11", "0", 0));
    assert!(store.verify().await.unwrap().problems.is_empty());
}

pub(crate) async fn a_correction_of_nothing_is_refused_with_its_request(setup: &impl Setup) {
    let store = setup.open();
    let sum = make(&*store, 1, draft("tokens", Aggregation::Sum)).await;
    stored(&*store, vec![request("a", "alice", NOON, "5"), void("v", "a")]).await;
    for (bad, reason) in [
        (void("w", "nobody"), "there is no event \"nobody\" of source \"test\" to correct"),
        (void("w", "v"), "event \"v\" is itself a correction"),
        (amend("w", "a", "{\"tokens\":1}"), "event \"a\" was taken back, for ever"),
        (event("w", VOID_TYPE, "x", NOON, "{}"), "data.source: must be the source"),
    ] {
        let batch = vec![request("b", "alice", NOON, "1"), bad];
        let verdicts = store.append(batch.clone(), at(NOW), Handling::Strict).await.unwrap();
        let Verdict::Rejected(why) = &verdicts[1] else { panic!("{verdicts:?}") };
        assert!(why.starts_with(reason), "{why}");
        assert_eq!(total(&*store, &sum).await, None);
    }
    let batch = vec![
        request("b", "alice", NOON, "1"),
        void("w", "nobody"),
        void("u", "b"),
        request("c", "alice", NOON, "2"),
    ];
    let verdicts = store.append(batch, at(NOW), Handling::Lenient).await.unwrap();
    let kinds: Vec<bool> = verdicts.iter().map(|verdict| *verdict == Verdict::Accepted).collect();
    assert_eq!(kinds, [true, false, true, true]);
    assert_eq!(total(&*store, &sum).await, Some("2".into()));
    assert!(store.verify().await.unwrap().problems.is_empty());
}

pub(crate) async fn questions_without_an_answer_are_refused(setup: &impl Setup) {
    let store = setup.open();
    let level = make(&*store, 1, draft("level", Aggregation::WeightedSum)).await;
    let answer = store.query(level.id, MeterQuery::total()).await;
    assert!(matches!(answer, Err(StoreError::Query(QueryError::NoPeriod))), "{answer:?}");
}

/// A random history: events, corrections of them, when they are sent.
fn history() -> impl Strategy<Value = Vec<Vec<UsageEvent>>> {
    // Some are of the same moments.
    let time =
        prop_oneof![0i64..90 * 86_400, (0i64..3).prop_map(|day| day * 30 * 86_400)].prop_map(|second| {
            Timestamp::from_nanos(at("2026-09-20T00:00:00Z").nanos() + second * 1_000_000_000).unwrap()
        });
    let tokens = prop_oneof![
        (-50i64..50).prop_map(|v| v.to_string()),
        Just("\"x\"".to_string()),
        Just("1.25".to_string())
    ];
    let data = (tokens, 0..3, 0..3).prop_map(|(tokens, model, region)| {
        let region = if region == 0 { String::new() } else { format!(",\"region\":\"r{region}\"") };
        format!("{{\"tokens\":{tokens},\"model\":\"m{model}\"{region}}}")
    });
    let one = (time, data, 0..4u32, 0..10u32, any::<prop::sample::Index>());
    prop::collection::vec(prop::collection::vec(one, 1..8), 1..12).prop_map(|batches| {
        let (mut names, mut sent) = (Vec::new(), Vec::new());
        for batch in batches {
            let mut events = Vec::new();
            for (time, data, subject, kind, target) in batch {
                let id = format!("e{}", names.len() + events.len());
                let known: &Vec<String> = &names;
                let mut made = match kind {
                    0 | 1 if !known.is_empty() => {
                        void(&format!("v{id}"), known[target.index(known.len())].as_str())
                    }
                    2 | 3 if !known.is_empty() => {
                        amend(&format!("a{id}"), known[target.index(known.len())].as_str(), &data)
                    }
                    _ => event(&id, "request", &format!("s{subject}"), NOON, &data),
                };
                made.time = time;
                events.push(made);
            }
            names.extend(events.iter().filter(|e| e.event_type == "request").map(|e| e.id.clone()));
            sent.push(events);
        }
        sent
    })
}

/// The events that count, in the order of the log, by definition: nothing of the store is asked.
fn effective(sent: &[UsageEvent]) -> Vec<UsageEvent> {
    let mut kept: BTreeMap<String, (usize, UsageEvent)> = BTreeMap::new();
    for (place, event) in sent.iter().enumerate() {
        let target = event.data.as_deref().and_then(|data| data.split("\"id\":\"").nth(1)?.split('"').next());
        match (event.event_type.as_str(), target) {
            (VOID_TYPE, Some(target)) => drop(kept.remove(target)),
            (AMEND_TYPE, Some(target)) => {
                let (_, data) = event.data.as_deref().unwrap().split_once(",\"data\":").unwrap();
                if let Some((_, event)) = kept.get_mut(target) {
                    event.data = Some(data.strip_suffix('}').unwrap().to_string());
                }
            }
            _ => drop(kept.insert(event.id.clone(), (place, event.clone()))),
        }
    }
    let mut events: Vec<_> = kept.into_values().collect();
    events.sort_by_key(|(place, _)| *place);
    events.into_iter().map(|(_, event)| event).collect()
}

fn questions() -> impl Strategy<Value = MeterQuery> {
    let moment =
        |second: i64| Timestamp::from_nanos(at("2026-09-10T00:00:00Z").nanos() + second * 1_000_000_000);
    let window = prop::option::of(prop::sample::select(vec![Window::Hour, Window::Day, Window::Month]));
    let zone = prop::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]);
    let group_by = prop::sample::select(vec![vec![], vec![0], vec![1], vec![0, 1]]);
    let condition = prop::sample::select(vec![
        Condition::equals("m1"),
        Condition::Contains("2".into()),
        Condition::Missing,
    ]);
    let filters = prop::collection::vec((0..2usize, condition), 0..2);
    let scope = prop_oneof![
        Just(Scope::Everybody),
        (0..4u32, 0i64..100 * 86_400).prop_map(move |(subject, second)| {
            let (subject, change) = (format!("s{subject}"), moment(second).unwrap());
            let part = |start, end, label| Part {
                subject: subject.clone(),
                period: Period { start, end },
                label: Some(label),
            };
            Scope::Parts(vec![part(Timestamp::MIN, change, 1), part(change, Timestamp::MAX, 2)])
        }),
    ];
    (0i64..100 * 86_400, 1i64..100 * 86_400, window, zone, group_by, filters, scope, any::<bool>()).prop_map(
        move |(from, length, window, zone, group_by, filters, scope, by_subject)| MeterQuery {
            from: moment(from),
            to: moment(from + length),
            window,
            zone: zone.parse().unwrap(),
            scope,
            by_subject,
            group_by,
            filters,
        },
    )
}

/// The rows of these events alone.
fn recount(of: &Meter, query: &MeterQuery, events: &[UsageEvent]) -> Vec<MeterRow> {
    let set = MeterSet::new([std::sync::Arc::new(of.clone())]);
    let mut collector = Collector::new(of, query).unwrap();
    for (order, event) in (0..).zip(events) {
        for (_, measured) in meter(event.borrowed(), &set) {
            let Ok(measured) = measured else { continue };
            let parts = match &query.scope {
                Scope::Everybody => vec![(None, Period::ALWAYS)],
                Scope::Parts(parts) => {
                    parts.iter().filter(|p| p.subject == event.subject).map(|p| (p.label, p.period)).collect()
                }
            };
            for (label, period) in parts {
                if let Some(origin) = collector.origin(&event.subject, label, period) {
                    collector.event(&origin, (event.time, order), &measured).unwrap();
                }
            }
        }
    }
    collector.finish().unwrap()
}

pub(crate) async fn every_question_is_answered_as_a_recount_of_the_corrected_log_would(setup: &impl Setup) {
    let cases: u32 = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let mut runner = TestRunner::new(Config::with_cases(cases));
    for case in 0..cases {
        let history = history().new_tree(&mut runner).unwrap().current();
        let store = setup.open();
        let source = format!("case-{case}");
        let own = |mut event: UsageEvent| {
            event.data = event
                .data
                .map(|data| data.replace("\"source\":\"test\"", &format!("\"source\":\"{source}\"")));
            event.source = source.clone();
            if event.event_type == "request" {
                event.event_type = source.clone();
            }
            event
        };
        let mut meters = Vec::new();
        let mut sent: Vec<UsageEvent> = Vec::new();
        for (number, batch) in history.iter().enumerate() {
            // Meters come at different moments: before, between and behind the events.
            if let Some((aggregation, name)) = Aggregation::ALL.get(number) {
                let key = format!("{}_{case}", name.to_lowercase());
                let draft = MeterDraft { event_type: source.clone(), ..draft(&key, *aggregation) };
                meters.push(make(&*store, u128::from(case) * 100 + number as u128 + 1, draft).await);
            }
            let batch: Vec<UsageEvent> = batch.iter().cloned().map(own).collect();
            let verdicts = store.append(batch.clone(), at(NOW), Handling::Lenient).await.unwrap();
            let kept = batch.into_iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Accepted);
            sent.extend(kept.map(|(event, _)| event));
        }
        let events = effective(&sent);
        let check = async |store: &dyn Store, runner: &mut TestRunner| {
            for meter in &meters {
                for _ in 0..6 {
                    let query = questions().new_tree(runner).unwrap().current();
                    let usage = store.query(meter.id, query.clone()).await.unwrap();
                    assert_eq!(
                        usage.rows,
                        recount(meter, &query, &events),
                        "{query:?}\n{meter:?}\n{events:#?}"
                    );
                }
            }
        };
        check(&*store, &mut runner).await;
        assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new());
        drop(store);
        let store = setup.open();
        check(&*store, &mut runner).await;
        if case % 4 == 0 {
            store.rebuild().await.unwrap();
            check(&*store, &mut runner).await;
        }
    }
}
