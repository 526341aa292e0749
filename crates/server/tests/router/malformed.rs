//! Bodies that no sender should send: each is refused whole, and nothing of it is stored.

use crate::support::{JSON, LENIENT, Service, event, event_with};
use axum::body::{Body, Bytes, HttpBody};
use serde_json::json;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

const EVENTS: &str = "/api/v1/events";

/// An event whose `data` is this text.
fn with_data(text: &str) -> String {
    event("1").to_string().replace("{\"id\"", &format!("{{\"data\":{text},\"id\""))
}

#[test]
fn malformed_bodies_store_nothing() {
    let app = Service::start();
    let good = event("1").to_string();
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let deep_data = format!("{{\"a\":{}}}", nested(100_000));
    let mut bodies: Vec<Vec<u8>> = [
        "hello",
        "<event/>",
        "[",
        "[]]",
        "{",
        "nul",
        &good[..good.len() - 1],
        &format!("[{good}"),
        &format!("[{good},]"),
        &format!("[{good}]]"),
        &format!("{good}{good}"),
        &format!("{good}\n{good}"),
        &good.replace("\"id\"", "\"id\":\"2\",\"id\""),
        &good.replace("\"t\"", "\"\\ud800\""),
        &good.replace("\"t\"", "\"a\u{1}b\""),
        &good.replace("\"t\"", "NaN"),
        &with_data(r#"{"n":1,"n":2}"#),
        &with_data(r#"{"n":{"m":1,"m":2}}"#),
        &with_data(r#"{"n":01}"#),
        &with_data(r#"{"n":Infinity}"#),
        &with_data(r#"{"n":"\x"}"#),
        &with_data(&deep_data),
        &nested(1_000_000),
        &"[".repeat(1_000_000),
        &"{\"a\":".repeat(1_000_000),
        "\u{feff}{}",
        &format!("[{}]", "{},".repeat(1000)),
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    let mut invalid = good.into_bytes();
    invalid[10] = 0xff;
    bodies.push(invalid);
    bodies.push(vec![0xed, 0xa0, 0x80]);
    bodies.push(vec![0; 1000]);
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = app.call("POST", EVENTS, JSON, body.clone());
        assert_eq!(answer.status, 400, "{shown}: {}", answer.body);
        answer.problem(400, "validation", "");
        app.call("POST", EVENTS, LENIENT, body);
        assert_eq!(app.stored(), 0, "{shown}");
    }
}

#[test]
fn what_is_nested_too_deep_is_refused_wherever_it_stands() {
    let app = Service::start();
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for levels in 28..36 {
        let id = format!("d{levels}");
        let in_data =
            with_data(&format!("{{\"a\":{}}}", nested(levels))).replace("\"1\"", &format!("\"{id}\""));
        let id = format!("x{levels}");
        let beside =
            event(&id).to_string().replace("{\"id\"", &format!("{{\"tenant\":{},\"id\"", nested(levels)));
        for (sent, name) in [(in_data, "d"), (beside, "x")] {
            let before = app.stored();
            let answer = app.post(EVENTS, &sent);
            let added = app.stored() - before;
            let expected = if levels < 31 { (204, 1) } else { (400, 0) };
            assert_eq!((answer.status, added), expected, "{name}{levels}: {}", answer.body);
        }
    }
}

#[test]
fn a_text_of_ten_megabytes_is_refused_and_not_sent_back() {
    let app = Service::start();
    let long = "x".repeat(10 << 20);
    for sent in [
        event_with("1", json!({"id": long})).to_string(),
        event_with("1", json!({"specversion": long})).to_string(),
        event_with("1", json!({"time": long})).to_string(),
        event_with("1", json!({"tenant": long})).to_string(),
        event_with("1", json!({ long.clone(): 1 })).to_string(),
        with_data(&json!({ "a": long }).to_string()),
        with_data(&format!("{{\"{long}\":1,\"{long}\":2}}").replace(&long, &long[..1 << 20])),
        format!("\"{long}\""),
        long.clone(),
    ] {
        let answer = app.post(EVENTS, sent);
        assert!(answer.body.len() < 1000, "an answer of {} bytes", answer.body.len());
        answer.problem(400, "validation", "");
    }
    assert_eq!(app.stored(), 0);
}

#[test]
fn a_body_beyond_sixteen_mebibytes_is_413_and_one_within_is_read() {
    let app = Service::start();
    let padded = |length: usize| {
        let good = event("1").to_string();
        format!("{good}{}", " ".repeat(length - good.len()))
    };
    let detail = "a body may have 16777216 bytes at most";
    app.post(EVENTS, padded((16 << 20) + 1)).problem(413, "too-large", detail);
    assert_eq!(app.stored(), 0);
    app.post(EVENTS, padded(16 << 20)).expect(204, "");
    app.post("/api/v1/customers", padded((16 << 20) + 1)).problem(413, "too-large", detail);
    app.put("/api/v1/customers/1", padded((16 << 20) + 1)).problem(413, "too-large", detail);
}

#[test]
fn a_body_that_breaks_off_is_no_large_one() {
    let app = Service::start();
    for chunks in [0, 3, 20] {
        let body = Chunks { chunks, breaks_off: true, ..Chunks::default() };
        app.call("POST", EVENTS, JSON, Body::new(body)).problem(400, "validation", "the body was cut off");
    }
    assert_eq!(app.stored(), 0);
}

#[test]
fn a_sender_of_too_much_gets_to_the_answer_and_one_that_asks_first_is_told_first() {
    let app = Service::start();
    let asking = [("content-type", "application/json"), ("expect", "100-continue")];
    // Of far too much not all is read.
    for (chunks, headers, read) in [(17, JSON, 17), (200, JSON, 200), (1000, JSON, 257), (17, &asking, 0)] {
        let body = Chunks { chunks, ..Chunks::default() };
        let taken = body.taken.clone();
        app.call("POST", EVENTS, headers, Body::new(body)).problem(413, "too-large", "16777216 bytes");
        assert_eq!(taken.load(Relaxed), read, "of {chunks} MiB");
    }
    let body = Chunks { chunks: 1, ..Chunks::default() };
    app.call("POST", EVENTS, &asking, Body::new(body)).problem(400, "validation", "must be a CloudEvent");
}

/// A body that comes in chunks of a mebibyte, and of which the connection may end.
#[derive(Default)]
struct Chunks {
    chunks: usize,
    taken: Arc<AtomicUsize>,
    breaks_off: bool,
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        static CHUNK: [u8; 1 << 20] = [b' '; 1 << 20];
        if self.taken.load(Relaxed) < self.chunks {
            self.taken.fetch_add(1, Relaxed);
            return Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(&CHUNK)))));
        }
        // Its words are those of a limit; they must not be taken for one.
        let broken = || Err(io::Error::other("length limit exceeded"));
        Poll::Ready(self.breaks_off.then(broken))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact((self.chunks as u64) << 20)
    }
}
