//! When the store is busy or its disk fails: try again, and nothing is stored meanwhile.

use crate::support::{Answer, JSON, Service, call, charge, event};
use axum::body::Body;
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use usage_server::Limits;
use usage_store::embedded::{Faults, Options, Step};

const EVENTS: &str = "/api/v1/events";

/// A service of which the disk fails at one step while the switch is on.
fn failing(at: Step) -> (Service, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(false));
    let on = switch.clone();
    let faults = Faults::new(move |step| {
        if step == at && on.load(SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    });
    let options = Options { faults, ..Options::new([7; 16], "test") };
    (Service::on_disk(options, Limits::default()), switch)
}

#[track_caller]
fn try_again(answer: Answer, status: u16, kind: &str, detail: &str) {
    assert_eq!(answer.header("retry-after"), Some("1"));
    answer.problem(status, kind, detail);
}

#[test]
fn events_that_could_not_be_written_are_503_and_count_once_when_sent_again() {
    for step in [Step::Create, Step::Write, Step::Sync] {
        let (app, broken) = failing(step);
        app.customer(json!({"name": "N", "key": "n"}));
        let sent = charge("1", "n", "2023-08-01T00:00:00Z", json!({"amount": 5}));
        broken.store(true, SeqCst);
        for _ in 0..2 {
            try_again(app.post(EVENTS, &sent), 503, "unavailable", "nothing of it was stored");
            assert_eq!(app.stored(), 0, "{step:?}");
            assert_eq!(app.get("/api/v1/customers/n/bill").ok()["total"], "0.00", "{step:?}");
        }
        broken.store(false, SeqCst);
        app.post(EVENTS, &sent).expect(204, "");
        app.post(EVENTS, &sent).expect(204, "");
        let bill = app.get("/api/v1/customers/n/bill").ok();
        assert_eq!((&bill["total"], &bill["position"]), (&json!("5.00"), &json!("1")), "{step:?}");
    }
}

#[test]
fn a_catalog_that_cannot_commit_is_503_and_leaves_all_as_it_was() {
    let (app, broken) = failing(Step::Catalog);
    let bob = app.customer(json!({"number": 456, "name": "Bob", "key": "bob"}));
    app.charge("bob", "2023-08-01T00:00:00Z", json!({"amount": "16.605"}));
    broken.store(true, SeqCst);
    let create = "/api/v1/usage/create/";
    for answer in [
        app.post("/api/v1/customers", json!({"number": 1, "name": "N"})),
        app.put("/api/v1/customers/456", json!({"name": "Robert"})),
        app.delete("/api/v1/customers/456"),
        app.post(create, json!({"customer": 456})),
    ] {
        try_again(answer, 503, "unavailable", "nothing of it was stored");
    }
    app.get("/api/v1/customers/1").problem(404, "customer-not-found", "\"1\"");
    assert_eq!(app.get("/api/v1/customers/456").ok(), bob);
    broken.store(false, SeqCst);
    let posting: Value = app.post(create, json!({"customer": 456})).json();
    assert_eq!((&posting["id"], &posting["accumulated_price"]), (&json!(1), &json!("16.61")));
    app.customer(json!({"number": 1, "name": "N"}));
}

#[test]
fn more_than_may_wait_is_429_and_what_waits_is_stored() {
    let (entered, waiting) = channel();
    let (go_on, told) = channel::<()>();
    let gate = Mutex::new(Some((entered, told)));
    let faults = Faults::new(move |step| {
        if step == Step::Write
            && let Some((entered, told)) = gate.lock().unwrap().take()
        {
            entered.send(()).unwrap();
            told.recv().unwrap();
        }
        Ok(())
    });
    let options = Options { faults, most_waiting: 3, ..Options::new([7; 16], "test") };
    let app = Service::on_disk(options, Limits::default());
    let post = |ids: &[&str]| {
        let events: Vec<Value> = ids.iter().map(|id| event(id)).collect();
        let (router, body) = (app.router.clone(), Body::from(json!(events).to_string()));
        async move { call(router, "POST", EVENTS, JSON, body).await }
    };
    let writing = app.runtime.spawn(post(&["written"]));
    waiting.recv().unwrap();
    // The disk is at work on the first request; the second may wait, the third is too much.
    let waits = post(&["waits 1", "waits 2"]);
    let refused = async {
        let refused = post(&["too much 1", "too much 2"]).await;
        go_on.send(()).unwrap();
        refused
    };
    let (waited, refused) = app.runtime.block_on(async { tokio::join!(biased; waits, refused) });
    try_again(refused, 429, "overloaded", "the store is busy");
    waited.expect(204, "");
    app.runtime.block_on(writing).unwrap().expect(204, "");
    assert_eq!(app.stored(), 3);
    app.runtime.block_on(post(&["too much 1", "too much 2"])).expect(204, "");
    assert_eq!(app.stored(), 5);
}
