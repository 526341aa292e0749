//! Meters and corrections as they come and go: what a meter answers is what the events of the log, as
//! corrected, add up to.

use crate::recounted::{
    accept, amend, draft, is_sound, is_sound_in_all_windows, make, request, send, shown, void,
};
use crate::support::{Dice, Disk, Gate, NOW, Place, at, begin, options};
use std::fs;
use std::sync::Arc;
use ulid::Ulid;
use usage_domain::event::UsageEvent;
use usage_domain::meter::query::{MeterQuery, Part, Scope};
use usage_domain::meter::{Aggregation, MeterId};
use usage_domain::time::Period;
use usage_domain::verdict::Verdict::{self, Accepted, Duplicate};
use usage_store::embedded::{EmbeddedStore, Options, Step};
use usage_store::{Handling, Store, StoreError};

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
    is_sound_in_all_windows(&*store, &what).await;
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
    is_sound_in_all_windows(&*store, "corrected").await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_corrects_nothing_where_others_of_its_group_are_stored() {
    let (place, mut dice) = (Place::new(), Dice(19));
    let (gate, faults) = Gate::at(Step::Write, &Disk::default());
    let first = place.open();
    make(&*first, 1, Aggregation::Sum).await.unwrap();
    accept(&*first, &[request("a", &mut dice), request("b", &mut dice), request("c", &mut dice)]).await;
    drop(first);
    let store = place.try_open(Options { faults, ..options() }).unwrap();
    let (held, before, after) = ([request("held", &mut dice)], [void("v", "c")], [void("x", "b")]);
    let refused = [void("w", "a"), amend("u", "c", &mut dice), void("z", "nobody")];
    let held = begin(send(&*store, &held)).await;
    gate.wait();
    let before = begin(send(&*store, &before)).await;
    let refused = begin(send(&*store, &refused)).await;
    let after = begin(send(&*store, &after)).await;
    gate.open();
    assert_eq!(held.await.unwrap(), [Accepted]);
    assert_eq!(before.await.unwrap(), [Accepted]);
    let verdicts = refused.await.unwrap();
    assert!(matches!(&verdicts[..], [Accepted, Verdict::Rejected(_), Verdict::Rejected(_)]), "{verdicts:?}");
    assert_eq!(after.await.unwrap(), [Accepted]);
    is_sound(&*store, "a group").await;
    drop(store);
    is_sound(&*place.open(), "opened again").await;
}
