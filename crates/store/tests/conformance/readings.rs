//! Readings: charges and meters of one moment, whatever is written meanwhile.

use crate::meters::{amend, draft, event, void};
use crate::support::{NOW, Setup, at, charge};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::customer::PaidSubject;
use usage_domain::meter::query::{MeterQuery, MeterRow, Part, QueryError, Scope};
use usage_domain::meter::windows::Window;
use usage_domain::meter::{Aggregation, Meter, MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::time::Period;
use usage_domain::usage::Totals;
use usage_domain::verdict::Verdict::{self, Accepted};
use usage_store::{Handling, Reading, Readings, Store, StoreError};

const NOON: &str = "2026-11-10T12:00:00Z";

async fn make(store: &dyn Store, number: u128, draft: MeterDraft) -> Meter {
    store.create_meter(MeterId(number.into()), draft, at(NOW)).await.unwrap()
}

fn of_type(key: &str, event_type: &str) -> MeterDraft {
    MeterDraft { event_type: event_type.into(), ..draft(key, Aggregation::Sum) }
}

fn paid(subject: &str) -> Vec<PaidSubject> {
    vec![PaidSubject { subject: subject.into(), period: Period::ALWAYS }]
}

fn of_subject(subject: &str, period: Period) -> MeterQuery {
    let parts = vec![Part { subject: subject.into(), period: Period::ALWAYS, label: None }];
    let Period { start, end } = period;
    MeterQuery { from: Some(start), to: Some(end), scope: Scope::Parts(parts), ..MeterQuery::total() }
}

fn sum(rows: &[MeterRow]) -> String {
    assert!(rows.len() < 2, "{rows:?}");
    rows.first().map_or("0".into(), |row| row.value.to_string())
}

fn amount(readings: &Readings) -> String {
    let mut sum = Totals::default();
    for (_, totals) in &readings.charges {
        sum.merge(totals).unwrap();
    }
    sum.amount.to_string()
}

/// What is in cells, and what is cut from one, so that the log tells.
fn periods() -> [Period; 2] {
    let cut = Period { start: at("2026-11-10T11:59:00Z"), end: at("2026-11-10T12:00:01Z") };
    [Period { start: at("2026-11-01T00:00:00Z"), end: at("2026-12-01T00:00:00Z") }, cut]
}

pub(crate) async fn a_reading_is_what_its_parts_are(setup: &impl Setup) {
    let store = setup.open();
    let tokens = make(&*store, 1, of_type("tokens", "request")).await;
    let calls = make(&*store, 2, draft("calls", Aggregation::Count)).await;
    let empty = store.read(Reading::default()).await.unwrap();
    let at_start = store.position().await.unwrap();
    assert_eq!(empty, Readings { position: at_start, charges: vec![], meters: vec![] });
    let mut events = vec![charge("c1", "alice", NOON, "1.5"), charge("c2", "bob", NOON, "10")];
    for (id, subject, tokens) in [("r1", "alice", 5), ("r2", "alice", 7), ("r3", "bob", 100)] {
        events.push(event(id, "request", subject, NOON, &format!("{{\"tokens\":{tokens}}}")));
    }
    store.append(events, at(NOW), Handling::Strict).await.unwrap();
    store.append(vec![amend("a", "r2", "{\"tokens\":8}")], at(NOW), Handling::Strict).await.unwrap();
    for period in periods() {
        let by_day = MeterQuery { window: Some(Window::Day), by_subject: true, ..of_subject("bob", period) };
        let questions = vec![
            (tokens.id, of_subject("alice", period)),
            (calls.id, by_day),
            (tokens.id, of_subject("bob", period)),
        ];
        let reading = Reading { charges: Some((paid("alice"), period)), meters: questions.clone() };
        let readings = store.read(reading.clone()).await.unwrap();
        assert_eq!((amount(&readings), sum(&readings.meters[0])), ("1.5".into(), "13".into()));
        assert_eq!((sum(&readings.meters[1]), sum(&readings.meters[2])), ("1".into(), "100".into()));
        assert_eq!(readings.meters[1][0].subject.as_deref(), Some("bob"));
        assert_eq!(readings.position, store.position().await.unwrap());
        // Asked one by one it is the same.
        let usage = store.usage(paid("alice"), period).await.unwrap();
        assert_eq!((usage.position, usage.groups), (readings.position.clone(), readings.charges.clone()));
        for ((meter, query), rows) in questions.into_iter().zip(&readings.meters) {
            let usage = store.query(meter, query).await.unwrap();
            assert_eq!((&usage.position, &usage.rows), (&readings.position, rows));
        }
        // Without charges none are told.
        let readings = store.read(Reading { charges: None, ..reading }).await.unwrap();
        assert_eq!((readings.charges.len(), readings.meters.len()), (0, 3));
    }
}

pub(crate) async fn a_reading_with_a_question_that_has_no_answer_is_refused(setup: &impl Setup) {
    let store = setup.open();
    let tokens = make(&*store, 1, of_type("tokens", "request")).await;
    let level = make(
        &*store,
        2,
        MeterDraft { event_type: "level".into(), ..draft("level", Aggregation::WeightedSum) },
    )
    .await;
    let month = of_subject("alice", periods()[0]);
    let read = async |meters: Vec<(MeterId, MeterQuery)>| {
        store.read(Reading { charges: Some((paid("alice"), Period::ALWAYS)), meters }).await
    };
    let unknown = MeterId(9.into());
    for meters in [vec![(unknown, month.clone())], vec![(tokens.id, month.clone()), (unknown, month.clone())]]
    {
        let answer = read(meters).await;
        assert!(matches!(answer, Err(StoreError::NoMeter)), "{answer:?}");
    }
    let answer = read(vec![(tokens.id, month.clone()), (level.id, MeterQuery::total())]).await;
    assert!(matches!(answer, Err(StoreError::Query(QueryError::NoPeriod))), "{answer:?}");
    assert!(read(vec![(tokens.id, month.clone()), (level.id, month.clone())]).await.is_ok());
    store.delete_meter(tokens.id).await.unwrap();
    let answer = read(vec![(tokens.id, month)]).await;
    assert!(matches!(answer, Err(StoreError::NoMeter)), "{answer:?}");
}

pub(crate) async fn all_of_a_reading_is_of_one_position(setup: &impl Setup) {
    let nodes = setup.open_two();
    let meters =
        [make(&*nodes[0], 1, of_type("in", "in")).await, make(&*nodes[1], 2, of_type("out", "out")).await];
    let writing = Arc::new(AtomicUsize::new(4));
    let mut work = JoinSet::new();
    for task in 0..4usize {
        let (store, writing) = (nodes[task % 2].clone(), writing.clone());
        work.spawn(async move {
            for round in 0..40 {
                // One of each together: whoever sees one sees all three.
                let id = |what: &str| format!("{what}-{task}-{round}");
                let events = vec![
                    charge(&id("charge"), "alice", NOON, "1"),
                    event(&id("in"), "in", "alice", NOON, "{\"tokens\":1}"),
                    event(&id("out"), "out", "alice", NOON, "{\"tokens\":1}"),
                ];
                let verdicts = store.append(events, at(NOW), Handling::Strict).await.unwrap();
                assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{verdicts:?}");
            }
            writing.fetch_sub(1, Ordering::SeqCst);
            Vec::new()
        });
    }
    for store in nodes.clone() {
        let (writing, meters) = (writing.clone(), meters.clone().map(|meter| meter.id));
        work.spawn(async move {
            let mut seen = Vec::new();
            loop {
                let is_last = writing.load(Ordering::SeqCst) == 0;
                for period in periods() {
                    let asked = meters.map(|meter| (meter, of_subject("alice", period))).to_vec();
                    let reading = Reading { charges: Some((paid("alice"), period)), meters: asked };
                    let readings = store.read(reading).await.unwrap();
                    let (amount, count) = (amount(&readings), readings.position.events());
                    let figures = readings.meters.iter().map(|rows| sum(rows)).collect::<Vec<_>>();
                    assert_eq!(figures, [amount.clone(), amount.clone()], "{period:?}");
                    assert_eq!(count.to_string(), (3 * amount.parse::<u64>().unwrap()).to_string());
                    seen.push(readings.position);
                }
                if is_last {
                    return seen;
                }
            }
        });
    }
    let readers: Vec<Vec<Position>> =
        work.join_all().await.into_iter().filter(|seen| !seen.is_empty()).collect();
    assert_eq!(readers.len(), 2);
    for seen in readers {
        assert!(
            seen.windows(2).all(|pair| pair[1].covers(&pair[0])),
            "a reading was older than the one before"
        );
        assert_eq!(seen.last().unwrap().events(), 4 * 40 * 3);
    }
}

/// What an event is sent with or amended to, or nothing where it is taken back; the changes and the charges after it.
type Correction<'a> = (Option<&'a str>, (u64, i64));

