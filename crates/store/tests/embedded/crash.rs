//! The process dies at any step: from then on nothing reaches the disk.

use crate::documents::{pair, write_pair};
use crate::support::{Place, counted, customer, disk_full, options, send};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use usage_domain::verdict::Verdict::{Accepted, Duplicate};
use usage_store::embedded::{Faults, Options};
use usage_store::{EventFilter, Store};

/// A request: events, a customer of this number, or two documents with this text.
enum Request {
    Events(Vec<String>),
    Customer(u64),
    Documents(String),
}

/// What was acknowledged before the crash.
#[derive(Default)]
struct Acknowledged {
    events: Vec<String>,
    customers: Vec<u64>,
    /// The last of all texts.
    documents: Option<String>,
}

fn script() -> Vec<Request> {
    let mut requests = Vec::new();
    for i in 0..40u64 {
        if i % 10 == 3 {
            requests.push(Request::Customer(i));
        }
        if i % 4 == 1 {
            requests.push(Request::Documents(format!("{i:02}")));
        }
        requests.push(Request::Events((0..=i % 3).map(|k| format!("e{i}-{k}")).collect()));
    }
    requests
}

/// Runs the script on a disk that is gone from its `n`th step on; gives back what was acknowledged,
/// and how many steps there were.
async fn run_until(n: usize, place: &Place) -> (Acknowledged, usize) {
    let steps = Arc::new(AtomicUsize::new(0));
    let count = steps.clone();
    let faults = Faults::new(move |_| match count.fetch_add(1, Ordering::SeqCst) >= n {
        true => Err(disk_full()),
        false => Ok(()),
    });
    let small = Options { segment_bytes: 700, checkpoint_every: 4, ..options() };
    let store = place.try_open(Options { faults, ..small }).unwrap();
    let mut acknowledged = Acknowledged::default();
    for request in script() {
        match request {
            Request::Events(ids) => {
                if send(&*store, &ids).await.is_ok() {
                    acknowledged.events.extend(ids);
                }
            }
            Request::Customer(number) => {
                if customer(&*store, number, &format!("s{number}")).await.is_ok() {
                    acknowledged.customers.push(number);
                }
            }
            Request::Documents(text) => {
                if write_pair(&*store, &text).await.is_ok() {
                    acknowledged.documents = Some(text);
                }
            }
        }
    }
    drop(store);
    (acknowledged, steps.load(Ordering::SeqCst))
}

/// Opens what a crash left, checks it, sends everything again, and checks that.
async fn recovers(n: usize) -> usize {
    let place = Place::new();
    let (Acknowledged { events: acknowledged, customers, documents }, steps) = run_until(n, &place).await;
    let store = place.try_open(options()).unwrap_or_else(|error| panic!("died at step {n}: {error}"));
    let stored = store.events(EventFilter::newest(1000)).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|stored| stored.event.id).collect();
    for id in &acknowledged {
        let times = stored.iter().filter(|other| *other == id).count();
        assert_eq!(times, 1, "died at step {n}: {id}");
    }
    assert_eq!(counted(&*store).await, stored.len() as u64, "died at step {n}");
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new(), "died at step {n}");
    let there: Vec<_> = store.customers(0, 100).await.unwrap().0.iter().map(|c| c.number).collect();
    assert_eq!(there, customers, "died at step {n}");
    assert_eq!(pair(&*store).await, [documents.clone(), documents], "died at step {n}");
    let mut all = 0;
    for request in script() {
        match request {
            Request::Events(ids) => {
                let known = stored.contains(&ids[0]);
                let expected = if known { Duplicate } else { Accepted };
                let verdicts = send(&*store, &ids).await.unwrap();
                assert_eq!(verdicts, vec![expected; ids.len()], "died at step {n}: {ids:?}");
                all += ids.len() as u64;
            }
            Request::Documents(text) => {
                write_pair(&*store, &text).await.unwrap();
                assert_eq!(pair(&*store).await, [Some(text.clone()), Some(text)]);
            }
            Request::Customer(number) if customers.contains(&number) => {}
            Request::Customer(number) => {
                assert_eq!(customer(&*store, number, &format!("s{number}")).await.unwrap().number, number);
            }
        }
    }
    drop(store);
    let store = place.open();
    assert_eq!((counted(&*store).await, store.position().await.unwrap().events()), (all, all));
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new(), "died at step {n}");
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_process_dies_what_was_acknowledged_is_there_once() {
    let mut n = 0;
    // Until the script comes to its end before the crash.
    while recovers(n).await > n {
        n += 1;
    }
    assert!(n > 100, "only {n} steps");
}
