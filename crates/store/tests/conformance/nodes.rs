//! Two nodes on the same data. A store that has no such thing gives the same one twice, and must do the
//! same.

use crate::meters::{amend, draft, event, void};
use crate::postings::{request, shown};
use crate::support::{NOW, Setup, amount, at, charge, customer};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;
use usage_domain::customer::{CustomerDraft, CustomerId, CustomerRef};
use usage_domain::meter::query::MeterQuery;
use usage_domain::meter::{Aggregation, MeterId};
use usage_domain::posting::PostOutcome;
use usage_domain::time::Period;
use usage_domain::verdict::Verdict::{Accepted, Conflict, Duplicate, Rejected};
use usage_store::{EventFilter, Handling, Store, StoreError};

const NOON: &str = "2026-11-10T12:00:00Z";

pub(crate) async fn events_that_two_nodes_are_sent_at_the_same_time_count_once(setup: &impl Setup) {
    let nodes = setup.open_two();
    let mut requests = JoinSet::new();
    for request in 0..30usize {
        for (node, store) in nodes.iter().cloned().enumerate() {
            requests.spawn(async move {
                // The same events to both nodes, each in an order of its own; every request has some
                // of the one before.
                let id = |i: usize| request * 20 + (i * (7 + 4 * node)) % 40;
                let events = (0..40).map(|i| charge(&format!("e{}", id(i)), "alice", NOON, "1"));
                let verdicts = store.append(events.collect(), at(NOW), Handling::Strict).await.unwrap();
                assert!(verdicts.iter().all(|v| matches!(v, Accepted | Duplicate)), "{verdicts:?}");
                verdicts.iter().filter(|v| **v == Accepted).count()
            });
        }
    }
    let accepted: usize = requests.join_all().await.into_iter().sum();
    let all = 29 * 20 + 40;
    assert_eq!(accepted, all);
    for store in &nodes {
        assert_eq!(amount(&**store, "alice", Period::ALWAYS).await, (all.to_string(), all as u64));
        let mut listed = BTreeSet::new();
        for stored in store.events(EventFilter::newest(10_000)).await.unwrap() {
            assert!(listed.insert(stored.event.id.clone()), "{} is there twice", stored.event.id);
        }
        assert_eq!(listed.len(), all);
        let report = store.verify().await.unwrap();
        assert_eq!((report.events, report.problems), (all as u64, vec![]));
        assert_eq!(report.position.events(), all as u64);
    }
    // Other contents are found out by the node that did not store the first one.
    for store in &nodes {
        let verdicts =
            store.append(vec![charge("e0", "alice", NOON, "2")], at(NOW), Handling::Strict).await.unwrap();
        assert_eq!(verdicts, [Conflict]);
    }
}

pub(crate) async fn each_node_answers_with_what_the_other_acknowledged(setup: &impl Setup) {
    let nodes = setup.open_two();
    let mut sum = 0;
    for round in 0..40usize {
        let (one, other) = (&nodes[round % 2], &nodes[(round + 1) % 2]);
        let before = other.position().await.unwrap();
        let event = charge(&format!("e{round}"), "alice", NOON, "1");
        assert_eq!(one.append(vec![event.clone()], at(NOW), Handling::Strict).await.unwrap(), [Accepted]);
        sum += 1;
        assert_eq!(amount(&**other, "alice", Period::ALWAYS).await, (sum.to_string(), sum));
        let after = other.position().await.unwrap();
        assert!(after.covers(&before) && after != before, "{before} {after}");
        // A boundary within a cell, so that the log is read too.
        let period = Period { start: at("2026-11-10T11:59:00Z"), end: at("2026-11-10T12:00:01Z") };
        assert_eq!(amount(&**other, "alice", period).await.1, sum);
        let listed = other.events(EventFilter::newest(1)).await.unwrap();
        assert_eq!(listed[0].event, event, "the last stored is listed first");
        assert_eq!(other.append(vec![event], at(NOW), Handling::Strict).await.unwrap(), [Duplicate]);
    }
}

