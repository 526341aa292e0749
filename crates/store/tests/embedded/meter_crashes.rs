//! Meters and corrections when the process dies, or a checkpoint of them is damaged: they answer as a recount
//! of the log would.

use crate::recounted::{amend, draft, is_sound, log, make, request, send, shown, void};
use crate::support::{Dice, NOW, Place, at, disk_full, options};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use ulid::Ulid;
use usage_domain::event::UsageEvent;
use usage_domain::meter::{Aggregation, MeterId};
use usage_domain::verdict::Verdict::{self, Accepted, Duplicate};
use usage_store::embedded::{Faults, Options};
use usage_store::{Store, StoreError};

/// A request that changes something.
enum Request {
    Events(Vec<UsageEvent>),
    Make(u128, Aggregation),
    Dimensions(u128),
    Delete(u128),
}

fn script() -> Vec<Request> {
    use Request::{Delete, Dimensions, Events, Make};
    let (mut dice, mut requests, mut standing) = (Dice(7), Vec::new(), Vec::new());
    for i in 0..22usize {
        requests.extend(match i {
            1 => Some(Make(1, Aggregation::Sum)),
            4 => Some(Make(2, Aggregation::Max)),
            8 => Some(Make(3, Aggregation::Latest)),
            11 => Some(Dimensions(1)),
            13 => Some(Make(4, Aggregation::UnitHours)),
            15 => Some(Delete(2)),
            17 => Some(Make(5, Aggregation::UniqueCount)),
            _ => None,
        });
        let mut events = vec![request(&format!("e{i}-0"), &mut dice), request(&format!("e{i}-1"), &mut dice)];
        standing.extend(events.iter().map(|event| event.id.clone()));
        if i % 3 == 1 {
            let place = |dice: &mut Dice, of: &[String]| usize::try_from(dice.roll(of.len() as u64)).unwrap();
            let (amended, at) = (place(&mut dice, &standing), place(&mut dice, &standing));
            events.insert(0, amend(&format!("a{i}"), &standing[amended], &mut dice));
            events.push(void(&format!("v{i}"), &standing.remove(at)));
        }
        requests.push(Events(events));
    }
    requests
}

async fn run(store: &dyn Store, request: &Request) -> Result<Vec<Verdict>, StoreError> {
    match request {
        Request::Events(events) => return send(store, events).await,
        Request::Make(number, aggregation) => drop(make(store, *number, *aggregation).await?),
        Request::Dimensions(number) => {
            let changed = draft(*number, Aggregation::Sum, &["tokens", "model"]);
            store.update_meter(MeterId(Ulid(*number)), changed, at(NOW)).await?;
        }
        Request::Delete(number) => store.delete_meter(MeterId(Ulid(*number))).await?,
    }
    Ok(Vec::new())
}

/// Runs the script on a disk that is gone from its `n`th step on, opens what that left, checks it, sends
/// everything again, and checks that. Gives back how many steps there were.
async fn recovers(n: usize) -> usize {
    let (place, steps) = (Place::new(), Arc::new(AtomicUsize::new(0)));
    let count = steps.clone();
    let faults = Faults::new(move |_| match count.fetch_add(1, Ordering::SeqCst) >= n {
        true => Err(disk_full()),
        false => Ok(()),
    });
    // Every other time, meters are covered behind.
    let covered_at_once = if n.is_multiple_of(2) { 1000 } else { 0 };
    let small = Options { segment_bytes: 900, checkpoint_every: 7, covered_at_once, ..options() };
    let store = place.try_open(Options { faults, ..small }).unwrap();
    let (script, mut done) = (script(), Vec::new());
    for request in &script {
        // What is to be corrected may not be there.
        let stored = |verdicts: Vec<Verdict>| verdicts.iter().all(|verdict| *verdict == Accepted);
        done.push(run(&*store, request).await.is_ok_and(stored));
    }
    let meters = shown(&*store).await;
    drop(store);
    let what = format!("died at step {n}");
    let store = place.try_open(options()).unwrap_or_else(|error| panic!("{what}: {error}"));
    is_sound(&*store, &what).await;
    assert_eq!(shown(&*store).await, meters, "{what}");
    let stored: Vec<String> = log(&*store).await.into_iter().map(|stored| stored.event.id).collect();
    for (request, done) in script.iter().zip(done) {
        match request {
            Request::Events(events) => {
                let there = events.iter().filter(|event| stored.contains(&event.id)).count();
                assert!(
                    there == events.len() || (there == 0 && !done),
                    "{what}: {there} of {}",
                    events.len()
                );
                let expected = if there == 0 { Accepted } else { Duplicate };
                let verdicts = run(&*store, request).await.unwrap();
                assert_eq!(verdicts, vec![expected; events.len()], "{what}: {}", events[0].id);
            }
            _ if done => {}
            _ => drop(run(&*store, request).await.unwrap()),
        }
    }
    is_sound(&*store, &what).await;
    drop(store);
    let store = place.open();
    is_sound(&*store, &what).await;
    if n.is_multiple_of(5) {
        store.rebuild().await.unwrap();
        is_sound(&*store, &what).await;
    }
    assert_eq!(shown(&*store).await.len(), 4);
    steps.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_process_dies_meters_answer_as_a_recount_of_the_log_would() {
    let mut n = 0;
    // Until the script comes to its end before the crash.
    while recovers(n).await > n {
        n += 1;
    }
    assert!(n > 60, "only {n} steps");
}

/// A store with the script's events and meters, closed.
async fn scripted() -> Place {
    let place = Place::new();
    let store = place.try_open(Options { checkpoint_every: 20, ..options() }).unwrap();
    for request in script() {
        run(&*store, &request).await.unwrap();
    }
    store.close().await.unwrap();
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_checkpoint_of_meters_and_corrections_is_replaced_from_the_log() {
    let whole = scripted().await;
    let usage = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("usage");
    let files: Vec<_> = Place::files(&whole.projections()).into_iter().filter(usage).collect();
    assert!(files.len() > 1, "{files:?}");
    for path in files {
        let (bytes, name) = (fs::read(&path).unwrap(), path.file_name().unwrap());
        let damaged = async |bytes: Option<&[u8]>, what: String| {
            let place = whole.copy();
            let path = place.projections().join(name);
            match bytes {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            is_sound(&*place.open(), &what).await;
            is_sound(&*place.open(), &what).await;
        };
        for byte in (0..bytes.len()).step_by(41) {
            let mut flipped = bytes.clone();
            flipped[byte] ^= 0x04;
            damaged(Some(&flipped), format!("{name:?} flipped at {byte}")).await;
        }
        damaged(Some(&bytes[..bytes.len() / 2]), format!("{name:?} cut")).await;
        damaged(None, format!("{name:?} removed")).await;
    }
}
