//! Checkpoints that fail: nothing is lost, the next one has it.

use crate::support::{Place, accept, disk_full, has_exactly, options, send};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use usage_domain::verdict::Verdict::Duplicate;
use usage_store::embedded::{Faults, Options, Step};
use usage_store::{Store, StoreError};

/// Checkpoint files fail where `fails` says so of their number, while the switch is on.
fn planned(fails: impl Fn(usize) -> bool + Send + Sync + 'static) -> (Faults, Arc<AtomicBool>) {
    let (on, count) = (Arc::new(AtomicBool::new(true)), AtomicUsize::new(0));
    let switch = on.clone();
    let faults = Faults::new(move |step| {
        let fails = step == Step::Checkpoint
            && switch.load(Ordering::Relaxed)
            && fails(count.fetch_add(1, Ordering::Relaxed));
        if fails { Err(disk_full()) } else { Ok(()) }
    });
    (faults, on)
}

/// Stores 100 events while checkpoints fail as planned, and ends with or without a good one.
async fn with_failures(fails: impl Fn(usize) -> bool + Send + Sync + 'static, mended: bool) {
    let (place, ids) = (Place::new(), (0..100).map(|i| format!("e{i}")).collect::<Vec<_>>());
    let (faults, on) = planned(fails);
    let store = place.try_open(Options { faults, checkpoint_every: 5, ..options() }).unwrap();
    for id in &ids {
        accept(&*store, &[id]).await;
    }
    has_exactly(&*store, &ids).await;
    on.store(!mended, Ordering::Relaxed);
    let closed = store.close().await;
    assert!(!mended || closed.is_ok(), "{closed:?}");
    drop(store);
    for _ in 0..2 {
        let store = place.open();
        has_exactly(&*store, &ids).await;
        assert_eq!(send(&*store, &ids).await.unwrap(), vec![Duplicate; ids.len()]);
    }
    let left: Vec<_> = Place::files(&place.projections())
        .into_iter()
        .filter(|path| path.extension().is_none_or(|e| e != "ckpt"))
        .collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_checkpoint_loses_nothing() {
    for mended in [true, false] {
        with_failures(|_| true, mended).await;
        // One projection's file succeeds and the other's fails, in any order; merging fails too.
        with_failures(|n| n % 2 == 0, mended).await;
        with_failures(|n| n % 2 == 1, mended).await;
        with_failures(|n| n % 3 == 1, mended).await;
        with_failures(|n| n % 3 != 0, mended).await;
        with_failures(|n| n % 7 < 3, mended).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_of_which_the_checkpoint_fails_leaves_sound_projections() {
    for failing in 0..2 {
        let place = Place::new();
        let (faults, on) = planned(move |n| n % 2 == failing);
        on.store(false, Ordering::Relaxed);
        let store = place.try_open(Options { faults, ..options() }).unwrap();
        let mut ids: Vec<_> = (0..40).map(|i| format!("e{i}")).collect();
        for id in &ids {
            accept(&*store, &[id]).await;
        }
        on.store(true, Ordering::Relaxed);
        let _ = store.rebuild().await;
        has_exactly(&*store, &ids).await;
        on.store(false, Ordering::Relaxed);
        for i in 0..15 {
            ids.push(format!("later{i}"));
            accept(&*store, &ids[ids.len() - 1..]).await;
        }
        drop(store);
        has_exactly(&*place.open(), &ids).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_cannot_remove_a_file_leaves_sound_projections() {
    for file in 0..2 {
        let place = Place::new();
        let mut ids: Vec<_> = (0..10).map(|i| format!("e{i}")).collect();
        accept(&*place.open(), &ids).await;
        let store = place.try_open(Options { checkpoint_every: 1_000_000, ..options() }).unwrap();
        accept(&*store, &["between"]).await;
        ids.push("between".into());
        // A folder cannot be removed as a file is.
        let path = &Place::files(&place.projections())[file];
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        let refused = store.rebuild().await;
        assert!(matches!(&refused, Err(StoreError::Io { path: p, .. }) if p == path), "{refused:?}");
        has_exactly(&*store, &ids).await;
        accept(&*store, &["later"]).await;
        ids.push("later".into());
        drop(store);
        fs::remove_dir(path).unwrap();
        has_exactly(&*place.open(), &ids).await;
    }
}