pub(crate) async fn of_posts_to_two_nodes_exactly_one_posts_while_usage_comes_in(setup: &impl Setup) {
    let nodes = setup.open_two();
    let bob = customer(&*nodes[0], 456, |draft| draft.subjects = vec!["bob".into()]).await;
    let mut work = JoinSet::new();
    for (node, store) in nodes.iter().cloned().enumerate() {
        for task in 0..4usize {
            let (store, bob) = (store.clone(), bob.clone());
            work.spawn(async move {
                let mut totals = Vec::new();
                for round in 0..10 {
                    let id = format!("{node}-{task}-{round}");
                    store
                        .append(vec![charge(&id, "bob", NOON, "1")], at(NOW), Handling::Strict)
                        .await
                        .unwrap();
                    match store.post(request(&bob, "2026-11")).await.unwrap() {
                        PostOutcome::Posted(posting) => totals.push(posting.changes),
                        PostOutcome::NothingNew(_) => {}
                        PostOutcome::NoUsage => panic!("the usage that was acknowledged is not there"),
                    }
                }
                totals
            });
        }
    }
    let mut posted: Vec<u64> = work.join_all().await.into_iter().flatten().collect();
    let count = posted.len();
    posted.sort_unstable();
    posted.dedup();
    assert_eq!(posted.len(), count, "usage was posted twice: {posted:?}");
    // After the last event somebody posted it: whoever did, all 80 are on the bill, under one number.
    for store in &nodes {
        let outcome = store.post(request(&bob, "2026-11")).await.unwrap();
        assert_eq!(shown(&outcome), "nothing new 1 $80.00");
    }
}

