//! Customers: their names, and whose usage they pay for from when to when.

use crate::meters::draft;
use crate::support::{NOW, Setup, at, charge, customer, total};
use usage_domain::customer::{CustomerDraft, CustomerId, CustomerRef};
use usage_domain::event::UsageEvent;
use usage_domain::meter::{Aggregation, MeterDraft, MeterId};
use usage_domain::time::Period;
use usage_domain::usage::Unpaid;
use usage_store::{Handling, Store, StoreError};

async fn find(store: &dyn Store, name: &str) -> Option<u64> {
    let name: CustomerRef = name.parse().unwrap();
    store.customer(&name).await.unwrap().map(|c| c.number)
}

pub(crate) async fn a_customer_is_found_by_each_of_its_names(setup: &impl Setup) {
    let store = setup.open();
    let acme = customer(&*store, 7, |draft| draft.key = Some("acme".into())).await;
    // A key that looks like another customer's number.
    customer(&*store, 8, |draft| draft.key = Some("7".into())).await;
    let id = acme.id.to_string();
    for (name, number) in [
        ("acme", Some(7)),
        ("key:acme", Some(7)),
        ("7", Some(8)),
        ("number:7", Some(7)),
        ("key:7", Some(8)),
        (id.as_str(), Some(7)),
        ("8", Some(8)),
        ("9", None),
        ("key:8", None),
        ("nobody", None),
    ] {
        assert_eq!(find(&*store, name).await, number, "{name}");
    }
    let next = store
        .create_customer(CustomerId(99u128.into()), CustomerDraft::named("Next"), at(NOW))
        .await
        .unwrap();
    assert_eq!(next.number, 9);
    let (page, count) = store.customers(1, 1).await.unwrap();
    assert_eq!((page.len(), page[0].number, count), (1, 8, 3));
}

pub(crate) async fn names_that_are_taken_are_refused_and_change_nothing(setup: &impl Setup) {
    let store = setup.open();
    customer(&*store, 1, |draft| {
        draft.key = Some("acme".into());
        draft.subjects = vec!["host-1".into()];
    })
    .await;
    let draft = |number: u64, key: &str, subject: &str| CustomerDraft {
        number: Some(number),
        key: Some(key.into()),
        subjects: vec![subject.into()],
        ..CustomerDraft::named("Other")
    };
    for (draft, reason) in [
        (draft(1, "b", "x"), "number 1 is that of customer Customer 1"),
        (draft(2, "acme", "x"), "key \"acme\" is that of customer 1"),
        (draft(2, "b", "host-1"), "subject \"host-1\" is paid for by customer 1"),
        (draft(2, "host-1", "x"), "subject \"host-1\" is paid for by customer 1"),
        (draft(2, "b", "acme"), "subject \"acme\" is paid for by customer 1"),
    ] {
        let refused = store.create_customer(CustomerId(50u128.into()), draft, at(NOW)).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Conflict(text) if text == reason), "{refused}");
    }
    assert_eq!(store.customers(0, 10).await.unwrap().1, 1);
    assert_eq!(find(&*store, "b").await, None);
    assert_eq!(store.payer("x", at(NOW)).await.unwrap(), None);
}

pub(crate) async fn a_subject_changes_hands_at_a_moment(setup: &impl Setup) {
    let store = setup.open();
    let first = customer(&*store, 1, |draft| draft.subjects = vec!["host".into()]).await;
    let second = customer(&*store, 2, |_| {}).await;
    // Within a cell of the roll-ups, so that the boundary is read from the log.
    for (i, time) in
        ["2026-11-10T11:59:59.999999999Z", "2026-11-10T12:00:00Z", "2026-11-10T18:00:00Z"].iter().enumerate()
    {
        store
            .append(vec![charge(&format!("e{i}"), "host", time, "1")], at(NOW), Handling::Lenient)
            .await
            .unwrap();
    }
    let noon = at("2026-11-10T12:00:00Z");
    let rename = |name: &str, subjects: Vec<String>| CustomerDraft { subjects, ..CustomerDraft::named(name) };
    store.update_customer(first.id, rename("First", vec![]), noon).await.unwrap();
    let second = store.update_customer(second.id, rename("Second", vec!["host".into()]), noon).await.unwrap();
    assert_eq!(second.subjects, ["host"]);
    for (customer, events) in [(first.id, 1), (second.id, 2)] {
        let paid = store.paid_subjects(customer).await.unwrap();
        assert_eq!(total(&*store, paid, Period::ALWAYS).await, (events.to_string(), events));
    }
    assert_eq!(store.payer("host", at("2026-11-10T11:00:00Z")).await.unwrap(), Some(first.id));
    assert_eq!(store.payer("host", noon).await.unwrap(), Some(second.id));
    assert_eq!(store.unpaid(10).await.unwrap(), Unpaid::default());
}

pub(crate) async fn a_deleted_customer_frees_its_key_but_not_its_number(setup: &impl Setup) {
    let store = setup.open();
    let gone = customer(&*store, 1, |draft| draft.key = Some("acme".into())).await;
    store
        .append(vec![charge("e", "acme", "2026-11-10T12:00:00Z", "1")], at(NOW), Handling::Lenient)
        .await
        .unwrap();
    let later = at("2026-11-23T00:00:00Z");
    store.delete_customer(gone.id, later).await.unwrap();
    assert_eq!(find(&*store, "acme").await, None);
    assert!(matches!(store.delete_customer(gone.id, later).await, Err(StoreError::NoCustomer)));
    let draft = CustomerDraft { key: Some("acme".into()), ..CustomerDraft::named("New") };
    let new = store.create_customer(CustomerId(2u128.into()), draft, later).await.unwrap();
    assert_eq!(new.number, 2);
    // What was used before is not the new customer's.
    let paid = store.paid_subjects(new.id).await.unwrap();
    assert_eq!(total(&*store, paid, Period::ALWAYS).await.1, 0);
}

