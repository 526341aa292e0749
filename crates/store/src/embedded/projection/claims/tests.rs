//! The index against a model: random claims and hashes that collide, across freezing, merging, failing
//! disks and reopening.

use super::page::Shape;
use super::run::Head;
use super::write::write_as;
use super::*;
use crate::StoreError;
use crate::embedded::faults::{Faults, Step};
use crate::embedded::projection::names::{Names, Span};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// Spreads a figure over all bits, as hashes are.
pub(super) fn spread(figure: u64) -> u64 {
    let mixed = (figure ^ figure >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// A log of which every position ends a record.
pub(super) fn mark(to: u64) -> Result<Option<u32>, StoreError> {
    Ok(Some(u32::try_from(to % 1000).unwrap()))
}

fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap()
}

fn open(folder: &TempDir, faults: Faults, every: u64) -> Claims {
    Claims::open(folder.path(), faults, every, &mark).unwrap()
}

/// What the index says of these hashes, in the order asked.
fn found(claims: &Claims, hashes: &[u64]) -> Vec<BTreeSet<u64>> {
    let wanted: Vec<_> = hashes.iter().copied().zip(0u32..).collect();
    let mut found = vec![BTreeSet::new(); hashes.len()];
    for (sequence, place) in claims.find(&wanted).unwrap() {
        found[place as usize].insert(sequence);
    }
    found
}

#[derive(Debug, Clone)]
enum Act {
    /// Claims of these hashes, as one group.
    Insert(Vec<u64>),
    /// Closes and opens the index.
    Reopen,
    /// As a crash: what is in no run is lost, and comes again from the log.
    Crash,
    /// Makes the index anew from the log.
    Rebuild,
    /// The disk fails, or no more.
    Fail(bool),
}

/// Few different hashes, some at the ends of the range, so that many are inserted more than once.
fn hash() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => (0u64..3000).prop_map(spread),
        1 => prop::sample::select(vec![0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1]),
        // Neighbours, which a filter cannot tell from each other.
        1 => (0u64..4).prop_map(|low| (7 << 60) + low),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => prop::collection::vec(hash(), 1..40).prop_map(Act::Insert),
        2 => Just(Act::Reopen),
        1 => Just(Act::Crash),
        1 => Just(Act::Rebuild),
        1 => any::<bool>().prop_map(Act::Fail),
    ]
}

/// Inserts what of the log the index lacks.
fn catch_up(claims: &mut Claims, log: &[u64]) {
    let next = claims.next();
    for (sequence, hash) in (next..).zip(&log[usize::try_from(next).unwrap()..]) {
        claims.replay(ClaimEntry { hash: *hash, sequence }, &mark);
    }
}

