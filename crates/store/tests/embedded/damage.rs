//! Bytes of the log that are not what was written: named, never served, never dropped in silence.

use crate::support::{Disk, Gate, NOW, Place, a_segment_each, accept, at, begin, charge, options, send};
use std::fs;
use std::path::Path;
use usage_domain::customer::PaidSubject;
use usage_domain::time::Period;
use usage_domain::verdict::Verdict::Accepted;
use usage_store::embedded::{EmbeddedStore, Options, Step};
use usage_store::{EventFilter, Handling, Store, StoreError};

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 1 << (offset % 8);
    fs::write(path, bytes).unwrap();
}

/// The offset of the record that a byte is in, given where records begin; 0 for the file's header.
fn record_of(byte: usize, records: &[usize]) -> u64 {
    records.iter().rev().find(|begin| **begin <= byte).map_or(0, |begin| *begin as u64)
}

fn assert_named(error: &StoreError, path: &Path, offset: u64) {
    let named = matches!(error, StoreError::Damaged { path: p, offset: o, .. } if p == path && *o == offset);
    assert!(named, "{error} instead of byte {offset} of {}", path.display());
}

/// Three records of an event each in one segment, and where they begin.
async fn three_records() -> (Place, Vec<usize>) {
    let place = Place::new();
    let store = place.open();
    let mut records = vec![16];
    for id in ["a", "b", "c"] {
        accept(&*store, &[id]).await;
        records.push(usize::try_from(fs::metadata(place.last_segment()).unwrap().len()).unwrap());
    }
    records.pop();
    (place, records)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_anywhere_is_named_when_the_log_is_replayed() {
    let (whole, records) = three_records().await;
    fs::remove_dir_all(whole.projections()).unwrap();
    let place = whole.copy();
    let path = place.last_segment();
    let sound = fs::read(&path).unwrap();
    for byte in 0..sound.len() {
        flip(&path, byte);
        let error = place.try_open(options()).map(|_| "it opened").unwrap_err();
        assert_named(&error, &path, record_of(byte, &records));
        fs::write(&path, &sound).unwrap();
    }
    assert_eq!(place.open().position().await.unwrap().events(), 3);
}

/// What reading all of a store says, in the words of its first error.
async fn read_all(store: &EmbeddedStore) -> Result<usize, StoreError> {
    store.events(EventFilter::newest(100)).await.map(|events| events.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_anywhere_is_named_when_checkpoints_spare_the_replay() {
    let (whole, records) = three_records().await;
    let place = whole.copy();
    let path = place.last_segment();
    let sound = fs::read(&path).unwrap();
    for byte in 0..sound.len() {
        flip(&path, byte);
        let offset = record_of(byte, &records);
        match place.try_open(options()) {
            Err(error) => assert_named(&error, &path, offset),
            Ok(store) => {
                assert_named(&read_all(&store).await.unwrap_err(), &path, offset);
                let named = format!("{} is damaged at byte {offset}", path.display());
                let problems = store.verify().await.unwrap().problems;
                assert!(problems.iter().any(|problem| problem.contains(&named)), "{named}: {problems:?}");
                // What stands in the damaged record is not taken for new.
                for id in ["a", "b", "c"] {
                    let answer = send(&*store, &[id]).await;
                    assert!(!matches!(&answer, Ok(verdicts) if verdicts.contains(&Accepted)), "{answer:?}");
                }
            }
        }
        fs::write(&path, &sound).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_flipped_while_the_store_is_open_is_named_by_verify() {
    let place = Place::new();
    let store = place.try_open(a_segment_each()).unwrap();
    accept(&*store, &["a"]).await;
    accept(&*store, &["b"]).await;
    let path = &place.segments()[0];
    let sound = fs::read(path).unwrap();
    for byte in 0..sound.len() {
        flip(path, byte);
        let problems = store.verify().await.unwrap().problems;
        let named = format!("{} is damaged at byte {}", path.display(), record_of(byte, &[16]));
        assert!(problems.iter().any(|problem| problem.contains(&named)), "{named}: {problems:?}");
        fs::write(path, &sound).unwrap();
    }
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_segment_that_is_short_or_missing_is_damage() {
    let whole = Place::new();
    let store = whole.try_open(a_segment_each()).unwrap();
    for id in ["a", "b", "c"] {
        accept(&*store, &[id]).await;
    }
    drop(store);
    let length = fs::metadata(&whole.segments()[1]).unwrap().len();
    let place = whole.copy();
    let path = place.segments()[1].clone();
    let sound = fs::read(&path).unwrap();
    for cut in 0..length {
        fs::write(&path, &sound[..usize::try_from(cut).unwrap()]).unwrap();
        let error = place.try_open(options()).map(|_| "it opened").unwrap_err();
        let named = matches!(&error, StoreError::Damaged { .. });
        assert!(named, "cut to {cut}: {error}");
    }
    fs::remove_file(&path).unwrap();
    let error = place.try_open(options()).map(|_| "it opened").unwrap_err().to_string();
    assert!(error.ends_with("events 1 to 1 are missing before it"), "{error}");
    fs::write(&path, &sound).unwrap();
    assert_eq!(place.open().position().await.unwrap().events(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_whose_events_are_damaged_is_an_error_and_another_is_not() {
    let place = Place::new();
    let store = place.open();
    let mut bob = charge("b");
    bob.subject = "bob".into();
    accept(&*store, &["a"]).await;
    let begin = usize::try_from(fs::metadata(place.last_segment()).unwrap().len()).unwrap();
    bob.time = at("2026-11-15T12:00:00Z");
    store.append(vec![bob], at(NOW), Handling::Lenient).await.unwrap();
    flip(&place.last_segment(), begin + 80);
    let part = Period { start: at("2026-11-10T00:00:01Z"), end: at("2026-11-15T23:00:00Z") };
    let usage = |subject: &str| {
        let paid = vec![PaidSubject { subject: subject.into(), period: part }];
        store.usage(paid, part)
    };
    assert_eq!(usage("alice").await.unwrap().groups.len(), 1);
    let error = usage("bob").await.unwrap_err();
    assert_named(&error, &place.last_segment(), begin as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_meets_damage_does_not_fail_others_of_its_group() {
    let place = Place::new();
    let store = place.open();
    accept(&*store, &["a"]).await;
    drop(store);
    let (gate, faults) = Gate::at(Step::Write, &Disk::default());
    let store = place.try_open(Options { faults, ..options() }).unwrap();
    flip(&place.last_segment(), 100);
    let held = begin(send(&*store, &["held"])).await;
    gate.wait();
    let before = begin(send(&*store, &["b"])).await;
    let met = begin(send(&*store, &["a"])).await;
    let after = begin(send(&*store, &["c", "b"])).await;
    gate.open();
    assert_eq!(held.await.unwrap(), [Accepted]);
    assert_eq!(before.await.unwrap(), [Accepted]);
    assert_named(&met.await.unwrap_err(), &place.last_segment(), 16);
    assert_eq!(after.await.unwrap()[0], Accepted);
    assert_eq!(store.position().await.unwrap().events(), 4);
}
