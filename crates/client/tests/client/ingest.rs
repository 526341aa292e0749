//! Sending events: batches, retries, and what is left when the client gives up.

use crate::stub::{Answer, Stub};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usage_client::usage_api::event::{IngestReport, VerdictKind};
use usage_client::{ClientBuilder, ClientError, Event, UsageAPIClient, ValidationError};

/// A client that does not really wait.
fn client(stub: &Stub) -> ClientBuilder {
    UsageAPIClient::builder(&stub.url).wait_with(|_| true)
}

fn events(count: usize) -> Vec<Event> {
    (0..count).map(|n| Event::new(format!("subject-{n}"))).collect()
}

#[test]
fn many_events_go_in_batches_on_one_connection() {
    let stub = Stub::new([Answer::Accept, Answer::Accept, Answer::Accept]);
    let events = events(2_500);
    let report = client(&stub).build().unwrap().ingest(&events).unwrap();
    assert_eq!((report.accepted, report.verdicts.len()), (2_500, 2_500));
    assert!(report.verdicts.iter().zip(0..).all(|(verdict, index)| verdict.index == index));
    let asked = stub.asked();
    let sizes: Vec<usize> = asked.iter().map(|asked| asked.ids().len()).collect();
    assert_eq!(sizes, [1_000, 1_000, 500]);
    let sent: Vec<String> = asked.iter().flat_map(|asked| asked.ids()).collect();
    assert!(sent.iter().zip(&events).all(|(id, event)| *id == event.as_cloud_event().id));
    for asked in asked {
        assert_eq!((asked.connection, asked.line.as_str()), (0, "POST /api/v1/events HTTP/1.1"));
        assert!(asked.has("content-type: application/cloudevents-batch+json"), "{:?}", asked.headers);
        assert!(asked.has("prefer: handling=lenient"), "{:?}", asked.headers);
    }
}

#[test]
fn a_batch_of_large_events_is_closed_by_its_bytes() {
    let stub = Stub::new([Answer::Accept, Answer::Accept, Answer::Accept]);
    let data = format!("{{\"pad\":\"{}\"}}", "x".repeat(60_000));
    let events: Vec<Event> = (0..150).map(|_| Event::new("s").data_json(&data).unwrap()).collect();
    assert_eq!(client(&stub).build().unwrap().ingest(events).unwrap().accepted, 150);
    let asked = stub.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|asked| asked.body.len() < 4 * 1024 * 1024 + data.len() + 1_000));
}

#[test]
fn no_events_are_no_request() {
    let stub = Stub::new([]);
    let report = client(&stub).build().unwrap().ingest(events(0)).unwrap();
    assert_eq!((report, stub.asked().len()), (IngestReport::default(), 0));
}

#[test]
fn what_failed_for_now_is_sent_again_under_the_same_ids() {
    for failure in [
        Answer::Body(503, "busy"),
        Answer::Body(429, "slow down"),
        Answer::Body(502, "no gateway"),
        Answer::HangUp,
        Answer::Silence,
    ] {
        let stub = Stub::new([failure.clone(), failure.clone(), Answer::Accept]);
        let client = client(&stub).timeout(Duration::from_millis(200)).build().unwrap();
        assert_eq!(client.ingest(events(3)).unwrap().accepted, 3, "{failure:?}");
        let asked = stub.asked();
        assert_eq!(asked.len(), 3, "{failure:?}");
        assert!(asked.iter().all(|again| again.body == asked[0].body), "{asked:#?}");
    }
}

#[test]
fn an_answer_that_stays_is_not_asked_for_again() {
    for (status, body) in [(400, "bad"), (401, "who?"), (413, "too large"), (500, "oops"), (204, "")] {
        let stub = Stub::new([Answer::Body(status, body)]);
        let stopped = client(&stub).build().unwrap().ingest(events(2)).unwrap_err();
        let ClientError::Api(error) = stopped.error else { panic!("{:?}", stopped.error) };
        assert_eq!((error.status, stopped.unanswered.len()), (status, 2));
        stub.only();
    }
}

