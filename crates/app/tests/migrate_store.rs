//! Moving everything from a folder to PostgreSQL and back, also when the move is broken off.

#[path = "../../store/tests/support/database.rs"]
mod database;
mod program;

use database::{Database, connect};
use program::{Service, printed, refused, run, usage_app};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use usage_client::{Event, UsageAPIClient};

/// Sends a request with a JSON body; gives the status and the body of the answer.
fn send(service: &Service, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let host = service.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

fn charge(id: &str, subject: &str, amount: &str) -> Event {
    let event = Event::new(subject).id(id).source("test").time("2026-10-05T10:00:00Z");
    event.event_type("usage.charge").data_json(&format!("{{\"amount\":\"{amount}\"}}")).unwrap()
}

fn correct(id: &str, kind: &str, data: &Value) -> Event {
    let event = Event::new("nobody").id(id).source("test").event_type(kind).time("2026-10-06T10:00:00Z");
    event.data_json(&data.to_string()).unwrap()
}

/// Everything that a catalog and a log can have: history, corrections, numbers that are used up.
fn fill(folder: &Path) {
    printed(folder, &["loaddata", "customer_data.json", "usage_data.json"]);
    let service = Service::start(folder);
    let client = UsageAPIClient::new(&service.url).unwrap();
    let made = |method: &str, path: &str, body: Value| {
        let (status, answer) = send(&service, method, path, &body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    };
    made("POST", "/api/v1/customers", json!({"number": 5000, "name": "Gone", "key": "gone"}));
    made(
        "POST",
        "/api/v1/customers",
        json!({"number": 900, "name": "Kept", "key": "kept",
        "usageAttribution": {"subjectKeys": ["kept-a", "kept-b \u{e9}"]}}),
    );
    made(
        "POST",
        "/api/v1/meters",
        json!({"slug": "used", "aggregation": "SUM", "eventType": "call",
        "valueProperty": "$.n", "groupBy": {"model": "$.model"}}),
    );
    made("POST", "/api/v1/subjects", json!([{"key": "kept-a", "displayName": "A"}]));
    let call = |id: &str, n: u32| {
        let event = Event::new("kept-b \u{e9}").id(id).source("test").time("2026-10-07T11:12:13Z");
        event.event_type("call").data_json(&format!("{{\"n\":{n}.25,\"model\":\"m\"}}")).unwrap()
    };
    for request in [
        vec![charge("1", "kept-a", "10.01"), charge("2", "kept-a", "2"), call("c1", 1)],
        vec![charge("3", "gone", "5"), charge("4", "nobody's", "7"), call("c2", 2)],
        vec![correct("v", "usage.void", &json!({"source": "test", "id": "2"}))],
        vec![
            correct("a1", "usage.amend", &json!({"source": "test", "id": "1", "data": {"amount": "3"}})),
            correct("a2", "usage.amend", &json!({"source": "test", "id": "1", "data": {"amount": "4.5"}})),
            charge("5", "kept-b \u{e9}", "0.004"),
        ],
    ] {
        let sent = request.len() as u64;
        assert_eq!(client.ingest(request).unwrap().accepted, sent);
    }
    // Without a time of its own: the same again is a duplicate wherever it is.
    made("POST", "/api/v1/events", timeless());
    made("POST", "/api/v1/customers/900/postings", json!({"month": "2026-10"}));
    made(
        "PUT",
        "/api/v1/customers/900",
        json!({"name": "Kept on", "key": "kept",
        "usageAttribution": {"subjectKeys": ["kept-a"]}}),
    );
    made("DELETE", "/api/v1/customers/5000", Value::Null);
    service.stop();
}

fn timeless() -> Value {
    json!({"specversion": "1.0", "id": "timeless", "source": "test", "type": "call", "subject": "kept-a",
        "data": {"n": 5}})
}

/// All that a store says, but for the moments at which groups were stored, which it makes anew.
fn said(database: &Path) -> Vec<String> {
    let mut said = Vec::new();
    let without = |text: String, names: &[&str]| {
        let kept =
            text.lines().filter(|line| !names.iter().any(|name| line.contains(&format!("\"{name}\":"))));
        kept.collect::<Vec<_>>().join("\n")
    };
    said.push(printed(database, &["--json", "customers"]));
    for customer in ["number:123", "number:456", "key:kept"] {
        for month in ["2023-08", "2026-10"] {
            let bill = printed(database, &["--json", "bill", customer, "--month", month]);
            said.push(without(bill, &["position"]));
        }
    }
    said.push(without(printed(database, &["--json", "meters"]), &["position"]));
    said.push(printed(
        database,
        &["--json", "meters", "query", "used", "--group-by", "model", "--window", "day"],
    ));
    // Those of one request stand in an order of the store's own.
    let exported = printed(database, &["export", "events"]);
    let mut events: Vec<_> = exported.lines().map(str::to_string).collect();
    events.sort();
    said.extend(events);
    said
}

/// Compares two stores by what they say, and shows the first that differs.
#[track_caller]
fn same(one: &[String], other: &[String]) {
    if let Some((one, other)) = one.iter().zip(other).find(|(one, other)| one != other) {
        panic!("{one}\nand the other says\n{other}");
    }
    assert_eq!(one.len(), other.len());
}

/// An address as a folder's path would be given.
fn path(database: &Database) -> PathBuf {
    database.address().into()
}

fn migrate(from: &Path, to: &Path) -> String {
    printed(from, &["migrate-store", from.to_str().unwrap(), to.to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_to_postgresql_and_back_and_says_the_same() {
    let Some(database) = Database::new().await else { return };
    let folder = TempDir::new().unwrap();
    let (first, back, there) = (folder.path().join("first"), folder.path().join("back"), path(&database));
    fill(&first);
    let before = said(&first);
    let told = migrate(&first, &there);
    assert!(told.contains("Log, totals and bills agree.") && told.contains("1 meter"), "{told}");
    same(&before, &said(&there));
    assert!(migrate(&first, &there).contains("was moved to"), "a second time changes nothing");
    migrate(&there, &back);
    same(&before, &said(&back));
    same(&before, &said(&first)); // which stays as it is

    for moved in [&there, &back] {
        let service = Service::start(moved);
        // What was stored is known; what was used is not used again; what was posted is not posted twice.
        let client = UsageAPIClient::new(&service.url).unwrap();
        assert_eq!(client.ingest([charge("1", "kept-a", "10.01")]).unwrap().duplicate, 1);
        assert_eq!(send(&service, "POST", "/api/v1/events", &timeless()).0, 204);
        let posting = send(&service, "POST", "/api/v1/customers/900/postings", &json!({"month": "2026-10"}));
        assert_eq!(posting.0, 200, "{posting:?}");
        let taken = send(&service, "POST", "/api/v1/customers", &json!({"number": 5000, "name": "New"}));
        assert_eq!(taken.0, 409, "{taken:?}");
        let next = send(&service, "POST", "/api/v1/customers", &json!({"name": "New"}));
        assert_eq!(next.1["number"], 5001, "{next:?}");
        let subjects = send(&service, "GET", "/api/v1/subjects", &Value::Null).1;
        assert_eq!(subjects[0]["displayName"], "A", "{subjects}");
        service.stop();
        assert!(printed(moved, &["verify"]).starts_with("All is well"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_something_else_is_refused_and_left_alone() {
    let Some(database) = Database::new().await else { return };
    let folder = TempDir::new().unwrap();
    let (one, other, there) = (folder.path().join("one"), folder.path().join("other"), path(&database));
    for each in [&one, &other] {
        printed(each, &["loaddata", "customer_data.json", "usage_data.json"]);
    }
    let refuses = |from: &Path, to: &Path, why: &str| {
        let (code, said) = refused(from, &["migrate-store", from.to_str().unwrap(), to.to_str().unwrap()]);
        assert!(code == 3 && said.contains(why) && !said.contains(":pw@"), "{code} {said}");
    };
    refuses(&one, &other, "is not empty");
    refuses(&folder.path().join("nowhere"), &there, "there is no usage data");
    migrate(&one, &there);
    refuses(&other, &there, "is not empty");
    refuses(&there, &there, "is the same as");
    // Events alone, of no customer, are data as well.
    let events = folder.path().join("events");
    let service = Service::start(&events);
    UsageAPIClient::new(&service.url).unwrap().ingest([charge("1", "alice", "1")]).unwrap();
    refuses(&events, &there, "is in use");
    service.stop();
    refuses(&one, &events, "is not empty");
}

/// Kills a move once `begun` says that it has begun, and finishes it.
fn broken_off(from: &Path, to: &Path, begun: impl Fn() -> bool) {
    for _ in 0..2 {
        let mut command = usage_app(from, &["migrate-store", from.to_str().unwrap(), to.to_str().unwrap()]);
        let mut process = command.stdout(Stdio::null()).spawn().unwrap();
        while !begun() && process.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(process.try_wait().unwrap().is_none(), "it was done before it could be broken off");
        process.kill().unwrap();
        process.wait().unwrap();
        let output = run(to, &["bill", "bob"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("run 'usage_app migrate-store' again"), "{said}");
    }
    assert!(migrate(from, to).contains("40000 events"));
    assert!(printed(to, &["verify"]).starts_with("All is well: 40000 events"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_broken_off_goes_on_and_doubles_nothing() {
    let Some(database) = Database::new().await else { return };
    let folder = TempDir::new().unwrap();
    let (first, back, there) = (folder.path().join("first"), folder.path().join("back"), path(&database));
    let service = Service::start(&first);
    let client = UsageAPIClient::new(&service.url).unwrap();
    client.ingest((0..40_000).map(|id| charge(&id.to_string(), &format!("s{}", id % 50), "1.5"))).unwrap();
    service.stop();
    let owner = connect(&database.address()).await;
    let handle = tokio::runtime::Handle::current();
    let events = || {
        let sql = "SELECT coalesce(sum(next), 0)::bigint FROM usage_app.writer";
        let row = tokio::task::block_in_place(|| handle.block_on(owner.query_one(sql, &[])));
        row.is_ok_and(|row| row.get::<_, i64>(0) > 0)
    };
    broken_off(&first, &there, events);
    let written = |folder: &Path| {
        let log = std::fs::read_dir(folder.join("log")).ok()?.next()?.ok()?.metadata().ok()?;
        Some(log.len())
    };
    broken_off(&there, &back, || written(&back).is_some_and(|bytes| bytes > 1000));
}
