//! Checkpoint files that are damaged, missing, or of another log: the log is the truth.

use crate::support::{Place, a_segment_each, accept, charge, counted, has_exactly, options, send};
use std::fs;
use std::path::{Path, PathBuf};
use usage_domain::verdict::Verdict::Duplicate;
use usage_store::{Handling, Store};

/// 25 events and chains of a few files.
async fn with_checkpoints() -> (Place, Vec<String>) {
    let place = Place::new();
    let ids: Vec<_> = (0..25).map(|i| format!("e{i}")).collect();
    for part in ids.chunks(13) {
        accept(&*place.open(), part).await;
    }
    (place, ids)
}

fn checkpoints(place: &Place, name: &str) -> Vec<PathBuf> {
    let mut files = Place::files(&place.projections());
    files.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with(name));
    assert!(!files.is_empty());
    files
}

async fn is_sound(place: &Place, ids: &[String], what: &str) {
    let store = place.try_open(options()).unwrap_or_else(|error| panic!("{what}: {error}"));
    has_exactly(&*store, ids).await;
    assert_eq!(send(&*store, ids).await.unwrap(), vec![Duplicate; ids.len()], "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_with_a_flipped_byte_or_a_lost_end_is_replaced_from_the_log() {
    let (whole, ids) = with_checkpoints().await;
    for path in Place::files(&whole.projections()) {
        let (bytes, name) = (fs::read(&path).unwrap(), path.file_name().unwrap());
        for byte in (0..bytes.len()).step_by(7).chain(bytes.len() - 6..bytes.len()) {
            let place = whole.copy();
            let mut flipped = bytes.clone();
            flipped[byte] ^= 0x10;
            fs::write(place.projections().join(name), &flipped).unwrap();
            is_sound(&place, &ids, &format!("{name:?} flipped at {byte}")).await;
        }
        for length in [0, 3, 4, 8, 24, bytes.len() - 1] {
            let place = whole.copy();
            fs::write(place.projections().join(name), &bytes[..length]).unwrap();
            is_sound(&place, &ids, &format!("{name:?} cut to {length}")).await;
        }
        let place = whole.copy();
        fs::remove_file(place.projections().join(name)).unwrap();
        is_sound(&place, &ids, &format!("{name:?} removed")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projections_that_were_removed_are_made_anew() {
    let (place, ids) = with_checkpoints().await;
    fs::remove_dir_all(place.projections()).unwrap();
    is_sound(&place, &ids, "removed").await;
    assert!(!checkpoints(&place, "usage").is_empty());
    is_sound(&place, &ids, "made anew").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_not_of_this_log_are_not_used() {
    let (whole, ids) = with_checkpoints().await;
    // The same count of events in the same groups and other events: its files have the same names.
    let other = Place::new();
    for part in (0..25).map(|i| format!("x{i}")).collect::<Vec<_>>().chunks(13) {
        let store = other.open();
        let events = part.iter().map(|id| {
            let mut event = charge(id);
            event.subject = "bob".into();
            event
        });
        store
            .append(events.collect(), crate::support::at(crate::support::NOW), Handling::Lenient)
            .await
            .unwrap();
    }
    let names = |place: &Place| -> Vec<_> {
        Place::files(&place.projections()).iter().map(|path| path.file_name().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&whole), names(&other));
    for name in names(&whole) {
        let place = whole.copy();
        fs::copy(other.projections().join(&name), place.projections().join(&name)).unwrap();
        is_sound(&place, &ids, &format!("foreign {name:?}")).await;
    }
    let place = whole.copy();
    let (usage, claims) = (checkpoints(&place, "usage"), checkpoints(&place, "claims"));
    fs::copy(&usage[0], &claims[0]).unwrap();
    is_sound(&place, &ids, "usage in place of claims").await;
    for name in [
        "usage-0-25.ckpt",
        "claims-+0-9.ckpt",
        "usage-x-1.ckpt",
        "claims-00000000000000000000-00000000000000000025.ckpt",
        "notes.txt",
    ] {
        let place = whole.copy();
        fs::write(place.projections().join(name), "something else").unwrap();
        is_sound(&place, &ids, name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_shorter_or_longer_than_its_projections_say_is_what_counts() {
    let place = Place::new();
    let mut shorter = Vec::new();
    for i in 0..6 {
        accept(&*place.try_open(a_segment_each()).unwrap(), &[format!("e{i}")]).await;
        shorter.push(place.copy());
    }
    let ids: Vec<_> = (0..6).map(|i| format!("e{i}")).collect();
    for (count, earlier) in (1..).zip(&shorter) {
        // The log of now with the projections of then, and the other way round.
        let longer = place.copy();
        fs::remove_dir_all(longer.projections()).unwrap();
        fs::rename(earlier.projections(), longer.projections()).unwrap();
        is_sound(&longer, &ids, "longer").await;
        fs::create_dir(earlier.projections()).unwrap();
        for path in Place::files(&place.projections()) {
            fs::copy(&path, earlier.projections().join(path.file_name().unwrap())).unwrap();
        }
        is_sound(earlier, &ids[..count], "shorter").await;
    }
}

/// Bytes of the header of a file of roll-ups; its last four are its checksum, those before that of the tail.
const HEADER: usize = 52;

/// Puts right what the header of a file of roll-ups says of its tail.
fn seal(bytes: &mut [u8]) {
    let tail = usize::try_from(u64::from_le_bytes(bytes[28..36].try_into().unwrap())).unwrap();
    let checksum = crc32fast::hash(&bytes[tail..]);
    bytes[HEADER - 8..HEADER - 4].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..HEADER - 4]);
    bytes[HEADER - 4..HEADER].copy_from_slice(&checksum.to_le_bytes());
}

/// Changes the last figure of a file of roll-ups, and its checksums with it.
fn tamper(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let end = bytes.len();
    // The last byte of the charges' cells is the amount of the last, here a small whole number. Behind it
    // are cells of nothing: a length and three counts.
    bytes[end - 5] += 1;
    seal(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_roll_up_with_a_right_checksum_is_reported_by_verify_and_mended_by_rebuild() {
    let place = Place::new();
    accept(&*place.open(), &["a", "b", "c"]).await;
    tamper(&checkpoints(&place, "usage")[0]);
    let store = place.open();
    let problems = store.verify().await.unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("subject alice"), "{problems:?}");
    assert!(problems[0].contains("the log has 3, the roll-up 4"), "{problems:?}");
    store.rebuild().await.unwrap();
    has_exactly(&*store, &["a", "b", "c"]).await;
    drop(store);
    let store = place.open();
    has_exactly(&*store, &["a", "b", "c"]).await;
    assert_eq!(counted(&*store).await, 3);
}