#[test]
fn a_retry_waits_as_long_as_the_service_asks() {
    let stub = Stub::new([Answer::WithHeader(429, "Retry-After: 7", ""), Answer::HangUp, Answer::Accept]);
    let waits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&waits);
    let client = UsageAPIClient::builder(&stub.url).wait_with(move |pause| {
        seen.lock().unwrap().push(pause);
        true
    });
    client.backoff(Duration::from_millis(1)).build().unwrap().ingest(events(1)).unwrap();
    let waits = waits.lock().unwrap();
    assert_eq!((waits.len(), waits[0]), (2, Duration::from_secs(7)));
    assert!(waits[1] <= Duration::from_millis(2), "{waits:?}");
}

#[test]
fn giving_up_tells_what_has_a_verdict_and_what_has_none() {
    let busy = Answer::Body(503, "busy");
    let stub = Stub::new([Answer::Accept, busy.clone(), busy.clone(), busy]);
    let client = client(&stub).batch_size(2).retries(2).build().unwrap();
    let events = events(5);
    let mut source = events.iter();
    let stopped = client.ingest(source.by_ref()).unwrap_err();
    assert_eq!(source.len(), 1, "nothing is taken from the source that is not told of");
    assert_eq!(stopped.to_string(), "stopped after 2 events with verdicts; the next 2 are stored or not");
    assert_eq!(stopped.error.to_string(), "503: busy");
    assert_eq!((stopped.report.accepted, stopped.report.verdicts.len()), (2, 2));
    let id = |event: &Event| event.as_cloud_event().id.clone();
    let unanswered: Vec<String> = stopped.unanswered.iter().map(id).collect();
    assert_eq!(unanswered, events[2..4].iter().map(id).collect::<Vec<_>>());
    assert_eq!(stub.asked().len(), 4);
}

#[test]
fn a_wait_that_is_broken_off_ends_the_retries() {
    let stub = Stub::new([Answer::Body(503, "busy")]);
    let client = UsageAPIClient::builder(&stub.url).wait_with(|_| false).build().unwrap();
    assert_eq!(client.ingest(events(1)).unwrap_err().error.to_string(), "503: busy");
    stub.only();
}

#[test]
fn a_source_that_fails_ends_the_call_with_the_verdicts_so_far() {
    let stub = Stub::new([Answer::Accept]);
    let client = client(&stub).batch_size(2).build().unwrap();
    let failed = Err(ClientError::from(ValidationError("line 4: no number".to_string())));
    let source = events(3).into_iter().map(Ok).chain([failed]);
    let stopped = client.try_ingest(source).unwrap_err();
    assert_eq!(stopped.to_string(), "stopped after 2 events with verdicts; the next 1 are not sent");
    assert_eq!((stopped.report.accepted, stopped.unanswered.len()), (2, 1));
    stub.only();
}

#[test]
fn a_refused_event_is_a_verdict() {
    let body = r#"{"accepted":0,"duplicate":1,"conflict":0,"rejected":1,"verdicts":[{"index":0,"verdict":"duplicate"},{"index":1,"verdict":"rejected","reason":"time: is no time"}]}"#;
    let stub = Stub::new([Answer::Accept, Answer::Body(200, body)]);
    let report = client(&stub).batch_size(2).build().unwrap().ingest(events(4)).unwrap();
    assert_eq!((report.accepted, report.duplicate, report.rejected), (2, 1, 1));
    let last = &report.verdicts[3];
    assert_eq!((last.index, last.verdict), (3, VerdictKind::Rejected));
    assert_eq!(last.reason.as_deref(), Some("time: is no time"));
}

#[test]
fn an_answer_without_a_verdict_for_each_event_is_not_believed() {
    let body = r#"{"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"verdicts":[{"index":0,"verdict":"accepted"}]}"#;
    let stub = Stub::new([Answer::Body(200, body)]);
    let stopped = client(&stub).build().unwrap().ingest(events(2)).unwrap_err();
    let reason = stopped.error.to_string();
    assert!(reason.starts_with("200: the answer cannot be read (not one verdict per event)"), "{reason}");
}
