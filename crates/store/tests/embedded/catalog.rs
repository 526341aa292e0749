//! Commits of the catalog that fail, and requests that meet in one.

use crate::support::{Disk, Gate, NOW, Place, accept, at, begin, customer, disk_full, options};
use std::sync::Arc;
use usage_domain::bill::Bill;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef};
use usage_domain::posting::PostOutcome;
use usage_domain::time::Month;
use usage_store::embedded::{EmbeddedStore, Options, Step};
use usage_store::{PostRequest, Store, StoreError};

fn request(customer: &Customer) -> PostRequest {
    let (month, owner): (Month, _) = ("2026-11".parse().unwrap(), customer.clone());
    PostRequest {
        customer: customer.id,
        month,
        period: month.period(&customer.zone),
        rate: Arc::new(move |usage| Ok(Bill::of_charges(&owner, month, usage)?.total)),
        now: at(NOW),
    }
}

async fn posted(store: &EmbeddedStore, customer: &Customer) -> String {
    match store.post(request(customer)).await.unwrap() {
        PostOutcome::Posted(p) => format!("posted {} {}", p.id, p.accumulated),
        other => format!("{other:?}"),
    }
}

fn assert_write_failed<T: std::fmt::Debug>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::WriteFailed { .. })), "{answer:?}");
    assert!(answer.as_ref().unwrap_err().to_string().contains(&disk_full().to_string()), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_makes_no_customer_and_its_retry_does() {
    let (place, disk) = (Place::new(), Disk::default());
    let store = place.try_open(Options { faults: disk.faults(), ..options() }).unwrap();
    disk.fail(&[Step::Catalog]);
    for _ in 0..2 {
        assert_write_failed(&customer(&*store, 7, "alice").await);
        assert_eq!(store.customers(0, 10).await.unwrap(), (vec![], 0));
        assert_eq!(store.payer("alice", at(NOW)).await.unwrap(), None);
    }
    disk.mend();
    let made = customer(&*store, 7, "alice").await.unwrap();
    assert_eq!((made.number, made.subjects), (7, vec!["alice".to_string()]));
    drop(store);
    assert_eq!(place.open().customers(0, 10).await.unwrap().1, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_posts_nothing_and_its_retry_has_the_same_number() {
    let (place, disk) = (Place::new(), Disk::default());
    let store = place.try_open(Options { faults: disk.faults(), ..options() }).unwrap();
    let alice = customer(&*store, 7, "alice").await.unwrap();
    accept(&*store, &["a", "b"]).await;
    disk.fail(&[Step::Catalog]);
    for _ in 0..2 {
        assert_write_failed(&store.post(request(&alice)).await);
        assert_eq!(store.posting(alice.id, "2026-11".parse().unwrap()).await.unwrap(), None);
    }
    disk.mend();
    assert_eq!(posted(&store, &alice).await, "posted 1 $2.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_takes_nothing_from_the_others_of_its_commit() {
    let (place, disk) = (Place::new(), Disk::default());
    let (gate, faults) = Gate::at(Step::Catalog, &disk);
    let store = place.try_open(Options { faults, ..options() }).unwrap();
    let first = begin(customer(&*store, 1, "a")).await;
    gate.wait();
    let good = begin(customer(&*store, 2, "b")).await;
    let taken = begin(customer(&*store, 3, "b")).await;
    let last = begin(customer(&*store, 4, "c")).await;
    gate.open();
    for (answer, number) in [(first.await, 1), (good.await, 2), (last.await, 4)] {
        assert_eq!(answer.unwrap().number, number);
    }
    let refused = taken.await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(store.customers(0, 10).await.unwrap().1, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_waits_behind_a_deletion_brings_nobody_back() {
    let (place, disk) = (Place::new(), Disk::default());
    let store = place.open();
    let gone = customer(&*store, 1, "alice").await.unwrap();
    accept(&*store, &["a"]).await;
    drop(store);
    let (gate, faults) = Gate::at(Step::Catalog, &disk);
    let store = place.try_open(Options { faults, ..options() }).unwrap();
    let held = begin(customer(&*store, 2, "b")).await;
    gate.wait();
    let later = at("2026-11-23T00:00:00Z");
    let deleted = begin(store.delete_customer(gone.id, later)).await;
    let changed = begin(store.update_customer(gone.id, CustomerDraft::named("Back"), later)).await;
    let again = begin(store.delete_customer(gone.id, later)).await;
    let posted = begin(store.post(request(&gone))).await;
    gate.open();
    held.await.unwrap();
    deleted.await.unwrap();
    for answer in [changed.await.map(|_| ()), again.await, posted.await.map(|_| ())] {
        assert!(matches!(answer, Err(StoreError::NoCustomer)), "{answer:?}");
    }
    assert_eq!(store.customer(&CustomerRef::Id(gone.id)).await.unwrap(), None);
    assert_eq!(store.customers(0, 10).await.unwrap().1, 1);
    let month = "2026-11".parse().unwrap();
    assert!(matches!(store.posting(gone.id, month).await, Err(StoreError::NoCustomer)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_moves_within_one_commit_is_the_new_customers() {
    let (place, disk) = (Place::new(), Disk::default());
    let (gate, faults) = Gate::at(Step::Catalog, &disk);
    let store = place.try_open(Options { faults, ..options() }).unwrap();
    let keyed = |name: &str, key: Option<&str>| CustomerDraft {
        key: key.map(Into::into),
        ..CustomerDraft::named(name)
    };
    let (now, key) = (at(NOW), CustomerRef::Key("acme".into()));
    let held =
        begin(store.create_customer(CustomerId(1u128.into()), keyed("First", Some("acme")), now)).await;
    gate.wait();
    gate.open();
    let first = held.await.unwrap();
    let freed = store.update_customer(first.id, keyed("First", None), now);
    let second = store.create_customer(CustomerId(2u128.into()), keyed("Second", Some("acme")), now);
    let (freed, second) = tokio::join!(freed, second);
    assert_eq!((freed.unwrap().key, second.unwrap().key), (None, Some("acme".to_string())));
    let found = store.customer(&key).await.unwrap().map(|c| c.name);
    assert_eq!(found.as_deref(), Some("Second"));
    drop(store);
    let found = place.open().customer(&key).await.unwrap().map(|c| c.name);
    assert_eq!(found.as_deref(), Some("Second"));
}
