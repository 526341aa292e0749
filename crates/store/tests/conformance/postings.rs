//! Postings: a customer's usage of a month is posted once, and again when it changes.

use crate::support::{NOW, Setup, at, charge, customer};
use std::sync::Arc;
use usage_domain::bill::Bill;
use usage_domain::customer::{Customer, CustomerDraft};
use usage_domain::event::{UsageEvent, VOID_TYPE};
use usage_domain::posting::PostOutcome;
use usage_domain::time::{Month, Timestamp};
use usage_store::{Handling, PostRequest, Store};

const NOON: &str = "2026-11-10T12:00:00Z";

pub(crate) fn request(customer: &Customer, month: &str) -> PostRequest {
    let (month, owner): (Month, _) = (month.parse().unwrap(), customer.clone());
    PostRequest {
        customer: customer.id,
        month,
        period: month.period(&customer.zone),
        rate: Arc::new(move |usage| Ok(Bill::of_charges(&owner, month, usage)?.total)),
        now: Timestamp::from_nanos(1_800_000_000_000_000_000).unwrap(),
    }
}

pub(crate) fn shown(outcome: &PostOutcome) -> String {
    match outcome {
        PostOutcome::Posted(p) => format!("posted {} {}", p.id, p.accumulated),
        PostOutcome::NothingNew(p) => format!("nothing new {} {}", p.id, p.accumulated),
        PostOutcome::NoUsage => "no usage".to_string(),
    }
}

async fn post(store: &dyn Store, customer: &Customer, month: &str) -> String {
    shown(&store.post(request(customer, month)).await.unwrap())
}

pub(crate) async fn usage_is_posted_once_and_again_when_it_changes(setup: &impl Setup) {
    let store = setup.open();
    let bob = customer(&*store, 456, |draft| draft.subjects = vec!["bob".into()]).await;
    assert_eq!(post(&*store, &bob, "2026-11").await, "no usage");
    store.append(vec![charge("a", "bob", NOON, "16.605")], at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(post(&*store, &bob, "2026-11").await, "posted 1 $16.61");
    assert_eq!(post(&*store, &bob, "2026-11").await, "nothing new 1 $16.61");
    assert_eq!(post(&*store, &bob, "2026-10").await, "no usage");
    // Usage of nothing is new usage all the same.
    store.append(vec![charge("b", "bob", NOON, "0")], at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(post(&*store, &bob, "2026-11").await, "posted 1 $16.61");
    store.append(vec![charge("c", "bob", NOON, "-20")], at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(post(&*store, &bob, "2026-11").await, "posted 1 -$3.40");
    drop(store);
    let store = setup.open();
    assert_eq!(post(&*store, &bob, "2026-11").await, "nothing new 1 -$3.40");
    assert_eq!(store.posting(bob.id, "2026-11".parse().unwrap()).await.unwrap().map(|p| p.id), Some(1));
}

pub(crate) async fn usage_that_was_exchanged_for_as_much_is_posted_again(setup: &impl Setup) {
    let store = setup.open();
    let first = customer(&*store, 1, |draft| draft.subjects = vec!["host".into()]).await;
    let mut without = CustomerDraft::named("First");
    without.number = Some(1);
    store.update_customer(first.id, without, at(NOW)).await.unwrap();
    let second = customer(&*store, 2, |draft| draft.subjects = vec!["host".into()]).await;
    let void = |id: &str, target: &str| UsageEvent {
        event_type: VOID_TYPE.into(),
        data: Some(format!("{{\"source\":\"test\",\"id\":\"{target}\"}}")),
        ..charge(id, "host", NOON, "1")
    };
    // On the day on which the subject changes hands, and on one that is whole.
    for (name, time) in [("cut", "2026-11-22T12:00:00Z"), ("whole", "2026-11-25T12:00:00Z")] {
        let id = |part: &str| format!("{name}-{part}");
        let send = async |event| {
            store.append(vec![event], at(NOW), Handling::Strict).await.unwrap();
            post(&*store, &second, "2026-11").await.split(' ').next().unwrap().to_string()
        };
        assert_eq!(send(charge(&id("a"), "host", time, "5")).await, "posted", "{name}");
        store.append(vec![void(&id("v"), &id("a"))], at(NOW), Handling::Strict).await.unwrap();
        assert_eq!(send(charge(&id("b"), "host", time, "5")).await, "posted", "{name}");
        assert_eq!(post(&*store, &second, "2026-11").await.split(' ').next(), Some("nothing"), "{name}");
    }
}

pub(crate) async fn of_concurrent_posts_of_the_same_usage_exactly_one_posts(setup: &impl Setup) {
    let store = setup.open();
    let bob = customer(&*store, 456, |draft| draft.subjects = vec!["bob".into()]).await;
    for round in 0..5 {
        store
            .append(vec![charge(&format!("e{round}"), "bob", NOON, "1")], at(NOW), Handling::Lenient)
            .await
            .unwrap();
        let posts: Vec<_> = (0..32)
            .map(|_| {
                let (store, request) = (store.clone(), request(&bob, "2026-11"));
                tokio::spawn(async move { shown(&store.post(request).await.unwrap()) })
            })
            .collect();
        let mut posted = 0;
        for answer in posts {
            let answer = answer.await.unwrap();
            let amount = format!("1 ${}.00", round + 1);
            assert!(answer.ends_with(&amount), "{answer}");
            posted += usize::from(answer.starts_with("posted"));
        }
        assert_eq!(posted, 1);
    }
}

pub(crate) async fn posting_numbers_have_no_gaps(setup: &impl Setup) {
    let store = setup.open();
    let mut customers = Vec::new();
    for number in 1..=20u32 {
        let subject = format!("s{number}");
        customers
            .push(customer(&*store, number.into(), |draft| draft.subjects = vec![subject.clone()]).await);
        store.append(vec![charge(&subject, &subject, NOON, "1")], at(NOW), Handling::Lenient).await.unwrap();
    }
    let posts: Vec<_> = customers
        .iter()
        .chain(&customers)
        .map(|customer| {
            let (store, request) = (store.clone(), request(customer, "2026-11"));
            tokio::spawn(async move { store.post(request).await.unwrap() })
        })
        .collect();
    let mut ids = Vec::new();
    for outcome in posts {
        if let PostOutcome::Posted(posting) = outcome.await.unwrap() {
            ids.push(posting.id);
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=20).collect::<Vec<_>>());
}
