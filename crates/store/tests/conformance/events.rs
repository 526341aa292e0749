//! Events: each counts once, is there for ever, and can be listed.

use crate::support::{NOW, Setup, amount, at, charge};
use usage_domain::event::{UsageEvent, VOID_TYPE};
use usage_domain::position::Position;
use usage_domain::time::Period;
use usage_domain::verdict::Verdict::{Accepted, Conflict, Duplicate};
use usage_store::{Condition, EventFilter, Handling, StoreError, TextField, TextTest};

const NOON: &str = "2026-11-10T12:00:00Z";

pub(crate) async fn an_event_counts_once_however_often_it_is_sent(setup: &impl Setup) {
    let store = setup.open();
    let send = |ids: Vec<&'static str>| {
        let store = store.clone();
        async move {
            let events = ids.into_iter().map(|id| charge(id, "alice", NOON, "1.5")).collect();
            store.append(events, at(NOW), Handling::Lenient).await.unwrap()
        }
    };
    assert_eq!(send(vec!["a", "b"]).await, [Accepted, Accepted]);
    assert_eq!(send(vec!["b", "c", "c", "a"]).await, [Duplicate, Accepted, Duplicate, Duplicate]);
    assert_eq!(send(vec!["a", "b", "c"]).await, [Duplicate, Duplicate, Duplicate]);
    assert_eq!(send(vec![]).await, []);
    assert_eq!(amount(&*store, "alice", Period::ALWAYS).await, ("4.5".into(), 3));
    assert_eq!(store.position().await.unwrap().to_string(), "3");
}