pub(crate) async fn customers_that_two_nodes_make_at_the_same_time_get_numbers_of_their_own(
    setup: &impl Setup,
) {
    let nodes = setup.open_two();
    let make = |node: &Arc<dyn Store>, id: u128, key: Option<&str>, subject: &str| {
        let store = node.clone();
        let draft = CustomerDraft {
            key: key.map(str::to_string),
            subjects: vec![subject.to_string()],
            ..CustomerDraft::named("Somebody")
        };
        async move { store.create_customer(CustomerId(id.into()), draft, at(NOW)).await }
    };
    let mut work = JoinSet::new();
    for i in 0..40u128 {
        work.spawn(make(&nodes[usize::from(i % 2 == 0)], i, None, &format!("s{i}")));
    }
    let mut numbers: Vec<u64> = work.join_all().await.into_iter().map(|made| made.unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    // The same key, and the same subject, to both nodes at once: one of them gets it.
    for round in 0..10u128 {
        let (key, subject) = (format!("key-{round}"), format!("wanted-{round}"));
        let id = |node: u128| 1000 + round * 4 + node;
        let (one, other) = tokio::join!(
            make(&nodes[0], id(0), Some(&key), &format!("a{round}")),
            make(&nodes[1], id(1), Some(&key), &format!("b{round}")),
        );
        check_one(one.err(), other.err(), "key");
        let (one, other) =
            tokio::join!(make(&nodes[0], id(2), None, &subject), make(&nodes[1], id(3), None, &subject));
        check_one(one.err(), other.err(), "subject");
        let found = nodes[0].customer(&CustomerRef::Key(key)).await.unwrap().map(|c| c.id);
        assert!(found == Some(CustomerId(id(0).into())) || found == Some(CustomerId(id(1).into())));
    }
}

/// Exactly one of two was refused, for this reason.
#[track_caller]
fn check_one(one: Option<StoreError>, other: Option<StoreError>, what: &str) {
    match (&one, &other) {
        (Some(StoreError::Conflict(reason)), None) | (None, Some(StoreError::Conflict(reason))) => {
            assert!(reason.starts_with(what), "{reason}");
        }
        _ => panic!("{one:?} {other:?}"),
    }
}

pub(crate) async fn a_node_that_is_closed_takes_nothing_from_the_other(setup: &impl Setup) {
    {
        let [one, other] = setup.open_two();
        one.append(vec![charge("a", "alice", NOON, "1")], at(NOW), Handling::Strict).await.unwrap();
        one.close().await.unwrap();
        assert!(matches!(
            one.append(vec![charge("b", "alice", NOON, "1")], at(NOW), Handling::Strict).await,
            Err(StoreError::Closed)
        ));
        if !Arc::ptr_eq(&one, &other) {
            other.append(vec![charge("c", "alice", NOON, "1")], at(NOW), Handling::Strict).await.unwrap();
            assert_eq!(amount(&*other, "alice", Period::ALWAYS).await, ("2".into(), 2));
            other.close().await.unwrap();
        }
    }
    let store = setup.open();
    assert_eq!(
        store.append(vec![charge("a", "alice", NOON, "1")], at(NOW), Handling::Strict).await.unwrap(),
        [Duplicate]
    );
}

pub(crate) async fn a_meter_made_on_one_node_misses_no_event_of_another(setup: &impl Setup) {
    let nodes = setup.open_two();
    let mut work = JoinSet::new();
    for (node, store) in nodes.iter().cloned().enumerate() {
        for task in 0..3usize {
            let store = store.clone();
            work.spawn(async move {
                for round in 0..20 {
                    let id = format!("{node}-{task}-{round}");
                    let event = event(&id, "request", "alice", NOON, "{\"tokens\":1}");
                    let verdicts = store.append(vec![event], at(NOW), Handling::Strict).await.unwrap();
                    assert_eq!(verdicts, [Accepted]);
                }
            });
        }
    }
    let mut meters = Vec::new();
    for number in 0..6usize {
        let (draft, id) = (draft(&format!("m{number}"), Aggregation::Sum), MeterId((number as u128).into()));
        meters.push(nodes[number % 2].create_meter(id, draft, at(NOW)).await.unwrap());
        tokio::task::yield_now().await;
    }
    work.join_all().await;
    for meter in &meters {
        for store in &nodes {
            let rows = store.query(meter.id, MeterQuery::total()).await.unwrap().rows;
            assert_eq!(
                rows.iter().map(|row| row.value.to_string()).collect::<Vec<_>>(),
                ["120"],
                "{meter:?}"
            );
        }
    }
    assert_eq!(nodes[0].meters().await.unwrap(), nodes[1].meters().await.unwrap());
    assert_eq!(nodes[1].verify().await.unwrap().problems, Vec::<String>::new());
}

pub(crate) async fn corrections_of_the_same_event_on_two_nodes_have_one_order(setup: &impl Setup) {
    let nodes = setup.open_two();
    nodes[0].append(vec![charge("a", "alice", NOON, "1")], at(NOW), Handling::Strict).await.unwrap();
    let mut work = JoinSet::new();
    for (node, store) in nodes.iter().cloned().enumerate() {
        for task in 0..3u64 {
            let store = store.clone();
            work.spawn(async move {
                for round in 0..10u64 {
                    let amount = 100 + node as u64 * 1000 + task * 100 + round;
                    let amended = amend(&format!("{amount}"), "a", &format!("{{\"amount\":\"{amount}\"}}"));
                    let verdicts = store.append(vec![amended], at(NOW), Handling::Strict).await.unwrap();
                    assert_eq!(verdicts, [Accepted]);
                }
            });
        }
    }
    work.join_all().await;
    let figures = [
        amount(&*nodes[0], "alice", Period::ALWAYS).await,
        amount(&*nodes[1], "alice", Period::ALWAYS).await,
    ];
    assert_eq!(figures[0], figures[1]);
    assert_eq!(figures[0].1, 1, "one event, however often amended");
    assert_eq!(nodes[0].verify().await.unwrap().problems, Vec::<String>::new());
    nodes[1].rebuild().await.unwrap();
    assert_eq!(amount(&*nodes[0], "alice", Period::ALWAYS).await, figures[0], "the last in the log counts");
    // What the one node took back, the other cannot amend.
    nodes[0].append(vec![void("v", "a")], at(NOW), Handling::Strict).await.unwrap();
    let verdicts = nodes[1].append(vec![amend("late", "a", "{\"amount\":\"5\"}")], at(NOW), Handling::Strict);
    assert!(matches!(verdicts.await.unwrap()[..], [Rejected(_)]));
    assert_eq!(amount(&*nodes[1], "alice", Period::ALWAYS).await, ("0".into(), 0));
}
