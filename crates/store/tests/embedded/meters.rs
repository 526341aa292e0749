//! Meters and corrections when things go wrong: what a meter answers is what the events of the log, as
//! corrected, add up to.

use crate::support::{Dice, Disk, Gate, NOW, Place, at, begin, charge, disk_full, options};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use ulid::Ulid;
use usage_domain::event::{AMEND_TYPE, StoredEvent, UsageEvent, VOID_TYPE};
use usage_domain::meter::collect::Collector;
use usage_domain::meter::query::{MeterQuery, MeterRow, Part, Scope};
use usage_domain::meter::windows::Window;
use usage_domain::meter::{Aggregation, Dimension, Meter, MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::time::Period;
use usage_domain::verdict::Verdict::{self, Accepted, Duplicate};
use usage_store::embedded::{EmbeddedStore, Faults, Options, Step};
use usage_store::{EventFilter, Handling, MeterSet, Store, StoreError, meter};

fn draft(number: u128, aggregation: Aggregation, dimensions: &[&str]) -> MeterDraft {
    let dimension =
        |name: &&str| Dimension { name: (*name).to_string(), path: format!("$.{name}").parse().unwrap() };
    let mut draft = MeterDraft {
        key: format!("meter_{number}"),
        name: None,
        description: None,
        aggregation,
        event_type: "request".into(),
        value_property: Some("$.tokens".parse().unwrap()),
        dimensions: dimensions.iter().map(dimension).collect(),
        event_from: None,
        metadata: None,
    };
    draft.check().unwrap();
    draft
}

async fn make(store: &dyn Store, number: u128, aggregation: Aggregation) -> Result<Meter, StoreError> {
    store.create_meter(MeterId(Ulid(number)), draft(number, aggregation, &["model"]), at(NOW)).await
}

fn request(id: &str, dice: &mut Dice) -> UsageEvent {
    let tokens = match dice.roll(9) {
        0 => "\"none\"".to_string(),
        tokens => format!("{tokens}.5"),
    };
    UsageEvent {
        event_type: "request".into(),
        subject: format!("s{}", dice.roll(3)),
        // Whole days, and the first and the last of a month.
        time: at(&format!("2026-11-{:02}T{:02}:07:00Z", 1 + dice.roll(30), dice.roll(24))),
        data: Some(format!("{{\"tokens\":{tokens},\"model\":\"m{}\"}}", dice.roll(2))),
        ..charge(id)
    }
}

fn void(id: &str, target: &str) -> UsageEvent {
    let data = format!("{{\"source\":\"test\",\"id\":\"{target}\"}}");
    UsageEvent { event_type: VOID_TYPE.into(), data: Some(data), ..charge(id) }
}

fn amend(id: &str, target: &str, dice: &mut Dice) -> UsageEvent {
    let data = request(id, dice).data.unwrap();
    let data = format!("{{\"source\":\"test\",\"id\":\"{target}\",\"data\":{data}}}");
    UsageEvent { event_type: AMEND_TYPE.into(), data: Some(data), ..charge(id) }
}

async fn send(store: &dyn Store, events: &[UsageEvent]) -> Result<Vec<Verdict>, StoreError> {
    store.append(events.to_vec(), at(NOW), Handling::Strict).await
}

async fn accept(store: &dyn Store, events: &[UsageEvent]) {
    assert_eq!(send(store, events).await.unwrap(), vec![Accepted; events.len()]);
}

/// The whole log, in its order.
async fn log(store: &dyn Store) -> Vec<StoredEvent> {
    let (mut events, mut next) = (Vec::new(), Position::after(0));
    let until = store.position().await.unwrap();
    loop {
        let page = store.log(next, until.clone(), EventFilter::newest(100)).await.unwrap();
        events.extend(page.events);
        next = page.next;
        if !page.more {
            return events;
        }
    }
}

/// The events that count, by definition.
fn effective(log: &[StoredEvent]) -> Vec<StoredEvent> {
    let mut kept: BTreeMap<String, StoredEvent> = BTreeMap::new();
    for stored in log {
        let event = &stored.event;
        let target = event.data.as_deref().and_then(|data| data.split("\"id\":\"").nth(1)?.split('"').next());
        match (event.event_type.as_str(), target) {
            (VOID_TYPE, Some(target)) => drop(kept.remove(target)),
            (AMEND_TYPE, Some(target)) => {
                let (_, data) = event.data.as_deref().unwrap().split_once(",\"data\":").unwrap();
                if let Some(stored) = kept.get_mut(target) {
                    stored.event.data = Some(data.strip_suffix('}').unwrap().to_string());
                }
            }
            _ => drop(kept.insert(event.id.clone(), stored.clone())),
        }
    }
    kept.into_values().collect()
}

fn recount(of: &Meter, query: &MeterQuery, events: &[StoredEvent]) -> Vec<MeterRow> {
    let set = MeterSet::new([Arc::new(of.clone())]);
    let mut collector = Collector::new(of, query).unwrap();
    for stored in events {
        for (_, measured) in meter(stored.event.borrowed(), &set) {
            let Ok(measured) = measured else { continue };
            let origin = collector.origin(&stored.event.subject, None, Period::ALWAYS).unwrap();
            collector.event(&origin, (stored.event.time, stored.sequence), &measured).unwrap();
        }
    }
    collector.finish().unwrap()
}

/// Checks every meter's answers against a recount of the log, and that verifying finds nothing.
async fn is_sound(store: &dyn Store, what: &str) {
    let events = effective(&log(store).await);
    let year = MeterQuery {
        from: Some(at("2026-01-01T00:00:00Z")),
        to: Some(at("2027-01-01T00:00:00Z")),
        ..MeterQuery::total()
    };
    let cut = MeterQuery {
        from: Some(at("2026-11-03T10:00:00Z")),
        to: Some(at("2026-11-30T12:08:00Z")),
        window: Some(Window::Day),
        by_subject: true,
        group_by: vec![0],
        ..year.clone()
    };
    for of in store.meters().await.unwrap() {
        for query in [&year, &cut] {
            let rows = store.query(of.id, query.clone()).await.unwrap().rows;
            assert_eq!(rows, recount(&of, query, &events), "{what}: {of:?}");
        }
    }
    assert_eq!(store.verify().await.unwrap().problems, Vec::<String>::new(), "{what}");
}

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

async fn shown(store: &dyn Store) -> Vec<(MeterId, usize)> {
    store.meters().await.unwrap().iter().map(|meter| (meter.id, meter.draft.dimensions.len())).collect()
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_of_a_meter_at_once_nothing_is_added_up_that_no_meter_has() {
    let (place, mut dice) = (Place::new(), Dice(17));
    let store = place.open();
    let events: Vec<_> = (0..20).map(|i| request(&format!("e{i}"), &mut dice)).collect();
    accept(&*store, &events).await;
    make(&*store, 1, Aggregation::Sum).await.unwrap();
    for _ in 0..20 {
        let changes = [&["model"][..], &["tokens"], &["tokens", "model"], &[]].map(|dimensions| {
            let (store, changed) = (store.clone(), draft(1, Aggregation::Sum, dimensions));
            tokio::spawn(async move { store.update_meter(MeterId(Ulid(1)), changed, at(NOW)).await })
        });
        for change in changes {
            change.await.unwrap().unwrap();
        }
    }
    // Whoever asked for this one does not wait for it.
    drop(begin(make(&*store, 2, Aggregation::Max)).await);
    make(&*store, 3, Aggregation::Min).await.unwrap();
    is_sound(&*store, "while open").await;
    let totals = store.verify().await.unwrap().totals;
    drop(store);
    let store = place.open();
    assert_eq!(shown(&*store).await.len(), 3);
    assert_eq!(store.verify().await.unwrap().totals, totals);
}

/// What happens while a meter's earlier usage is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    Deleted,
    Changed,
    MadeAnew,
    Dropped,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_meter_is_covered_events_and_corrections_count_and_it_may_go() {
    use Meanwhile::{Changed, Deleted, Dropped, MadeAnew, Nothing};
    for meanwhile in [Nothing, Deleted, Changed, MadeAnew, Dropped] {
        for aggregation in [Aggregation::Sum, Aggregation::Max, Aggregation::UniqueCount] {
            covered_while(meanwhile, aggregation).await;
        }
    }
}

async fn covered_while(meanwhile: Meanwhile, aggregation: Aggregation) {
    let (place, mut dice) = (Place::new(), Dice(3));
    let (gate, faults) = Gate::at(Step::Cover, &Disk::default());
    let store = place.try_open(Options { covered_at_once: 0, faults, ..options() }).unwrap();
    let what = format!("{meanwhile:?} {aggregation:?}");
    let first: Vec<_> = (0..15).map(|i| request(&format!("e{i}"), &mut dice)).collect();
    accept(&*store, &first).await;
    accept(&*store, &[void("v0", "e0"), amend("a1", "e1", &mut dice)]).await;
    make(&*store, 1, aggregation).await.unwrap();
    gate.wait();
    for i in 15..30 {
        accept(&*store, &[request(&format!("e{i}"), &mut dice)]).await;
    }
    let later = [
        void("v1", "e1"),
        amend("a2", "e2", &mut dice),
        void("v3", "e3"),
        amend("a20", "e20", &mut dice),
        void("v21", "e21"),
    ];
    accept(&*store, &later).await;
    is_sound(&*store, &what).await;
    match meanwhile {
        Meanwhile::Nothing | Meanwhile::Dropped => {}
        Meanwhile::Deleted => store.delete_meter(MeterId(Ulid(1))).await.unwrap(),
        Meanwhile::Changed => {
            let changed = draft(1, aggregation, &["tokens", "model"]);
            store.update_meter(MeterId(Ulid(1)), changed, at(NOW)).await.unwrap();
        }
        Meanwhile::MadeAnew => drop(store.rebuild().await.unwrap()),
    }
    is_sound(&*store, &what).await;
    if meanwhile == Meanwhile::Dropped {
        let dropped = std::thread::spawn(move || drop(store));
        gate.open();
        dropped.join().unwrap();
    } else {
        gate.open();
        accept(&*store, &[void("v4", "e4"), amend("a5", "e5", &mut dice)]).await;
        // Only the totals of meters that are covered are compared.
        while meanwhile != Meanwhile::Deleted && store.verify().await.unwrap().totals == 0 {
            tokio::task::yield_now().await;
        }
        is_sound(&*store, &what).await;
        accept(&*store, &[void("v6", "e6"), amend("a7", "e7", &mut dice)]).await;
        is_sound(&*store, &what).await;
        drop(store);
    }
    let store = place.open();
    is_sound(&*store, &what).await;
    let covered = store.verify().await.unwrap().totals > 0;
    assert_eq!(covered, meanwhile != Meanwhile::Deleted, "{what}");
}

async fn total(store: &EmbeddedStore, number: u128, scope: Scope) -> Result<Vec<String>, StoreError> {
    let query = MeterQuery { scope, ..MeterQuery::total() };
    let usage = store.query(MeterId(Ulid(number)), query).await?;
    Ok(usage.rows.iter().map(|row| row.value.to_string()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_empty_subject_has_no_usage() {
    let (place, mut dice) = (Place::new(), Dice(5));
    let store = place.open();
    make(&*store, 1, Aggregation::Count).await.unwrap();
    accept(&*store, &[request("a", &mut dice), request("b", &mut dice)]).await;
    let part = |subject: &str| Part { subject: subject.into(), period: Period::ALWAYS, label: None };
    assert_eq!(total(&store, 1, Scope::Everybody).await.unwrap(), ["2"]);
    assert_eq!(total(&store, 1, Scope::Parts(vec![part("")])).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_whose_earlier_usage_cannot_be_read_is_there_and_says_so() {
    let (place, mut dice) = (Place::new(), Dice(5));
    let store = place.open();
    accept(&*store, &[request("a", &mut dice)]).await;
    drop(store);
    let (path, sound) = (place.last_segment(), fs::read(place.last_segment()).unwrap());
    let store = place.open();
    accept(&*store, &[request("b", &mut dice)]).await;
    let mut flipped = fs::read(&path).unwrap();
    flipped[sound.len() - 1] ^= 1;
    fs::write(&path, &flipped).unwrap();
    make(&*store, 1, Aggregation::Count).await.unwrap();
    let says_so = async |store: Arc<EmbeddedStore>| {
        assert_eq!(store.meters().await.unwrap().len(), 1);
        let answer = total(&store, 1, Scope::Everybody).await;
        assert!(matches!(answer, Err(StoreError::Damaged { .. })), "{answer:?}");
    };
    says_so(store).await;
    says_so(place.open()).await;
    flipped[sound.len() - 1] ^= 1;
    fs::write(&path, &flipped).unwrap();
    assert_eq!(total(&place.open(), 1, Scope::Everybody).await.unwrap(), ["2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_corrections_at_once_and_their_retry_are_answered_as_one_by_one() {
    let (place, mut dice) = (Place::new(), Dice(11));
    let store = place.open();
    make(&*store, 1, Aggregation::Sum).await.unwrap();
    let ids: Vec<String> = (0..300).map(|i| format!("e{i}")).collect();
    for part in ids.chunks(50) {
        let events: Vec<_> = part.iter().map(|id| request(id, &mut dice)).collect();
        accept(&*store, &events).await;
    }
    // Twice amended, some then taken back, scattered over the log and over the request.
    let mut corrections = Vec::new();
    for round in 0..2 {
        for place in (0..ids.len()).map(|place| place * 7 % ids.len()) {
            corrections.push(amend(&format!("a{round}-{place}"), &ids[place], &mut dice));
        }
    }
    corrections.extend((0..ids.len()).step_by(3).map(|place| void(&format!("v{place}"), &ids[place])));
    accept(&*store, &corrections).await;
    is_sound(&*store, "corrected").await;
    let again = send(&*store, &corrections).await.unwrap();
    assert_eq!(again, vec![Duplicate; corrections.len()]);
    // After an amendment of another request.
    accept(&*store, &[amend("last", &ids[1], &mut dice), void("end", &ids[2])]).await;
    is_sound(&*store, "corrected again").await;
    store.rebuild().await.unwrap();
    is_sound(&*store, "made anew").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_repeated_in_a_request_with_corrections_count_once() {
    let (place, mut dice) = (Place::new(), Dice(13));
    let store = place.open();
    make(&*store, 1, Aggregation::Sum).await.unwrap();
    let (a, b) = (request("a", &mut dice), request("b", &mut dice));
    let other = UsageEvent { data: Some("{\"tokens\":77}".into()), ..a.clone() };
    let v = void("v", "a");
    let sent = [a.clone(), a.clone(), other.clone(), v.clone(), v.clone(), b.clone()];
    let verdicts = store.append(sent.to_vec(), at(NOW), Handling::Lenient).await.unwrap();
    assert_eq!(verdicts, [Accepted, Duplicate, Verdict::Conflict, Accepted, Duplicate, Accepted]);
    // A retry of a part, with a correction that cannot be stored in between.
    let retry = vec![b.clone(), void("w", "nobody"), other, void("u", "b"), b];
    let verdicts = store.append(retry.clone(), at(NOW), Handling::Lenient).await.unwrap();
    let kinds: Vec<_> = verdicts.iter().map(|v| matches!(v, Verdict::Rejected(_))).collect();
    assert_eq!(kinds, [false, true, false, false, false]);
    assert_eq!((&verdicts[0], &verdicts[2]), (&Duplicate, &Verdict::Conflict));
    assert_eq!((&verdicts[3], &verdicts[4]), (&Accepted, &Duplicate));
    // Strictly, nothing of it is stored.
    let before = store.position().await.unwrap();
    let strict = vec![request("c", &mut dice), void("x", "c"), void("w", "nobody")];
    let verdicts = send(&*store, &strict).await.unwrap();
    assert!(matches!(&verdicts[..], [Accepted, Accepted, Verdict::Rejected(_)]), "{verdicts:?}");
    assert_eq!(store.position().await.unwrap(), before);
    accept(&*store, &strict[..2]).await;
    is_sound(&*store, "repeated").await;
    drop(store);
    is_sound(&*place.open(), "repeated").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn meters_that_come_and_go_while_events_are_sent_count_each_once() {
    for covered_at_once in [0, 1_000_000] {
        let place = Place::new();
        let store = place.try_open(Options { covered_at_once, ..options() }).unwrap();
        make(&*store, 1, Aggregation::Sum).await.unwrap();
        let sending = |sender: u64| {
            let (store, mut dice) = (store.clone(), Dice(sender));
            tokio::spawn(async move {
                for i in 0..150 {
                    let id = format!("{sender}-{i}");
                    accept(&*store, &[request(&id, &mut dice)]).await;
                    if i % 5 == 0 {
                        accept(&*store, &[amend(&format!("a{id}"), &id, &mut dice)]).await;
                    }
                    if i % 7 == 0 {
                        accept(&*store, &[void(&format!("v{id}"), &id)]).await;
                    }
                }
            })
        };
        let senders = [sending(1), sending(2)];
        let mut number = 2;
        while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
            make(&*store, number, Aggregation::Max).await.unwrap();
            let dimensions: &[&str] = if number % 2 == 0 { &["model"] } else { &["model", "tokens"] };
            let changed = draft(1, Aggregation::Sum, dimensions);
            store.update_meter(MeterId(Ulid(1)), changed, at(NOW)).await.unwrap();
            if number > 6 {
                store.delete_meter(MeterId(Ulid(number - 4))).await.unwrap();
            }
            number += 1;
        }
        for sender in senders {
            sender.await.unwrap();
        }
        is_sound(&*store, "while open").await;
        drop(store);
        is_sound(&*place.open(), "opened again").await;
    }
}