pub(crate) async fn the_first_of_two_contents_stands(setup: &impl Setup) {
    let store = setup.open();
    let first = charge("a", "alice", NOON, "1");
    let mut reworded = first.clone();
    reworded.data = Some("{ \"amount\" : \"1\" }".into());
    let other_amount = charge("a", "alice", NOON, "2");
    let other_time = charge("a", "alice", "2026-11-11T12:00:00Z", "1");
    let mut other_source = first.clone();
    other_source.source = "elsewhere".into();
    let events = vec![first.clone(), reworded, other_amount.clone(), other_time, other_source];
    let verdicts = store.append(events, at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(verdicts, [Accepted, Duplicate, Conflict, Conflict, Accepted]);
    // Against the stored event, not against the earlier one of the same request.
    let verdicts = store.append(vec![other_amount, first], at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(verdicts, [Conflict, Duplicate]);
    assert_eq!(amount(&*store, "alice", Period::ALWAYS).await, ("2".into(), 2));
}

pub(crate) async fn of_concurrent_requests_with_the_same_events_each_event_is_accepted_once(
    setup: &impl Setup,
) {
    let store = setup.open();
    let requests = (0..16).map(|request| {
        let store = store.clone();
        tokio::spawn(async move {
            // The same 40 events, each request beginning elsewhere.
            let events = (0..40).map(|i| charge(&format!("e{}", (i + request * 7) % 40), "alice", NOON, "1"));
            let verdicts = store.append(events.collect(), at(NOW), Handling::Lenient).await.unwrap();
            verdicts.iter().filter(|v| **v == Accepted).count()
        })
    });
    let mut accepted = 0;
    for request in requests.collect::<Vec<_>>() {
        accepted += request.await.unwrap();
    }
    assert_eq!(accepted, 40);
    assert_eq!(amount(&*store, "alice", Period::ALWAYS).await, ("40".into(), 40));
}

pub(crate) async fn what_was_acknowledged_is_there_after_reopening(setup: &impl Setup) {
    for round in 0..5 {
        let store = setup.open();
        assert_eq!(amount(&*store, "alice", Period::ALWAYS).await.1, round * 30);
        for i in 0..30 {
            let event = charge(&format!("{round}-{i}"), "alice", NOON, "0.1");
            assert_eq!(
                store.append(vec![event.clone()], at(NOW), Handling::Lenient).await.unwrap(),
                [Accepted]
            );
            assert_eq!(store.append(vec![event], at(NOW), Handling::Lenient).await.unwrap(), [Duplicate]);
        }
        if round % 2 == 0 {
            store.close().await.unwrap();
            let refused =
                store.append(vec![charge("late", "alice", NOON, "1")], at(NOW), Handling::Lenient).await;
            assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
        }
    }
    let store = setup.open();
    assert_eq!(amount(&*store, "alice", Period::ALWAYS).await, ("15".into(), 150));
    let again =
        store.append(vec![charge("0-0", "alice", NOON, "0.1")], at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(again, [Duplicate]);
}

pub(crate) async fn listings_are_newest_first_and_pages_join_without_gap_or_overlap(setup: &impl Setup) {
    let store = setup.open();
    for batch in 0..10 {
        let events = (0..20).map(|i| {
            let minute = (i * 7 + batch * 13) % 60;
            charge(
                &format!("{batch}-{i}"),
                &format!("s{}", i % 3),
                &format!("2026-11-10T{:02}:{minute:02}:00Z", i % 5),
                "1",
            )
        });
        store.append(events.collect(), at(NOW), Handling::Lenient).await.unwrap();
    }
    let all = store.events(EventFilter::newest(1000)).await.unwrap();
    assert_eq!(all.len(), 200);
    let order = |a: &usage_domain::event::StoredEvent| (a.event.time, a.sequence);
    assert!(all.windows(2).all(|pair| order(&pair[0]) > order(&pair[1])));
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = store.events(EventFilter { after, ..EventFilter::newest(17) }).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(order(last));
        pages.extend(page);
    }
    assert_eq!(pages, all);
}

pub(crate) async fn listings_can_be_narrowed(setup: &impl Setup) {
    let store = setup.open();
    let events = [("a1", "alice", 1), ("a2", "alice", 2), ("b1", "bob", 3), ("b2", "bob", 4)];
    for (i, (id, subject, day)) in events.into_iter().enumerate() {
        let received = format!("2026-11-2{i}T00:00:00Z");
        let event = charge(id, subject, &format!("2026-11-0{day}T00:00:00Z"), "1");
        store.append(vec![event], at(&received), Handling::Lenient).await.unwrap();
    }
    let ids = |filter: EventFilter| {
        let store = store.clone();
        async move {
            let found = store.events(filter).await.unwrap();
            found.into_iter().map(|s| s.event.id).collect::<Vec<_>>().join(" ")
        }
    };
    let all = || EventFilter::newest(100);
    let days = |from: u8, to: u8| Period {
        start: at(&format!("2026-11-{from:02}T00:00:00Z")),
        end: at(&format!("2026-11-{to:02}T00:00:00Z")),
    };
    let paid = usage_domain::customer::PaidSubject { subject: "bob".into(), period: days(1, 4) };
    for (filter, expected) in [
        (all(), "b2 b1 a2 a1"),
        (EventFilter { subject: Some("ali".into()), ..all() }, "a2 a1"),
        (EventFilter { id: Some("2".into()), ..all() }, "b2 a2"),
        (EventFilter { period: days(2, 4), ..all() }, "b1 a2"),
        (EventFilter { ingested: days(21, 22), ..all() }, "a2"),
        (EventFilter { paid: Some(vec![paid]), ..all() }, "b1"),
        (EventFilter { paid: Some(vec![]), ..all() }, ""),
        (EventFilter::newest(1), "b2"),
    ] {
        let text = format!("{filter:?}");
        assert_eq!(ids(filter).await, expected, "{text}");
    }
}

pub(crate) async fn the_log_is_read_in_its_order_page_by_page(setup: &impl Setup) {
    let store = setup.open();
    let void = |id: &str, subject: &str, target: &str| {
        let data = format!("{{\"source\":\"test\",\"id\":\"{target}\"}}");
        UsageEvent { event_type: VOID_TYPE.into(), data: Some(data), ..charge(id, subject, NOON, "1") }
    };
    let day = |day: u8| format!("2026-11-{day:02}T00:00:00Z");
    // The subject of the correction is in front of that of its target, so that a store that sorts by
    // subject has it first.
    let together =
        vec![void("v", "a", "e1"), charge("e1", "z", &day(3), "1"), charge("e2", "m", &day(2), "1")];
    for request in [
        together,
        vec![charge("e3", "a", &day(1), "1")],
        vec![void("w", "a", "e3")],
        (4..40).map(|i| charge(&format!("e{i}"), "many", &day(4), "1")).collect(),
    ] {
        store.append(request, at(NOW), Handling::Strict).await.unwrap();
    }
    let end = store.position().await.unwrap();
    store.append(vec![charge("late", "z", &day(1), "1")], at(NOW), Handling::Strict).await.unwrap();
    let read = |limit: usize, filter: EventFilter| {
        let (store, end) = (store.clone(), end.clone());
        async move {
            let (mut ids, mut after) = (Vec::new(), Position::default());
            loop {
                let filter = EventFilter { limit, ..filter.clone() };
                let page = store.log(after.clone(), end.clone(), filter).await.unwrap();
                assert!(page.events.len() <= limit, "a page of {} events", page.events.len());
                assert!(!page.more || page.next.events() > after.events(), "a page that leads nowhere");
                ids.extend(page.events.into_iter().map(|stored| stored.event.id));
                after = page.next;
                if !page.more {
                    return ids;
                }
            }
        }
    };
    let all = || EventFilter::newest(1);
    let whole = read(1000, all()).await;
    let place = |id: &str| whole.iter().position(|other| other == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(whole.len(), 41, "{whole:?}");
    assert!(place("v") > place("e1") && place("w") > place("e3") && place("e3") > place("v"), "{whole:?}");
    for limit in [1, 2, 7, 41] {
        assert_eq!(read(limit, all()).await, whole, "limit {limit}");
    }
    let period = Period { start: at(&day(1)), end: at(&day(3)) };
    let narrow = EventFilter { period, ..all() };
    assert_eq!(read(5, narrow.clone()).await, ["e2", "e3"]);
    let condition = Condition::Text(TextField::Type, TextTest::OneOf(vec![VOID_TYPE.into()]));
    assert_eq!(read(1, EventFilter { condition: Some(condition), ..all() }).await, ["v", "w"]);
}

pub(crate) async fn an_event_that_cannot_be_billed_is_stored_and_not_counted(setup: &impl Setup) {
    let store = setup.open();
    let mut other_type = charge("b", "alice", NOON, "5");
    other_type.event_type = "prompt".into();
    let mut without_data = charge("c", "alice", NOON, "5");
    without_data.data = None;
    let events =
        vec![charge("a", "alice", NOON, "NaN"), other_type, without_data, charge("d", "alice", NOON, "1")];
    assert_eq!(
        store.append(events, at(NOW), Handling::Lenient).await.unwrap(),
        [Accepted, Accepted, Accepted, Accepted]
    );
    assert_eq!(amount(&*store, "alice", Period::ALWAYS).await, ("1".into(), 1));
    assert_eq!(store.events(EventFilter::newest(10)).await.unwrap().len(), 4);
}

pub(crate) async fn verifying_finds_nothing_and_rebuilding_changes_nothing(setup: &impl Setup) {
    let store = setup.open();
    for batch in 0..20 {
        let events = (0..10).map(|i| {
            let time = format!("2026-{:02}-{:02}T0{i}:10:00Z", batch % 12 + 1, batch + 1);
            charge(&format!("{batch}-{i}"), &format!("s{i}"), &time, "0.001")
        });
        store.append(events.collect(), at(NOW), Handling::Lenient).await.unwrap();
    }
    let before = amount(&*store, "s3", Period::ALWAYS).await;
    for _ in 0..2 {
        let report = store.verify().await.unwrap();
        assert_eq!(
            (report.events, report.problems, report.position.to_string()),
            (200, vec![], "200".into())
        );
        assert!(report.totals > 0);
        assert_eq!(store.rebuild().await.unwrap().events, 200);
        assert_eq!(amount(&*store, "s3", Period::ALWAYS).await, before);
    }
    let again = store
        .append(vec![charge("0-3", "s3", "2026-01-01T03:10:00Z", "0.001")], at(NOW), Handling::Lenient)
        .await
        .unwrap();
    assert_eq!(again, [Duplicate]);
}
