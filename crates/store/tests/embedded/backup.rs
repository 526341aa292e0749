//! Backups: a copy that opens and has all that was acknowledged before it began.

use crate::support::{Place, accept, customer, has_exactly, options, seen, send};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use usage_domain::verdict::Verdict::Duplicate;
use usage_store::embedded::{EmbeddedStore, Options, backup, exists};
use usage_store::{Store, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backup_during_ingest_has_all_that_was_acknowledged_before_it_began() {
    let place = Place::new();
    let store = place.try_open(Options { segment_bytes: 5000, ..options() }).unwrap();
    accept(&*store, &["e0"]).await;
    let (done, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(1)));
    let allowed = Arc::new(AtomicU64::new(0));
    let ingest = {
        let (store, done, acknowledged) = (store.clone(), done.clone(), acknowledged.clone());
        let allowed = allowed.clone();
        tokio::spawn(async move {
            for i in 1.. {
                // Some way ahead of what the copies need, and no further.
                while i >= allowed.load(Ordering::SeqCst) {
                    tokio::task::yield_now().await;
                }
                if done.load(Ordering::SeqCst) {
                    break;
                }
                accept(&*store, &[format!("e{i}")]).await;
                acknowledged.store(i + 1, Ordering::SeqCst);
                if i % 20 == 0 {
                    customer(&*store, i, &format!("s{i}")).await.unwrap();
                }
            }
        })
    };
    for round in 1..=8 {
        allowed.store(round * 100, Ordering::SeqCst);
        // A copy at every stage, each with more in it than the one before.
        while acknowledged.load(Ordering::SeqCst) < round * 100 - 80 {
            tokio::task::yield_now().await;
        }
        let (from, copy, before) = (place.path(), Place::new(), acknowledged.load(Ordering::SeqCst));
        let customers = store.customers(0, 0).await.unwrap().1;
        let (to, mut last) = (copy.path(), (0, 0));
        let report =
            tokio::task::block_in_place(|| backup(&from, &to, |done, all| last = (done, all))).unwrap();
        assert_eq!(last, (report.bytes, report.bytes));
        let copied = copy.open();
        let (count, ids, position) = seen(&*copied).await;
        assert!(count >= before, "{count} of {before}");
        assert_eq!((count, position), (report.events, report.events));
        let mut expected: Vec<_> = (0..count).map(|i| format!("e{i}")).collect();
        expected.sort();
        assert_eq!(ids, expected);
        assert!(copied.customers(0, 0).await.unwrap().1 >= customers);
        has_exactly(&*copied, &ids).await;
        // The copy goes on by itself, and knows what it has.
        assert_eq!(send(&*copied, &["e0"]).await.unwrap(), [Duplicate]);
        accept(&*copied, &["only in the copy"]).await;
    }
    done.store(true, Ordering::SeqCst);
    allowed.store(u64::MAX, Ordering::SeqCst);
    ingest.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_closed_store_is_the_store() {
    let (place, copy) = (Place::new(), Place::new());
    let store = place.open();
    accept(&*store, &["a", "b"]).await;
    customer(&*store, 7, "alice").await.unwrap();
    drop(store);
    let report = backup(&place.path(), &copy.path(), |_, _| {}).unwrap();
    assert_eq!(report.events, 2);
    let names: Vec<_> =
        Place::files(&copy.path()).iter().map(|p| p.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["catalog.db", "log"]);
    let copied: EmbeddedStore = EmbeddedStore::open(&copy.path(), options()).unwrap();
    has_exactly(&copied, &["a", "b"]).await;
    assert_eq!(copied.customers(0, 1).await.unwrap().0[0].subjects, ["alice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_into_a_folder_with_anything_in_it_or_of_no_store_is_refused() {
    let (place, target) = (Place::new(), Place::new());
    fs::create_dir(target.path()).unwrap();
    let reason = |from: &Place, to: &Place| match backup(&from.path(), &to.path(), |_, _| {}) {
        Err(StoreError::WrongFolder { reason, .. }) => reason,
        other => format!("{other:?}"),
    };
    assert_eq!(reason(&place, &target), "it holds no usage_app data");
    accept(&*place.open(), &["a"]).await;
    fs::write(target.path().join("notes.txt"), "text").unwrap();
    assert!(reason(&place, &target).starts_with("it is not empty"));
    assert!(reason(&place, &place).starts_with("it is not empty"));
    assert!(!exists(&target.path()));
    assert_eq!(Place::files(&target.path()).len(), 1);
}
