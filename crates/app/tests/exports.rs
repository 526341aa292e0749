//! Exports and imports as processes: what is written can be taken in again, and adds up.

mod program;

use program::{Service, printed, real, refused, sample};
use std::collections::BTreeSet;
use std::path::Path;
use tempfile::TempDir;

/// Bills and events of the sample, among them a correction.
fn filled(folder: &Path) {
    sample(folder);
    let service = Service::start(folder);
    let client = usage_client::UsageAPIClient::new(&service.url).unwrap();
    let event = |id: &str, data: &str| usage_client::Event::new("456").id(id).data_json(data).unwrap();
    let void = event("2", r#"{"source":"usage_client","id":"1"}"#).event_type("usage.void");
    let untimed = event("1", "{\n\"amount\": \"5.10\",\n\"service\":\"a, \\\"b\\\"\"}");
    let report = client.ingest([&untimed, &void, &event("3", r#"{"amount":"0.50"}"#)]).unwrap();
    assert_eq!(report.accepted, 3, "{report:?}");
    service.stop();
}

fn export(folder: &Path, arguments: &[&str]) -> String {
    printed(folder, &[&["export", "events"], arguments].concat())
}

/// Sends a body to a service, as the export's help says it can be.
fn post(service: &Service, media_type: &str, body: &str) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(service.url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

fn bills(folder: &Path) -> Vec<String> {
    ["456", "acme", "123"].iter().map(|customer| printed(folder, &["bill", customer, "--details"])).collect()
}

#[test]
fn an_export_taken_in_by_an_empty_store_gives_the_same_bills() {
    let folder = TempDir::new().unwrap();
    let first = &folder.path().join("first");
    filled(first);
    let lines = export(first, &[]);
    let array = export(first, &["--format", "json"]);
    assert_eq!(lines.lines().count(), 54);
    for (name, media_type, body) in
        [("lines", "application/x-ndjson", &lines), ("array", "application/cloudevents-batch+json", &array)]
    {
        let second = &folder.path().join(name);
        printed(second, &["loaddata", "customer_data.json"]);
        let service = Service::start(second);
        post(&service, media_type, body);
        post(&service, media_type, body);
        service.stop();
        assert_eq!(bills(second), bills(first), "{name}");
        assert_eq!(export(second, &[]).lines().count(), 54);
        let sorted = |text: &str| text.lines().map(str::to_string).collect::<BTreeSet<_>>();
        assert_eq!(sorted(&export(second, &[])), sorted(&lines));
    }
}

#[test]
fn an_export_is_the_same_with_and_without_a_running_service_and_in_a_file() {
    let folder = TempDir::new().unwrap();
    let data = &folder.path().join("data");
    filled(data);
    let file = folder.path().join("events.csv");
    let file_name = file.to_str().unwrap();
    let questions: [&[&str]; 5] = [
        &[],
        &["--format", "csv"],
        &["--format", "json", "--type", "usage.void"],
        &["--subject", "456", "--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"],
        &["--subject", "nobody"],
    ];
    let alone: Vec<String> = questions.iter().map(|question| export(data, question)).collect();
    assert_eq!(alone[2].matches("usage.void").count(), 1);
    assert_eq!(alone[4], "");
    let service = Service::start(data);
    let beside: Vec<String> = questions.iter().map(|question| export(data, question)).collect();
    assert_eq!(beside, alone);
    let said = export(data, &["--format", "csv", "-o", file_name]);
    assert_eq!(said, format!("Exported 54 events to {file_name}.\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), alone[1]);
    service.stop();
    let (code, said) = refused(data, &["export", "events", "--from", "soon", "-o", file_name]);
    assert_eq!(code, 1);
    assert!(said.contains("\"soon\" is not an RFC 3339 time"), "{said}");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        alone[1],
        "a failed export leaves the file as it was"
    );
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_table_has_every_attribute_in_its_cell() {
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("data");
    printed(folder, &["migrate"]);
    let service = Service::start(folder);
    let event = r#"{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"u, \"v\"","time":"2026-11-01T00:00:00Z","tenant":"x","seq":1.50,"data":{"n":1.10}}"#;
    post(&service, "application/json", event);
    let table = export(folder, &["--format", "csv"]);
    service.stop();
    let (header, row) = table.trim_end().split_once('\n').unwrap();
    assert_eq!(header, "id,source,type,subject,time,data,attributes,ingested_at,stored_at");
    let cells = r#"1,s,t,"u, ""v""",2026-11-01T00:00:00Z,"{""n"":1.10}","{""seq"":1.50,""tenant"":""x""}","#;
    assert!(row.starts_with(cells), "{row}");
}

#[test]
fn an_hour_of_real_requests_is_imported_once_and_adds_up_in_its_export() {
    let Some(path) = real("azure_llm_code.csv") else { return };
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("data");
    let import = [
        "import",
        "csv",
        path.to_str().unwrap(),
        "--type",
        "llm",
        "--time",
        "TIMESTAMP",
        "--subject",
        "=azure",
    ];
    let said = printed(folder, &import);
    assert!(said.starts_with("Imported 8819 rows, times 2023-11-16T18:17:03.97996Z to "), "{said}");
    let service = Service::start(folder);
    let said = printed(folder, &import);
    assert!(said.ends_with("8819 rows were there already.\n"), "{said}");
    service.stop();
    let lines = export(folder, &["--type", "llm"]);
    let sum = |name: &str| {
        let figure = |line: &str| {
            let (_, rest) = line.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{line}"));
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u64>().unwrap()
        };
        lines.lines().map(figure).sum::<u64>()
    };
    assert_eq!(lines.lines().count(), 8819);
    assert_eq!((sum("ContextTokens"), sum("GeneratedTokens")), (18_059_974, 245_896));
}

#[test]
fn a_re_issued_export_replaces_the_same_with_and_without_a_running_service() {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/focus_replace.in/");
    let folder = TempDir::new().unwrap();
    let mut exports = Vec::new();
    for beside in [false, true] {
        let folder = &folder.path().join(beside.to_string());
        printed(folder, &["import", "focus", &format!("{files}first.csv")]);
        let service = beside.then(|| Service::start(folder));
        let said = printed(folder, &["import", "focus", "--replace", &format!("{files}second.csv")]);
        assert!(said.contains("3 rows of earlier imports were taken back."), "{said}");
        let bill = printed(folder, &["bill", "AWS:1", "--month", "2024-09", "--json"]);
        assert!(bill.contains("\"total\": \"10.25\""), "{bill}");
        exports.push(export(folder, &[]));
        drop(service);
    }
    assert_eq!(exports[0], exports[1]);
}