/// The changes of a subject's charges in a period, and how many charges count.
async fn changes(store: &dyn Store, subject: &str, period: Period) -> (u64, i64) {
    let paid = vec![PaidSubject { subject: subject.to_string(), period: Period::ALWAYS }];
    let usage = store.usage(paid, period).await.unwrap();
    (usage.changes(), usage.groups.iter().map(|(_, totals)| totals.events).sum())
}

pub(crate) async fn changes_count_alike_in_whole_cells_and_where_a_period_cuts_them(setup: &impl Setup) {
    let store = setup.open();
    let (price, other) = ("{\"amount\":\"5\"}", "{\"amount\":\"7\",\"service\":\"S\"}");
    let none = "{\"amount\":\"much\"}";
    let cases: &[&[Correction<'_>]] = &[
        &[(Some(price), (1, 1)), (Some(other), (3, 1)), (None, (4, 0)), (None, (4, 0))],
        &[(Some(price), (1, 1)), (Some(none), (2, 0)), (Some(other), (3, 1)), (Some(price), (5, 1))],
        &[(Some(none), (0, 0)), (Some(price), (1, 1)), (Some(none), (2, 0)), (Some(none), (2, 0))],
        &[(Some(none), (0, 0)), (Some(other), (1, 1)), (None, (2, 0))],
        &[(Some(none), (0, 0)), (None, (0, 0))],
    ];
    let whole = Period { start: at("2026-11-10T00:00:00Z"), end: at("2026-11-11T00:00:00Z") };
    let cut = Period { start: at("2026-11-10T11:59:59Z"), end: at("2026-11-10T12:00:01Z") };
    for (case, steps) in cases.iter().enumerate() {
        let id = format!("case {case}");
        for (step, (data, should)) in steps.iter().enumerate() {
            let event = match (step, data) {
                (0, data) => event(&id, CHARGE_TYPE, &id, NOON, data.unwrap()),
                (_, Some(data)) => amend(&format!("{id}, {step}"), &id, data),
                (_, None) => void(&format!("{id}, {step}"), &id),
            };
            assert_eq!(store.append(vec![event], at(NOW), Handling::Strict).await.unwrap(), [Accepted]);
            for period in [whole, cut, Period::ALWAYS] {
                assert_eq!(changes(&*store, &id, period).await, *should, "{id}, step {step}, {period:?}");
            }
        }
    }
    // All of one in a single request, and of what is no charge whatever its data says.
    let together = vec![
        event("at once", CHARGE_TYPE, "at once", NOON, price),
        amend("at once 1", "at once", none),
        amend("at once 2", "at once", other),
        void("at once 3", "at once"),
        event("no charge", "request", "no charge", NOON, price),
        amend("no charge 1", "no charge", other),
    ];
    store.append(together, at(NOW), Handling::Strict).await.unwrap();
    for round in ["as it came", "made anew"] {
        for period in [whole, cut] {
            assert_eq!(changes(&*store, "at once", period).await, (4, 0), "{round}, {period:?}");
            assert_eq!(changes(&*store, "no charge", period).await, (0, 0), "{round}, {period:?}");
            for (case, steps) in cases.iter().enumerate() {
                let (_, should) = steps.last().unwrap();
                let is = changes(&*store, &format!("case {case}"), period).await;
                assert_eq!(is, *should, "case {case}, {round}, {period:?}");
            }
        }
        // Of the totals, one counts something; what was taken back leaves those that it was in.
        let report = store.verify().await.unwrap();
        let (events, figures) = (23, (report.events, report.totals, report.problems));
        assert_eq!(figures, (events, 1, Vec::new()), "{round}");
        let report = store.rebuild().await.unwrap();
        assert_eq!((report.events, report.totals), (events, 8), "{round}");
    }
}
