//! `usage_app bench` against the running service.

mod program;

use program::{Service, printed};
use std::collections::BTreeMap;
use tempfile::TempDir;
use usage_client::UsageAPIClient;

/// How many events of a bench are stored, and what their values add up to in thousandths, by type.
fn stored(client: &UsageAPIClient, subjects: u32) -> BTreeMap<String, (u64, u64)> {
    let mut stored = BTreeMap::new();
    for number in 0..subjects {
        let subject = format!("c{number:06}");
        let page = client.events(&[("subject", &subject), ("limit", "100")]).unwrap();
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let events: Vec<_> = page.as_array().unwrap().iter().map(|event| &event["event"]).collect();
        assert!(events.len() < 100, "more of {subject} than one page has");
        for event in events.iter().filter(|event| event["type"] != "usage.charge") {
            let sum: &mut (u64, u64) = stored.entry(event["type"].as_str().unwrap().to_string()).or_default();
            *sum = (sum.0 + 1, sum.1 + thousandths(&event["data"]["value"].to_string()));
        }
    }
    stored
}

fn thousandths(figure: &str) -> u64 {
    let (whole, part) = figure.split_once('.').unwrap_or((figure, ""));
    format!("{whole}{part:0<3}").parse().unwrap()
}

#[test]
fn what_a_bench_sends_is_stored_once_and_metered_to_the_last_digit() {
    const SUBJECTS: u32 = 40;
    let folder = TempDir::new().unwrap();
    let folder = &folder.path().join("data");
    let service = Service::start(folder);
    let client = UsageAPIClient::new(&service.url).unwrap();
    let mut before = BTreeMap::new();
    for (events, batch, more) in [
        ("1600", "100", ["--ids=ordered", "--times=live"]),
        ("400", "1", ["--ids=random", "--times=backfill"]),
    ] {
        let subjects = SUBJECTS.to_string();
        let load = ["bench", "--json", "--url", &service.url, "--events", events, "--batch", batch];
        let shape =
            ["--connections", "4", "--duplicates", "0.25", "--customers", &subjects, "--queries", "3"];
        let report = printed(folder, &[&load[..], &shape, &more].concat());
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let events: u64 = events.parse().unwrap();
        assert_eq!(
            (report["sent"]["events"].as_u64(), report["sent"]["repeats"].as_u64()),
            (Some(events), Some(events / 4))
        );

        let after = stored(&client, SUBJECTS);
        let count = |stored: &BTreeMap<_, (u64, u64)>| stored.values().map(|sum| sum.0).sum::<u64>();
        assert_eq!(count(&after) - count(&before), events - events / 4);
        let added = |event_type: &str| {
            after[event_type].1 - before.get(event_type).map_or(0, |sum: &(u64, u64)| sum.1)
        };
        for (meter, event_type) in report["sent"]["meters"].as_array().unwrap().iter().zip([
            "api.request",
            "gpu.seconds",
            "storage.write",
        ]) {
            assert_eq!(thousandths(meter["sent"].as_str().unwrap()), added(event_type), "{event_type}");
            assert_eq!(meter["agrees"].as_bool(), Some(true), "{meter}");
        }
        before = after;
    }
    assert_eq!(before.len(), 3);
}

#[test]
fn a_bench_on_a_fresh_service_measures_it_and_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let data = &folder.path().join("data");
    let report = printed(
        data,
        &[
            "bench",
            "--json",
            "--events",
            "2000",
            "--batch",
            "10",
            "--customers-as-customers",
            "--customers",
            "20",
        ],
    );
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let figures = report["figures"].as_array().unwrap();
    let measured = |name: &str, figure: &str| {
        let found = figures.iter().find(|each| each["name"] == name && each["figure"] == figure);
        found.unwrap_or_else(|| panic!("no {name}: {figure}"))["value"].as_f64().unwrap()
    };
    for (name, figure) in [
        ("limits", "disk, 4 KiB"),
        ("limits", "JSON"),
        ("limits", "HTTP"),
        ("customers", "made"),
        ("ingest", "rate"),
        ("ingest", "p99"),
        ("service", "memory, highest"),
        ("service", "disk"),
        ("usage of a customer", "p99"),
        ("usage by day", "p99"),
        ("bill", "p99"),
    ] {
        assert!(measured(name, figure) > 0.0, "{name}: {figure}");
    }
    assert_eq!(report["tenths"].as_array().unwrap().len(), 10);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
