//! What bodies of requests may take together: memory and time.

use crate::support::{Answer, JSON, Service, call, event};
use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use serde_json::json;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use usage_server::Limits;
use usage_store::embedded::{Faults, Options, Step};

const EVENTS: &str = "/api/v1/events";

/// A body that comes as the test sends it.
struct Dripping {
    data: mpsc::UnboundedReceiver<Bytes>,
    /// Told whenever all that was sent is read, and kept.
    waits: mpsc::UnboundedSender<()>,
}

impl HttpBody for Dripping {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let data = self.data.poll_recv(context).map(|data| data.map(|data| Ok(Frame::data(data))));
        if data.is_pending() {
            let _ = self.waits.send(());
        }
        data
    }
}

/// A request of which this much is sent and kept, and whose sender then pauses.
fn dripping(app: &Service, first: Bytes) -> (mpsc::UnboundedSender<Bytes>, JoinHandle<Answer>) {
    let (sender, data) = mpsc::unbounded_channel();
    let (waits, mut waiting) = mpsc::unbounded_channel();
    sender.send(first).unwrap();
    let router = app.router.clone();
    let body = Body::new(Dripping { data, waits });
    let request = app.runtime.spawn(async move { call(router, "POST", EVENTS, JSON, body).await });
    app.runtime.block_on(waiting.recv()).unwrap();
    (sender, request)
}

/// An event, and blanks up to a length.
fn padded(id: &str, length: usize) -> Bytes {
    let mut body = event(id).to_string().into_bytes();
    body.resize(length, b' ');
    body.into()
}

#[test]
fn more_than_may_be_held_together_is_429_and_what_was_held_is_stored() {
    let app = Service::within(Limits { body: 1 << 20, together: 3 << 19, ..Limits::default() });
    let (sender, slow) = dripping(&app, padded("first", 1 << 20));
    let second = || app.call("POST", EVENTS, JSON, padded("second", 1 << 20));
    let refused = second();
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.problem(429, "overloaded", "too much is being sent at the same time");
    // A smaller one has room beside it.
    app.call("POST", EVENTS, JSON, event("small").to_string()).expect(204, "");
    drop(sender);
    app.runtime.block_on(slow).unwrap().expect(204, "");
    second().expect(204, "");
    let ids = app.get(EVENTS).ok();
    assert_eq!(ids.as_array().unwrap().len(), 3);
}

#[test]
fn what_a_packed_body_unpacks_to_counts_as_held() {
    let app = Service::within(Limits { body: 4 << 20, together: 1 << 20, ..Limits::default() });
    let (sender, slow) = dripping(&app, padded("first", 1000));
    let zipped = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&padded("packed", 4 << 20)).unwrap();
        encoder.finish().unwrap()
    };
    let headers = [JSON[0], ("content-encoding", "gzip")];
    let refused = app.call("POST", EVENTS, &headers, zipped.clone());
    refused.problem(429, "overloaded", "too much");
    drop(sender);
    app.runtime.block_on(slow).unwrap().expect(204, "");
    app.call("POST", EVENTS, &headers, zipped).expect(204, "");
}

#[test]
fn a_body_counts_as_held_until_its_events_are_stored() {
    let (entered, waiting) = std::sync::mpsc::channel();
    let (go_on, told) = std::sync::mpsc::channel::<()>();
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
    let limits = Limits { body: 1 << 20, together: 3 << 19, ..Limits::default() };
    let app = Service::on_disk(Options { faults, ..Options::new([7; 16], "test") }, limits);
    let (router, body) = (app.router.clone(), Body::from(padded("first", 1 << 20)));
    let writing = app.runtime.spawn(async move { call(router, "POST", EVENTS, JSON, body).await });
    waiting.recv().unwrap();
    // Read and parsed it is; its bytes are there until the disk is done with it.
    let refused = app.call("POST", EVENTS, JSON, padded("second", 1 << 20));
    refused.problem(429, "overloaded", "too much is being sent at the same time");
    go_on.send(()).unwrap();
    app.runtime.block_on(writing).unwrap().expect(204, "");
    app.call("POST", EVENTS, JSON, padded("second", 1 << 20)).expect(204, "");
}

#[test]
fn a_lone_body_is_never_too_much() {
    let app = Service::within(Limits { body: 1 << 20, together: 1, ..Limits::default() });
    for id in ["1", "2"] {
        app.call("POST", EVENTS, JSON, padded(id, 1 << 20)).expect(204, "");
    }
    assert_eq!(app.stored(), 2);
}

#[test]
fn a_sender_that_pauses_too_long_is_408_and_gives_back_what_it_held() {
    let pause = Duration::from_millis(50);
    let app = Service::within(Limits { body: 1 << 20, together: 1 << 20, pause, ..Limits::default() });
    let (_sender, slow) = dripping(&app, padded("slow", 1 << 19));
    let answer = app.runtime.block_on(slow).unwrap();
    answer.problem(408, "request-timeout", "nothing of it was stored");
    app.call("POST", EVENTS, JSON, padded("next", 1 << 20)).expect(204, "");
    assert_eq!(app.stored(), 1);
}

#[test]
fn a_sender_that_drips_for_ever_is_408_too() {
    let limits =
        Limits { pause: Duration::from_secs(60), whole: Duration::from_millis(50), ..Limits::default() };
    let app = Service::within(limits);
    let (sender, slow) = dripping(&app, Bytes::from_static(b"["));
    let answer = app.runtime.block_on(async {
        let drip = async {
            while sender.send(Bytes::from_static(b" ")).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(slow, drip).0
    });
    answer.unwrap().problem(408, "request-timeout", "nothing of it was stored");
}

#[test]
fn a_flood_of_large_bodies_is_refused_in_part_and_all_that_was_acknowledged_is_stored() {
    let app = Service::within(Limits { body: 1 << 20, together: 2 << 20, ..Limits::default() });
    let acknowledged = app.runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for i in 0..64 {
            let (router, id) = (app.router.clone(), format!("flood {i}"));
            tasks.spawn(async move {
                let body = Body::from(padded(&id, 1 << 20));
                (id, call(router, "POST", EVENTS, JSON, body).await)
            });
        }
        let mut acknowledged = Vec::new();
        for (id, answer) in tasks.join_all().await {
            match answer.status {
                204 => acknowledged.push(id),
                _ => drop(answer.problem(429, "overloaded", "try again")),
            }
        }
        acknowledged
    });
    assert!(!acknowledged.is_empty());
    let listed = app.get(EVENTS).ok();
    let mut ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|item| item["event"]["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut expected: Vec<&str> = acknowledged.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(json!(ids), json!(expected));
}
