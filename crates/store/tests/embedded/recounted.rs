//! Meters and events for tests of them, and what meters should answer: what the events of the log, as corrected,
//! add up to.

use crate::support::{Dice, NOW, at, charge};
use std::collections::BTreeMap;
use std::sync::Arc;
use ulid::Ulid;
use usage_domain::event::{AMEND_TYPE, StoredEvent, UsageEvent, VOID_TYPE};
use usage_domain::meter::collect::Collector;
use usage_domain::meter::query::{MeterQuery, MeterRow};
use usage_domain::meter::windows::Window;
use usage_domain::meter::{Aggregation, Dimension, Meter, MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::time::Period;
use usage_domain::verdict::Verdict::{self, Accepted};
use usage_store::{EventFilter, Handling, MeterSet, Store, StoreError, meter};

pub(crate) fn draft(number: u128, aggregation: Aggregation, dimensions: &[&str]) -> MeterDraft {
    let dimension =
        |name: &&str| Dimension { name: (*name).to_string(), path: format!("$.{name}").parse().unwrap() };
    let mut draft = MeterDraft {
        key: format!("meter_{number}"),
        name: None,
        description: None,
        aggregation,
        event_type: "request".into(),
        value_property: Some("$.tokens".parse().unwrap()),
        dimensions: dimensions.iter().map(dimension).collect(),
        event_from: None,
        metadata: None,
    };
    draft.check().unwrap();
    draft
}

pub(crate) async fn make(
    store: &dyn Store,
    number: u128,
    aggregation: Aggregation,
) -> Result<Meter, StoreError> {
    store.create_meter(MeterId(Ulid(number)), draft(number, aggregation, &["model"]), at(NOW)).await
}

pub(crate) fn request(id: &str, dice: &mut Dice) -> UsageEvent {
    let tokens = match dice.roll(9) {
        0 => "\"none\"".to_string(),
        tokens => format!("{tokens}.5"),
    };
    UsageEvent {
        event_type: "request".into(),
        subject: format!("s{}", dice.roll(3)),
        // Whole days, and the first and the last of a month.
        time: at(&format!("2026-11-{:02}T{:02}:07:00Z", 1 + dice.roll(30), dice.roll(24))),
        data: Some(format!("{{\"tokens\":{tokens},\"model\":\"m{}\"}}", dice.roll(2))),
        ..charge(id)
    }
}

pub(crate) fn void(id: &str, target: &str) -> UsageEvent {
    let data = format!("{{\"source\":\"test\",\"id\":\"{target}\"}}");
    UsageEvent { event_type: VOID_TYPE.into(), data: Some(data), ..charge(id) }
}

pub(crate) fn amend(id: &str, target: &str, dice: &mut Dice) -> UsageEvent {
    let data = request(id, dice).data.unwrap();
    let data = format!("{{\"source\":\"test\",\"id\":\"{target}\",\"data\":{data}}}");
    UsageEvent { event_type: AMEND_TYPE.into(), data: Some(data), ..charge(id) }
}

pub(crate) async fn send(store: &dyn Store, events: &[UsageEvent]) -> Result<Vec<Verdict>, StoreError> {
    store.append(events.to_vec(), at(NOW), Handling::Strict).await
}

pub(crate) async fn accept(store: &dyn Store, events: &[UsageEvent]) {
    assert_eq!(send(store, events).await.unwrap(), vec![Accepted; events.len()]);
}

/// The whole log, in its order.
pub(crate) async fn log(store: &dyn Store) -> Vec<StoredEvent> {
    let (mut events, mut next) = (Vec::new(), Position::after(0));
    let until = store.position().await.unwrap();
    loop {
        let page = store.log(next, until.clone(), EventFilter::newest(100)).await.unwrap();
        events.extend(page.events);
        next = page.next;
        if !page.more {
            return events;
        }
    }
}

/// The events that count, by definition.
pub(crate) fn effective(log: &[StoredEvent]) -> Vec<StoredEvent> {
    let mut kept: BTreeMap<String, StoredEvent> = BTreeMap::new();
    for stored in log {
        let event = &stored.event;
        let target = event.data.as_deref().and_then(|data| data.split("\"id\":\"").nth(1)?.split('"').next());
        match (event.event_type.as_str(), target) {
            (VOID_TYPE, Some(target)) => drop(kept.remove(target)),
            (AMEND_TYPE, Some(target)) => {
                let (_, data) = event.data.as_deref().unwrap().split_once(",\"data\":").unwrap();
                if let Some(stored) = kept.get_mut(target) {
                    stored.event.data = Some(data.strip_suffix('}').unwrap().to_string());
                }
            }
            _ => drop(kept.insert(event.id.clone(), stored.clone())),
        }
    }
    kept.into_values().collect()
}

pub(crate) fn recount(of: &Meter, query: &MeterQuery, events: &[StoredEvent]) -> Vec<MeterRow> {
    let set = MeterSet::new([Arc::new(of.clone())]);
    let mut collector = Collector::new(of, query).unwrap();
    for stored in events {
        for (_, measured) in meter(stored.event.borrowed(), &set) {
            let Ok(measured) = measured else { continue };
            let origin = collector.origin(&stored.event.subject, None, Period::ALWAYS).unwrap();
            collector.event(&origin, (stored.event.time, stored.sequence), &measured).unwrap();
        }
    }
    collector.finish().unwrap()
}

/// A query of everybody at once, for what the tests' events have.
fn of_everybody(window: Window, zone: &str) -> MeterQuery {
    MeterQuery {
        from: Some(at("2026-10-03T10:00:00Z")),
        to: Some(at("2026-11-30T12:08:00Z")),
        window: Some(window),
        zone: zone.parse().unwrap(),
        group_by: vec![0],
        ..MeterQuery::total()
    }
}

/// Checks every meter's answers against a recount of the log, and that verifying finds nothing.
pub(crate) async fn is_sound(store: &dyn Store, what: &str) {
    let year = MeterQuery {
        from: Some(at("2026-01-01T00:00:00Z")),
        to: Some(at("2027-01-01T00:00:00Z")),
        ..MeterQuery::total()
    };
    let cut = MeterQuery {
        from: Some(at("2026-11-03T10:00:00Z")),
        to: Some(at("2026-11-30T12:08:00Z")),
        window: Some(Window::Day),
        by_subject: true,
        group_by: vec![0],
        ..year.clone()
    };
    answers(store, &[year, cut, of_everybody(Window::Day, "UTC")], what).await;
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new(), "{what}");
}

/// The same in windows of everybody that begin and end anywhere in a day and in an hour.
pub(crate) async fn is_sound_in_all_windows(store: &dyn Store, what: &str) {
    is_sound(store, what).await;
    let windows = [
        (Window::Day, "Europe/Berlin"),
        (Window::Month, "Asia/Kolkata"),
        (Window::Day, "Asia/Kathmandu"),
        (Window::Hour, "UTC"),
        (Window::Minute, "UTC"),
    ];
    let queries = windows.map(|(window, zone)| of_everybody(window, zone));
    answers(store, &queries, what).await;
}

async fn answers(store: &dyn Store, queries: &[MeterQuery], what: &str) {
    let events = effective(&log(store).await);
    for of in store.meters().await.unwrap() {
        for query in queries {
            let rows = store.query(of.id, query.clone()).await.unwrap().rows;
            assert_eq!(rows, recount(&of, query, &events), "{what}: {of:?} {query:?}");
        }
    }
}

pub(crate) async fn shown(store: &dyn Store) -> Vec<(MeterId, usize)> {
    store.meters().await.unwrap().iter().map(|meter| (meter.id, meter.draft.dimensions.len())).collect()
}