pub(crate) async fn usage_that_nobody_pays_for_is_listed(setup: &impl Setup) {
    let store = setup.open();
    customer(&*store, 1, |draft| draft.subjects = vec!["paid".into()]).await;
    let events = [("a", "paid"), ("b", "stray"), ("c", "stray"), ("d", "lost")];
    let events = events.map(|(id, subject)| charge(id, subject, "2026-11-10T12:00:00Z", "1"));
    store.append(events.to_vec(), at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(listed(&*store, 10).await, "lost:1 stray:2 of 3");
    assert_eq!(listed(&*store, 1).await, "lost:1 and 1 more of 3");
    // A subject that had no payer yet is its first payer's from the first moment on.
    customer(&*store, 2, |draft| draft.subjects = vec!["stray".into()]).await;
    assert_eq!(listed(&*store, 10).await, "lost:1 of 1");
}

/// What nobody pays for: subjects with their events, how many more there are, and the events of all.
async fn listed(store: &dyn Store, most: usize) -> String {
    let Unpaid { subjects, more, events } = store.unpaid(most).await.unwrap();
    let subjects = subjects.into_iter().map(|unpaid| format!("{}:{}", unpaid.subject, unpaid.events));
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more} of {events}", subjects.collect::<Vec<_>>().join(" "))
}

pub(crate) async fn metered_usage_that_nobody_pays_for_is_listed_as_charges_are(setup: &impl Setup) {
    let store = setup.open();
    customer(&*store, 1, |draft| draft.subjects = vec!["paid".into(), "moved".into()]).await;
    // Two meters look at the same events, and one at levels.
    for (number, key, event_type, aggregation) in [
        (1u128, "tokens", "use", Aggregation::Sum),
        (2, "requests", "use", Aggregation::Count),
        (3, "level", "level", Aggregation::WeightedSum),
    ] {
        let draft = MeterDraft { event_type: event_type.into(), ..draft(key, aggregation) };
        store.create_meter(MeterId(number.into()), draft, at(NOW)).await.unwrap();
    }
    let used = |id: &str, of: &str, subject: &str, time: &str, data: &str| UsageEvent {
        event_type: of.to_string(),
        data: Some(data.to_string()),
        ..charge(id, subject, time, "1")
    };
    let noon = "2026-11-10T12:00:00Z";
    let events = vec![
        used("a", "use", "paid", noon, r#"{"tokens":1}"#),
        used("b", "use", "stray", noon, r#"{"tokens":1}"#),
        used("c", "use", "stray", "2026-10-10T12:00:00Z", r#"{"tokens":2}"#),
        // Only the count can use it.
        used("d", "use", "stray", noon, r#"{"tokens":"x"}"#),
        used("e", "level", "stray", noon, r#"{"tokens":3}"#),
        charge("f", "stray", noon, "1"),
        // No meter looks at it: it is no usage.
        used("g", "other", "idle", noon, r#"{"tokens":1}"#),
        used("h", "use", "moved", noon, r#"{"tokens":1}"#),
        used("i", "use", "moved", "2026-11-25T00:00:00Z", r#"{"tokens":1}"#),
        used("j", "use", "gone", noon, r#"{"tokens":1}"#),
        used("k", "usage.void", "gone", noon, r#"{"source":"test","id":"j"}"#),
    ];
    store.append(events, at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(listed(&*store, 10).await, "stray:5 of 5");
    // From a moment within a day on the customer pays no more for what it had.
    let later = at("2026-11-24T12:30:00Z");
    let rest = CustomerDraft { subjects: vec!["paid".into()], ..CustomerDraft::named("One") };
    store.update_customer(CustomerId(1u128.into()), rest, later).await.unwrap();
    assert_eq!(listed(&*store, 1).await, "moved:1 and 1 more of 6");
    customer(&*store, 2, |draft| draft.subjects = vec!["stray".into()]).await;
    assert_eq!(listed(&*store, 10).await, "moved:1 of 1");
}

pub(crate) async fn customers_are_there_after_reopening(setup: &impl Setup) {
    let made = {
        let store = setup.open();
        let made = customer(&*store, 5, |draft| {
            draft.key = Some("acme".into());
            draft.subjects = vec!["h2".into(), "h1".into()];
            draft.currency = "EUR".parse().unwrap();
            draft.zone = "Asia/Tokyo".parse().unwrap();
            draft.profile.metadata = Some("{\"a\":\"b\"}".into());
        })
        .await;
        customer(&*store, 6, |draft| draft.key = Some("other".into())).await;
        made
    };
    let store = setup.open();
    assert_eq!(store.customer(&CustomerRef::Key("acme".into())).await.unwrap(), Some(made.clone()));
    assert_eq!(store.paid_subjects(made.id).await.unwrap().len(), 3);
    assert_eq!(store.payer("h1", at(NOW)).await.unwrap(), Some(made.id));
}