fn run(acts: Vec<Act>, every: u64) -> Result<usize, TestCaseError> {
    let (folder, failing) = (folder(), Arc::new(AtomicBool::new(false)));
    let switch = failing.clone();
    let faults = Faults::new(move |step| match step == Step::Checkpoint && switch.load(Ordering::Relaxed) {
        true => Err(io::ErrorKind::StorageFull.into()),
        false => Ok(()),
    });
    let mut claims = open(&folder, faults.clone(), every);
    let (mut log, mut model) = (Vec::new(), BTreeMap::<u64, BTreeSet<u64>>::new());
    let mut most = 0;
    for act in acts {
        match act {
            Act::Insert(hashes) => {
                let expected: Vec<_> =
                    hashes.iter().map(|hash| model.get(hash).cloned().unwrap_or_default()).collect();
                prop_assert_eq!(found(&claims, &hashes), expected);
                claims.reserve(hashes.len());
                for hash in hashes {
                    let sequence = log.len() as u64;
                    claims.insert(ClaimEntry { hash, sequence });
                    model.entry(hash).or_default().insert(sequence);
                    log.push(hash);
                }
                claims.freeze_if_full(&mark);
            }
            Act::Reopen => {
                let closed = claims.finish(&mark);
                prop_assert!(closed.is_ok() || failing.load(Ordering::Relaxed));
                drop(claims);
                claims = open(&folder, faults.clone(), every);
                prop_assert!(closed.is_err() || claims.next() == log.len() as u64);
                catch_up(&mut claims, &log);
            }
            Act::Crash => {
                drop(claims);
                claims = open(&folder, faults.clone(), every);
                catch_up(&mut claims, &log);
            }
            Act::Rebuild => {
                let mut anew = claims.anew().unwrap();
                catch_up(&mut anew.claims, &log);
                let replaced = claims.replace_with(anew, &mark);
                prop_assert!(replaced.is_ok() || failing.load(Ordering::Relaxed));
            }
            Act::Fail(fails) => failing.store(fails, Ordering::Relaxed),
        }
        most = most.max(claims.runs().list().len());
        prop_assert_eq!(claims.next(), log.len() as u64);
        let digests = (0..).zip(&log).map(|(sequence, hash)| ClaimEntry { hash: *hash, sequence }.digest());
        prop_assert_eq!(claims.digest(), digests.fold(0, u64::wrapping_add));
    }
    failing.store(false, Ordering::Relaxed);
    claims.finish(&mark).unwrap();
    let all: Vec<u64> = model.keys().copied().collect();
    prop_assert_eq!(found(&claims, &all), model.into_values().collect::<Vec<_>>());
    // The runs are all of the log, and each is what its filter and its sum say.
    let list = claims.runs().list();
    let mut runs = Merged::new(list.iter().map(|run| RunReader::new(run.clone())).collect()).unwrap();
    let entries = runs.try_fold(Vec::new(), |mut all, entry| {
        all.push(entry?);
        Ok::<_, StoreError>(all)
    });
    let mut expected: Vec<_> =
        (0..).zip(&log).map(|(sequence, hash)| ClaimEntry { hash: *hash, sequence }).collect();
    expected.sort_unstable();
    prop_assert_eq!(entries.unwrap(), expected);
    Ok(most)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_index_finds_each_claim_and_nothing_else(
        acts in prop::collection::vec(act(), 1..120), every in 1u64..60,
    ) {
        run(acts, every)?;
    }
}

#[test]
fn runs_are_merged_behind_the_writer() {
    let (folder, every) = (folder(), 100);
    let mut claims = open(&folder, Faults::default(), every);
    for sequence in 0..20_000 {
        claims.insert(ClaimEntry { hash: spread(sequence), sequence });
        claims.freeze_if_full(&mark);
    }
    drop(claims);
    // What a crash left unmerged is merged when the index is opened.
    let mut claims = open(&folder, Faults::default(), every);
    catch_up(&mut claims, &(0..20_000).map(spread).collect::<Vec<_>>());
    claims.wait_for_disk();
    claims.finish(&mark).unwrap();
    let counts: Vec<_> = claims.runs().list().iter().map(|run| run.head.count()).collect();
    assert_eq!(counts.iter().sum::<u32>(), 20_000);
    // 200 runs that became three of 64, one of 8, or so.
    assert!(counts.len() < 25, "{counts:?}");
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, counts.len());
}

#[test]
fn a_filter_lets_one_other_hash_in_32_pass_and_takes_12_bits_for_each() {
    let folder = folder();
    let mut claims = open(&folder, Faults::default(), 1 << 20);
    let count = 200_000;
    for sequence in 0..count {
        claims.insert(ClaimEntry { hash: spread(sequence), sequence });
    }
    claims.finish(&mark).unwrap();
    let (list, _) = claims.runs().view();
    let filter = list[0].filter();
    let others: Vec<_> = (count..count * 6).map(|other| (spread(other), ())).collect();
    let mut passed = 0;
    filter.may_have(&others, |place| passed += filter.ranks(others[place].0).count());
    assert!((29_000..33_500).contains(&passed), "{passed} of {}", count * 5);
    let bits = filter.size() as u64 * 8 * 10 / count;
    assert_eq!(bits, 120);
}

