//! The index of duplicates on disk: runs that are merged, damaged, wrong or of a log with repeats.

use crate::support::{NOW, Place, a_segment_each, accept, at, charge, has_exactly, options, send};
use std::fs;
use std::path::{Path, PathBuf};
use usage_domain::verdict::Verdict::{Accepted, Duplicate};
use usage_store::embedded::Options;
use usage_store::{Handling, Store, StoreError};

const PAGE: usize = 4096;
const ENTRY: usize = 8;

fn runs(place: &Place) -> Vec<PathBuf> {
    let mut files = Place::files(&place.projections());
    files.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with("claims"));
    files
}

fn names(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|i| format!("e{i}")).collect()
}

/// A store with the events of a few runs.
async fn with_runs() -> (Place, Vec<String>) {
    let (place, ids) = (Place::new(), names(0..30));
    for part in ids.chunks(12) {
        accept(&*place.open(), part).await;
    }
    assert_eq!(runs(&place).len(), 3);
    (place, ids)
}

/// Changes a byte of a file that may be open.
fn flip(path: &Path, byte: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[byte] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_are_known_for_ever_while_runs_are_written_and_merged() {
    let place = Place::new();
    let small = || Options { checkpoint_every: 3, segment_bytes: 2000, ..options() };
    let mut store = place.try_open(small()).unwrap();
    let ids = names(0..400);
    accept(&*store, &ids[..2]).await;
    for (round, first) in (2..400).step_by(2).enumerate() {
        // Old ones and new ones in one request.
        let request = [&ids[round / 3], &ids[first], &ids[round], &ids[first + 1], &ids[first - 1]];
        let expected = [Duplicate, Accepted, Duplicate, Accepted, Duplicate];
        assert_eq!(send(&*store, &request).await.unwrap(), expected, "{round}");
        if round % 37 == 36 {
            drop(store);
            store = place.try_open(small()).unwrap();
        }
    }
    assert_eq!(send(&*store, &ids).await.unwrap(), vec![Duplicate; ids.len()]);
    has_exactly(&*store, &ids).await;
    drop(store);
    // Of more than a hundred runs.
    assert!(runs(&place).len() < 40, "{:?}", runs(&place));
    let store = place.open();
    has_exactly(&*store, &ids).await;
    store.rebuild().await.unwrap();
    has_exactly(&*store, &ids).await;
    assert_eq!(send(&*store, &ids).await.unwrap(), vec![Duplicate; ids.len()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_damaged_while_the_store_is_open_is_named_and_never_taken_for_new() {
    for rebuilt in [true, false] {
        let (place, ids) = with_runs().await;
        let store = place.open();
        let path = runs(&place)[1].clone();
        flip(&path, PAGE + 100);
        for id in &ids {
            match send(&*store, &[id]).await {
                Ok(verdicts) => assert_eq!(verdicts, [Duplicate], "{id}"),
                Err(StoreError::Damaged { path: named, offset, .. }) => {
                    assert_eq!((named, offset), (path.clone(), PAGE as u64), "{id}");
                }
                Err(other) => panic!("{id}: {other}"),
            }
        }
        assert!(send(&*store, &ids[15..16]).await.is_err());
        let problems = store.verify().await.unwrap().problems;
        let named = format!("{} is damaged at byte {PAGE}", path.display());
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(&named) && problems[0].contains("usage_app rebuild"), "{problems:?}");
        // What is new goes on being stored.
        accept(&*store, &["later"]).await;
        let store = if rebuilt {
            store.rebuild().await.unwrap();
            store
        } else {
            drop(store);
            place.open()
        };
        let all: Vec<_> = ids.iter().cloned().chain(["later".to_string()]).collect();
        has_exactly(&*store, &all).await;
        assert_eq!(send(&*store, &all).await.unwrap(), vec![Duplicate; all.len()]);
        drop(store);
        has_exactly(&*place.open(), &all).await;
    }
}

/// As the store makes digests of entries.
fn digest(hash: u64, sequence: u64) -> u64 {
    let mixed = hash ^ sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed.wrapping_mul(mixed >> 32 | 1)
}

/// Of a run of 9 to 16 claims, the bits of an entry that are the place in its span.
const OFFSET: u64 = 15;

/// The hash at this place of such a run. Of two buckets the filter tells the first bit by where the second begins,
/// and eight more; an entry has all but the first seven.
fn hash(bytes: &[u8], place: usize, count: usize) -> u64 {
    let filter = &bytes[2 * PAGE..];
    let second = u32::from_le_bytes(filter[4..8].try_into().unwrap()) as usize;
    let (bucket, rest) = (u64::from(place >= second), u64::from(filter[12..12 + count][place]));
    bucket << 63 | rest << 55 | entry(bytes, place) >> 4
}

fn entry(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(bytes[PAGE + place * ENTRY..][..ENTRY].try_into().unwrap())
}

/// Exchanges the events of the first two entries of a run, and makes all sums right again.
fn tamper(path: &Path, from: u64) {
    let mut bytes = fs::read(path).unwrap();
    let to = u64::from_le_bytes(bytes[16..24].try_into().unwrap());
    let count = usize::try_from(to - from).unwrap();
    assert!((9..=16).contains(&count));
    let digests = |bytes: &[u8]| {
        let one = |place| digest(hash(bytes, place, count), from + (entry(bytes, place) & OFFSET));
        one(0).wrapping_add(one(1))
    };
    let before = digests(&bytes);
    let exchanged = (entry(&bytes, 0) ^ entry(&bytes, 1)) & OFFSET;
    for place in 0..2 {
        let changed = entry(&bytes, place) ^ exchanged;
        bytes[PAGE + place * ENTRY..][..ENTRY].copy_from_slice(&changed.to_le_bytes());
    }
    let after = digests(&bytes);
    let sum = u64::from_le_bytes(bytes[28..36].try_into().unwrap());
    bytes[28..36].copy_from_slice(&sum.wrapping_sub(before).wrapping_add(after).to_le_bytes());
    for page in bytes[..2 * PAGE].chunks_mut(PAGE) {
        let checksum = crc32fast::hash(&page[..PAGE - 4]);
        page[PAGE - 4..].copy_from_slice(&checksum.to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_claim_with_right_checksums_is_reported_by_verify_and_mended_by_rebuild() {
    let (place, ids) = with_runs().await;
    tamper(&runs(&place)[1], 12);
    let store = place.open();
    let problems = store.verify().await.unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("duplicates"), "{problems:?}");
    store.rebuild().await.unwrap();
    assert_eq!(send(&*store, &ids).await.unwrap(), vec![Duplicate; ids.len()]);
    has_exactly(&*store, &ids).await;
    drop(store);
    has_exactly(&*place.open(), &ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_stands_in_the_log_twice_is_named_by_verify() {
    // Two logs of one secret: from the second on, the records of the other one follow.
    let (place, other) = (Place::new(), Place::new());
    accept(&*place.try_open(a_segment_each()).unwrap(), &["a"]).await;
    let store = other.try_open(a_segment_each()).unwrap();
    let mut elsewhere = charge("a");
    elsewhere.source = "elsewhere".into();
    for event in [charge("b"), charge("c"), charge("a"), elsewhere] {
        store.append(vec![event], at(NOW), Handling::Lenient).await.unwrap();
    }
    drop(store);
    for segment in &other.segments()[1..] {
        fs::copy(segment, place.log().join(segment.file_name().unwrap())).unwrap();
    }
    let expected = ["event a of test stands in the log twice"];
    for every in [1, 2, 1000] {
        fs::remove_dir_all(place.projections()).unwrap();
        let store = place.try_open(Options { checkpoint_every: every, ..options() }).unwrap();
        assert_eq!(store.position().await.unwrap().events(), 4);
        assert_eq!(store.verify().await.unwrap().problems, expected, "{every}");
        // Either answers for it.
        assert_eq!(send(&*store, &["a"]).await.unwrap(), [Duplicate]);
        drop(store);
        let store = place.try_open(Options { checkpoint_every: every, ..options() }).unwrap();
        assert_eq!(store.verify().await.unwrap().problems, expected, "{every}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_of_a_damaged_log_changes_nothing() {
    let (place, ids) = with_runs().await;
    let store = place.open();
    let before = Place::files(&place.projections());
    let path = place.last_segment();
    let sound = fs::read(&path).unwrap();
    flip(&path, sound.len() - 10);
    assert!(matches!(store.rebuild().await, Err(StoreError::Damaged { .. })));
    assert_eq!(Place::files(&place.projections()), before);
    fs::write(&path, sound).unwrap();
    has_exactly(&*store, &ids).await;
    assert_eq!(send(&*store, &ids).await.unwrap(), vec![Duplicate; ids.len()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_of_a_rebuild_goes_when_the_store_is_opened() {
    let (place, ids) = with_runs().await;
    let left = place.projections().join("claims-anew");
    fs::create_dir(&left).unwrap();
    fs::copy(&runs(&place)[1], left.join("claims-of-a-rebuild.ckpt")).unwrap();
    has_exactly(&*place.open(), &ids).await;
    assert!(!left.exists());
}
