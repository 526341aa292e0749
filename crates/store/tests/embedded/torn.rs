//! Tails that a crash left unfinished: they are set aside, and nothing else is.

use crate::support::{Disk, Place, a_segment_each, accept, has_exactly, options, seen, send};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use usage_store::embedded::{Options, Step};
use usage_store::{Store, StoreError};

/// A log of two groups in one segment without checkpoints, and where its last record begins and ends.
async fn two_groups(last: &[&str]) -> (Place, u64, u64) {
    let place = Place::new();
    let store = place.open();
    accept(&*store, &["a", "b"]).await;
    let begin = fs::metadata(place.last_segment()).unwrap().len();
    accept(&*store, last).await;
    drop(store);
    let end = fs::metadata(place.last_segment()).unwrap().len();
    fs::remove_dir_all(place.projections()).unwrap();
    (place, begin, end)
}

fn set_aside(place: &Place) -> Vec<PathBuf> {
    let mut files = Place::files(&place.log());
    files.retain(|path| path.to_string_lossy().contains("torn"));
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_cut_anywhere_in_its_last_record_has_all_earlier_groups() {
    let (whole, begin, end) = two_groups(&["c"]).await;
    let bytes = fs::read(whole.last_segment()).unwrap();
    for length in begin..end {
        let place = whole.copy();
        fs::OpenOptions::new().write(true).open(place.last_segment()).unwrap().set_len(length).unwrap();
        let store = place.open();
        assert_eq!(seen(&*store).await, (2, vec!["a".into(), "b".into()], 2), "cut to {length}");
        let cut = &bytes[usize::try_from(begin).unwrap()..usize::try_from(length).unwrap()];
        let kept: Vec<_> = set_aside(&place).iter().map(|path| fs::read(path).unwrap()).collect();
        let expected = if cut.is_empty() { vec![] } else { vec![cut.to_vec()] };
        assert_eq!(kept, expected, "cut to {length}");
        accept(&*store, &["c"]).await;
        has_exactly(&*store, &["a", "b", "c"]).await;
        drop(store);
        // Once more for some: what was appended behind the cut is sound.
        if length % 16 == 0 {
            has_exactly(&*place.open(), &["a", "b", "c"]).await;
        }
    }
}

/// Overwrites a part of the last segment with zeros, adding to it where that reaches further.
fn zero(place: &Place, from: u64, to: u64) {
    let mut file = fs::OpenOptions::new().write(true).open(place.last_segment()).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0; usize::try_from(to - from).unwrap()]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_of_zeros_is_set_aside() {
    let (whole, begin, end) = two_groups(&["c"]).await;
    for (from, to, left) in [
        (begin, end, 2),
        (begin, end + 9000, 2),
        (end, end + 20, 3),
        (end, end + 57, 3),
        (end, end + 4096, 3),
        (end, end + 70_000, 3),
    ] {
        let place = whole.copy();
        zero(&place, from, to);
        let store = place.open();
        assert_eq!(seen(&*store).await.0, left, "zeros from {from} to {to}");
        assert_eq!(set_aside(&place).len(), 1);
        let verdicts = send(&*store, &["c"]).await.unwrap();
        assert_eq!(verdicts.len(), 1);
        has_exactly(&*store, &["a", "b", "c"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_record_that_lost_whole_pages_is_set_aside() {
    let ids: Vec<String> = (0..2000).map(|i| format!("{:x}", i * 7_919_333_777_u64 + i)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (whole, begin, end) = two_groups(&ids).await;
    let page = 4096;
    assert!(end - begin > 3 * page, "{begin} to {end}");
    // The first page with the header, one in the middle, the last one, and all but the last one.
    let middle = (begin / page + 2) * page;
    for (from, to) in
        [(begin, page), (middle, middle + page), (end / page * page, end), (begin, end / page * page)]
    {
        let place = whole.copy();
        zero(&place, from, to);
        let store =
            place.try_open(options()).unwrap_or_else(|error| panic!("zeros from {from} to {to}: {error}"));
        assert_eq!(seen(&*store).await, (2, vec!["a".into(), "b".into()], 2), "zeros from {from} to {to}");
        accept(&*store, &ids).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zeros_in_front_of_a_sound_record_are_damage_and_no_tail() {
    let (place, begin, end) = two_groups(&["c"]).await;
    zero(&place, 16, begin);
    let refused = place.try_open(options()).map(|_| ());
    assert!(matches!(&refused, Err(StoreError::Damaged { offset: 16, .. })), "{refused:?}");
    assert_eq!(fs::metadata(place.last_segment()).unwrap().len(), end);
    assert_eq!(set_aside(&place), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_was_never_finished_hides_nothing() {
    for stub in [&b""[..], b"usage lo", &[0; 16], b"usage log v1\n\0\0\0"] {
        let (place, _, _) = two_groups(&["c"]).await;
        fs::write(place.log().join(format!("{:020}.log", 3)), stub).unwrap();
        let mut ids = vec!["a".to_string(), "b".into(), "c".into()];
        for round in 0..3 {
            let store = place.open();
            has_exactly(&*store, &ids).await;
            ids.push(format!("after-{round}"));
            accept(&*store, &ids[ids.len() - 1..]).await;
            drop(store);
        }
        fs::remove_dir_all(place.projections()).unwrap();
        has_exactly(&*place.open(), &ids).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_undone_does_not_come_back() {
    // The refused record stays in its file, a shorter one follows in the next segment; the process
    // dies before that one, within the making of it, or after it.
    for (step, stub) in [(Step::Write, true), (Step::Write, false), (Step::Sync, true), (Step::Sync, false)] {
        let (place, disk) = (Place::new(), Disk::default());
        let large = Options { faults: disk.faults(), segment_bytes: 1 << 20, ..a_segment_each() };
        let store = place.try_open(large).unwrap();
        accept(&*store, &["a"]).await;
        disk.fail(&[step, Step::Undo]);
        let long: Vec<String> = (0..50).map(|i| format!("refused-{i}")).collect();
        assert!(matches!(send(&*store, &long).await, Err(StoreError::WriteFailed { .. })));
        disk.mend();
        if stub {
            drop(store);
            fs::write(place.log().join(format!("{:020}.log", 1)), "usage").unwrap();
        } else {
            accept(&*store, &["b"]).await;
            drop(store);
        }
        let mut ids = if stub { vec!["a".to_string()] } else { vec!["a".to_string(), "b".to_string()] };
        for round in 0..3 {
            let store = place.open();
            has_exactly(&*store, &ids).await;
            ids.push(format!("c{round}"));
            accept(&*store, &ids[ids.len() - 1..]).await;
        }
        fs::remove_dir_all(place.projections()).unwrap();
        has_exactly(&*place.open(), &ids).await;
        assert_eq!(place.open().position().await.unwrap().events(), ids.len() as u64);
    }
}
