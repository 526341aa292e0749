//! Commits that fail: the request is told, nothing of it is there, and it can be tried again.

use crate::support::{
    Dice, Disk, Gate, Place, a_segment_each, accept, begin, counted, disk_full, has_exactly, options, seen,
    send,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use usage_domain::verdict::Verdict::{Accepted, Duplicate};
use usage_store::embedded::{Faults, Options, Step};
use usage_store::{Store, StoreError};

const COMMIT: [Step; 3] = [Step::Create, Step::Write, Step::Sync];

fn assert_write_failed<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    let full = disk_full().raw_os_error();
    let failed =
        matches!(&answer, Err(StoreError::WriteFailed { source, .. }) if source.raw_os_error() == full);
    assert!(failed, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_leaves_nothing_and_its_retry_counts_once() {
    for step in COMMIT {
        let (place, disk) = (Place::new(), Disk::default());
        let store = place.try_open(Options { faults: disk.faults(), ..a_segment_each() }).unwrap();
        accept(&*store, &["a"]).await;
        disk.fail(&[step]);
        for _ in 0..3 {
            assert_write_failed(send(&*store, &["b", "c"]).await);
            assert_eq!(seen(&*store).await, (1, vec!["a".to_string()], 1), "{step:?}");
        }
        disk.mend();
        accept(&*store, &["b", "c"]).await;
        assert_eq!(send(&*store, &["c", "b", "a"]).await.unwrap(), [Duplicate, Duplicate, Duplicate]);
        has_exactly(&*store, &["a", "b", "c"]).await;
        drop(store);
        has_exactly(&*place.open(), &["a", "b", "c"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_to_commit_is_not_there_after_reopening() {
    for step in COMMIT {
        for undone in [true, false] {
            let (place, disk) = (Place::new(), Disk::default());
            let store = place.try_open(Options { faults: disk.faults(), ..a_segment_each() }).unwrap();
            accept(&*store, &["a"]).await;
            disk.fail(if undone { &COMMIT } else { &[Step::Create, Step::Write, Step::Undo] });
            assert_write_failed(send(&*store, &["b", "c"]).await);
            drop(store);
            let store = place.open();
            has_exactly(&*store, &["a"]).await;
            accept(&*store, &["c", "b"]).await;
            drop(store);
            has_exactly(&*place.open(), &["a", "b", "c"]).await;
        }
        let _ = step;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_group_refuses_each_of_its_requests_and_knows_none_of_their_events() {
    for step in [Step::Write, Step::Sync] {
        let (place, disk) = (Place::new(), Disk::default());
        let (gate, faults) = Gate::at(Step::Write, &disk);
        let store = place.try_open(Options { faults, ..options() }).unwrap();
        let first = begin(send(&*store, &["first"])).await;
        gate.wait();
        // Requests that share events, so that some are duplicates of what is not yet stored.
        let ids: Vec<_> = (0..8).map(|i| [format!("e{i}"), format!("e{}", (i + 1) % 8)]).collect();
        let mut group = Vec::new();
        for ids in &ids {
            group.push(begin(send(&*store, ids)).await);
        }
        disk.fail(&[step]);
        gate.open();
        // The held write goes through; its sync is asked of the failing disk.
        if step == Step::Sync {
            assert_write_failed(first.await)
        } else {
            assert_eq!(first.await.unwrap(), [Accepted])
        }
        for request in group {
            assert_write_failed(request.await);
        }
        let before = u64::from(step == Step::Write);
        assert_eq!((counted(&*store).await, store.position().await.unwrap().events()), (before, before));
        disk.mend();
        let mut group = Vec::new();
        for ids in ids {
            let store = store.clone();
            group.push(tokio::spawn(async move { send(&*store, &ids).await.unwrap() }));
        }
        let mut accepted = 0;
        for request in group {
            accepted += request.await.unwrap().iter().filter(|verdict| **verdict == Accepted).count();
        }
        assert_eq!(accepted, 8, "{step:?}");
        drop(store);
        assert_eq!(counted(&*place.open()).await, before + 8);
    }
}

/// A disk that fails at random, and a client that tries again until it is answered.
async fn storm(seed: u64) {
    let (place, dice) = (Place::new(), Arc::new(Mutex::new(Dice(seed))));
    let mut own = Dice(seed ^ 0xffff);
    let open = || {
        let dice = dice.clone();
        let faults = Faults::new(move |step| match (step, dice.lock().unwrap().roll(3)) {
            (Step::Catalog, _) | (_, 1..) => Ok(()),
            _ => Err(disk_full()),
        });
        let small = Options { segment_bytes: 600, checkpoint_every: 7, ..options() };
        place.try_open(Options { faults, ..small }).unwrap()
    };
    let (mut store, mut ids) = (open(), BTreeSet::new());
    for round in 0..60 {
        let batch: Vec<_> = (0..=own.roll(4)).map(|i| format!("{round}-{i}")).collect();
        let mut reopened = false;
        loop {
            let known = store.position().await.unwrap().events();
            match send(&*store, &batch).await {
                Ok(verdicts) => {
                    // A crash in the middle of a refusal may have kept what was refused.
                    let one = if reopened && verdicts[0] == Duplicate { Duplicate } else { Accepted };
                    assert_eq!(verdicts, vec![one; batch.len()], "seed {seed} round {round}");
                    break;
                }
                Err(refused) => {
                    assert_write_failed::<()>(Err(refused));
                    assert_eq!(store.position().await.unwrap().events(), known, "seed {seed} round {round}");
                }
            }
            if own.roll(6) == 0 {
                drop(store);
                (store, reopened) = (open(), true);
            }
        }
        ids.extend(batch);
        assert_eq!(counted(&*store).await, ids.len() as u64, "seed {seed} round {round}");
    }
    drop(store);
    let ids: Vec<_> = ids.into_iter().collect();
    has_exactly(&*place.open(), &ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_disk_that_fails_at_random_every_event_counts_once() {
    for seed in 1..=8 {
        storm(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_may_wait_is_refused_and_accepted_later() {
    let (place, disk) = (Place::new(), Disk::default());
    let (gate, faults) = Gate::at(Step::Write, &disk);
    let store = place.try_open(Options { faults, most_waiting: 5, ..options() }).unwrap();
    let first = begin(send(&*store, &["a"])).await;
    gate.wait();
    let second = begin(send(&*store, &["b", "c", "d", "e"])).await;
    for _ in 0..3 {
        let refused = send(&*store, &["f", "g"]).await;
        assert!(matches!(refused, Err(StoreError::Overloaded)), "{refused:?}");
    }
    let third = begin(send(&*store, &["h"])).await;
    gate.open();
    assert_eq!(first.await.unwrap(), [Accepted]);
    assert_eq!(second.await.unwrap(), vec![Accepted; 4]);
    assert_eq!(third.await.unwrap(), [Accepted]);
    has_exactly(&*store, &["a", "b", "c", "d", "e", "h"]).await;
    // A request alone is never too large.
    accept(&*store, &["f", "g", "i", "j", "k", "l", "m"]).await;
}
