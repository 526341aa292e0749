//! The stored format: what an earlier version wrote is read as it was meant.

use crate::recounted::is_sound_in_all_windows;
use crate::support::{NOW, Place, SECRET, at, copy_folder, options};
use std::fs;
use std::path::{Path, PathBuf};
use usage_domain::customer::PaidSubject;
use usage_domain::event::{StoredEvent, UsageEvent};
use usage_domain::time::Period;
use usage_domain::verdict::Verdict;
use usage_store::embedded::{EmbeddedStore, Options};
use usage_store::{EventFilter, Handling, Store};

const LATER: &str = "2026-11-22T10:00:01.000000001Z";

/// The versions of records that were ever written.
const VERSIONS: [u32; 3] = [1, 2, 3];

fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}.log"))
}

fn event(id: &str, subject: &str, time: &str, data: Option<&str>) -> UsageEvent {
    UsageEvent {
        id: id.to_string(),
        source: "meter-1".to_string(),
        event_type: "usage.charge".to_string(),
        subject: subject.to_string(),
        time: at(time),
        time_given: true,
        data: data.map(str::to_string),
        extensions: None,
    }
}

/// Two requests: ids that are UUIDs and that are not, every part of an event there and absent.
fn requests() -> Vec<(Vec<UsageEvent>, &'static str)> {
    let full = r#"{"amount":"1.50","quantity":3,"unit_price":"0.5","currency":"EUR","service":"Prompts","description":"größer","unit":"1000 tokens"}"#;
    let mut extended = event("ext", "bob", "2026-11-30T23:59:59.999999999Z", Some(r#"{"amount":-0.25}"#));
    extended.extensions = Some(r#"{"traceparent":"00-ab"}"#.to_string());
    extended.source = "meter-2".to_string();
    let mut bare = event("bare", "bob", "1970-01-01T00:00:00Z", None);
    bare.event_type = "ping".to_string();
    bare.time_given = false;
    let uuid = "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5061";
    let first = vec![
        event(uuid, "alice", "2026-11-10T12:00:00Z", Some(full)),
        event(
            "no-uuid",
            "alice",
            "2026-11-10T12:00:00.000000001Z",
            Some(r#"{"amount":"100000000000000000000.000000000000000001"}"#),
        ),
        extended,
    ];
    // A duplicate in front: its row is skipped.
    let second = vec![
        event(uuid, "alice", "2026-11-10T12:00:00Z", Some(full)),
        bare,
        event("wörd", "zoë", "2261-12-31T23:59:59Z", Some(r#"{"amount":"7"}"#)),
    ];
    let repeated =
        (0..20).map(|i| event(&format!("r{i}"), "carol", "2026-12-01T00:15:00Z", Some(full))).collect();
    vec![(first, NOW), (second, LATER), (repeated, LATER)]
}

async fn write(place: &Place) {
    let store = place.try_open(options()).unwrap();
    for (events, received) in requests() {
        store.append(events, at(received), Handling::Lenient).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the golden file of a new format version; run it once for each, and never again"]
async fn write_the_golden_file() {
    let place = Place::new();
    write(&place).await;
    let golden = golden(VERSIONS[VERSIONS.len() - 1]);
    assert!(!golden.exists(), "a golden file is never changed");
    fs::copy(place.last_segment(), golden).unwrap();
}

fn shown(stored: &StoredEvent) -> (UsageEvent, String, String) {
    (stored.event.clone(), stored.ingested_at.to_string(), stored.stored_at.to_string())
}

/// All events; the order of rows within a request is no part of the format.
async fn listed(store: &EmbeddedStore) -> Vec<(UsageEvent, String, String)> {
    let mut all: Vec<_> = store.events(EventFilter::newest(100)).await.unwrap().iter().map(shown).collect();
    all.sort_by(|(a, ..), (b, ..)| a.id.cmp(&b.id));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_any_version_is_read_as_it_was_written() {
    for version in VERSIONS {
        is_read(version).await;
    }
}

async fn is_read(version: u32) {
    let (place, now) = (Place::new(), Place::new());
    drop(place.open());
    fs::copy(golden(version), place.log().join(format!("{:020}.log", 0))).unwrap();
    write(&now).await;
    let (store, now) = (place.open(), now.open());
    let all = listed(&store).await;
    assert_eq!(all.len(), 25);
    assert_eq!(all, listed(&now).await);
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new());
    for subject in ["alice", "bob", "carol", "zoë"] {
        let paid = vec![PaidSubject { subject: subject.to_string(), period: Period::ALWAYS }];
        let usage = store.usage(paid.clone(), Period::ALWAYS).await.unwrap();
        assert_eq!(usage, now.usage(paid, Period::ALWAYS).await.unwrap(), "{subject}");
    }
    // Nothing is new, nothing differs.
    for (events, received) in requests() {
        let duplicates = vec![Verdict::Duplicate; events.len()];
        assert_eq!(store.append(events, at(received), Handling::Lenient).await.unwrap(), duplicates);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_hashes_of_contents_differ_the_contents_are_compared() {
    for version in VERSIONS {
        are_compared(version).await;
    }
}

async fn are_compared(version: u32) {
    // Under another secret no hash of the log is what it would be now.
    let place = Place::new();
    let other: [u8; 16] = SECRET.map(|byte| byte ^ 1);
    drop(place.try_open(Options { secret: other, ..options() }).unwrap());
    fs::copy(golden(version), place.log().join(format!("{:020}.log", 0))).unwrap();
    let (mut events, received) = requests().remove(0);
    let store = place.open();
    let verdicts = store.append(events.clone(), at(received), Handling::Lenient).await.unwrap();
    assert_eq!(verdicts, vec![Verdict::Duplicate; events.len()]);
    for event in &mut events {
        event.subject.push('x');
    }
    let verdicts = store.append(events.clone(), at(received), Handling::Lenient).await.unwrap();
    assert_eq!(verdicts, vec![Verdict::Conflict; events.len()]);
}

/// A folder as a service left it: records of version 2, an index of duplicates of version 1, cells of version 4.
/// It has seven meters of as many aggregations, and 800 events of October 2026.
fn folder() -> Place {
    let place = Place::new();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/folder-1"), &place.path());
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_an_earlier_version_is_used_as_it_is_and_goes_on() {
    let place = folder();
    let files = |place: &Place| -> Vec<(PathBuf, Vec<u8>)> {
        let read = |path: PathBuf| (path.clone(), fs::read(path).unwrap());
        Place::files(&place.projections()).into_iter().map(read).collect()
    };
    let before = files(&place);
    assert_eq!(before.len(), 2);
    // Nothing is made anew from the log.
    let store = place.try_open(Options { checkpoint_every: 1000, ..options() }).unwrap();
    is_sound_in_all_windows(&*store, "opened").await;
    assert_eq!(store.meters().await.unwrap().len(), 10);
    let stored = store.events(EventFilter::newest(100)).await.unwrap();
    let again: Vec<UsageEvent> = stored.into_iter().take(30).map(|stored| stored.event).collect();
    let verdicts = store.append(again.clone(), at(NOW), Handling::Strict).await.unwrap();
    assert_eq!(verdicts, vec![Verdict::Duplicate; again.len()]);
    drop(store);
    assert_eq!(files(&place), before);
    // What comes now is added up with what is there, and written in its own way; so is what is merged.
    for part in 0..9 {
        let later = |event: &UsageEvent| UsageEvent { id: format!("{}-{part}", event.id), ..event.clone() };
        let events: Vec<_> = again.iter().map(later).collect();
        let store = place.open();
        store.append(events, at(NOW), Handling::Strict).await.unwrap();
    }
    is_sound_in_all_windows(&*place.open(), "opened again").await;
}