#[test]
fn new_ids_are_answered_without_the_runs_once_the_front_covers_them() {
    let (folder, every, count) = (folder(), 1000, 50_000);
    let mut claims = open(&folder, Faults::default(), every);
    catch_up(&mut claims, &(0..count).map(spread).collect::<Vec<_>>());
    for reopened in [false, true] {
        if reopened {
            claims.finish(&mark).unwrap();
            drop(claims);
            claims = open(&folder, Faults::default(), every);
        }
        claims.wait_for_disk();
        let (list, front) = claims.runs().view();
        assert_eq!(Some(front.covers()), list.last().map(|run| run.head.span.to));
        assert!((count * 9 / 10..count * 2).contains(&front.room()), "{front:?}");
        let passed = (count..2 * count).filter(|other| front.may_have(spread(*other))).count() as u64;
        assert!(passed < count / 28, "{passed} of {count}");
    }
}

#[test]
fn a_rebuild_forgets_all_of_an_index_that_was_wrong() {
    let folder = folder();
    let mut claims = open(&folder, Faults::default(), 100);
    let (wrong, right): (Vec<_>, Vec<_>) = (0..1000).map(|i| (spread(i), spread(i + 5000))).unzip();
    catch_up(&mut claims, &wrong);
    claims.finish(&mark).unwrap();
    claims.wait_for_disk();
    let mut anew = claims.anew().unwrap();
    catch_up(&mut anew.claims, &right);
    claims.replace_with(anew, &mark).unwrap();
    assert_eq!(found(&claims, &right), (0..1000).map(|i| BTreeSet::from([i])).collect::<Vec<_>>());
    assert_eq!(found(&claims, &wrong), vec![BTreeSet::new(); 1000]);
}

#[test]
fn runs_of_either_shape_give_back_what_they_were_made_of() {
    let (folder, from) = (folder(), 1 << 40);
    let names = Names::new(folder.path(), "claims");
    for count in [1, 2, 7, 8, 9, 15, 16, 17, 1000, 30_000] {
        // Hashes at both ends, in clusters, twice, and anywhere.
        let hash = |i: u64| match i % 5 {
            0 => i / 10,
            1 => u64::MAX - i / 7,
            2 => (1 << 63) + i,
            _ => spread(i),
        };
        let mut entries: Vec<_> =
            (0..count).map(|i| ClaimEntry { hash: hash(i), sequence: from + i }).collect();
        entries.sort_unstable();
        let head = Head::new(Span { from, to: from + count }, 7);
        let mut lengths = Vec::new();
        for head in [Head { shape: Shape::Whole, ..head }, head] {
            let list = entries.iter().copied().map(Ok);
            drop(write_as(head, (&names, &Faults::default()), list).unwrap());
            let run = Arc::new(Run::open(&names.path(head.span), head.span).unwrap());
            assert_eq!(run.head.shape, head.shape);
            let read: Result<Vec<_>, _> = RunReader::new(run.clone()).collect();
            assert_eq!(read.unwrap(), entries, "{count} {head:?}");
            let wanted: Vec<_> = entries.iter().map(|entry| (entry.hash, entry.sequence)).collect();
            let mut found = BTreeSet::new();
            run.find(&wanted, |sequence, same| found.extend([(sequence, same)])).unwrap();
            assert!(entries.iter().all(|entry| found.contains(&(entry.sequence, entry.sequence))));
            let hash = |sequence: u64| entries.iter().find(|entry| entry.sequence == sequence).unwrap().hash;
            assert!(count > 1000 || found.iter().all(|(a, b)| hash(*a) == hash(*b)));
            lengths.push(std::fs::metadata(names.path(head.span)).unwrap().len());
        }
        assert!(count <= 1000 || lengths[1] * 4 < lengths[0] * 3, "{lengths:?}");
    }
}
