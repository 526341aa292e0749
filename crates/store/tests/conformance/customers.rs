//! Customers: their names, and whose usage they pay for from when to when.

use crate::support::{NOW, Setup, at, charge, customer, total};
use usage_domain::customer::{CustomerDraft, CustomerId, CustomerRef};
use usage_domain::time::Period;
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
    assert_eq!(store.unpaid().await.unwrap(), []);
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
    let list = |unpaid: Vec<usage_domain::usage::UnpaidSubject>| {
        unpaid.into_iter().map(|u| format!("{}:{}", u.subject, u.events)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list(store.unpaid().await.unwrap()), "lost:1 stray:2");
    // A subject that had no payer yet is its first payer's from the first moment on.
    customer(&*store, 2, |draft| draft.subjects = vec!["stray".into()]).await;
    assert_eq!(list(store.unpaid().await.unwrap()), "lost:1");
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
