//! A thousand rows of real cost and usage, checked against figures that were worked out apart.

use crate::common;
use std::collections::{BTreeMap, HashSet};
use usage_domain::charge::{Charge, Field};
use usage_domain::decimal::Decimal;
use usage_import::focus::{CustomerBy, FocusFile, ImportedRow};
use usage_json::Value;

fn rows() -> Option<Vec<ImportedRow>> {
    let path = common::real("focus_sample.csv")?;
    let file = FocusFile::open(path, &CustomerBy::SubAccount).unwrap();
    Some(file.rows().unwrap().map(|row| row.unwrap()).collect())
}

/// The charge, read from the event's data as the log reads it.
fn charge(row: &ImportedRow) -> Charge {
    let object = usage_json::object(row.event.data.as_deref().unwrap()).unwrap();
    let texts: BTreeMap<&str, String> = object
        .entries()
        .filter_map(|(key, _)| match object.get(key).unwrap() {
            Some(Value::Text(text)) => Some((key, text.into_owned())),
            _ => None,
        })
        .collect();
    Charge::read(|name| texts.get(name).map(|text| Field::Text(text))).unwrap()
}

fn sums(rows: &[ImportedRow], by: impl Fn(&ImportedRow) -> String) -> BTreeMap<String, (Decimal, usize)> {
    let mut sums = BTreeMap::new();
    for row in rows {
        let sum: &mut (Decimal, usize) = sums.entry(by(row)).or_default();
        *sum = (sum.0.add(charge(row).amount).unwrap(), sum.1 + 1);
    }
    sums
}

#[test]
fn the_sample_comes_to_its_known_sums() {
    let Some(rows) = rows() else { return };
    let figure = |text: &str| text.parse::<Decimal>().unwrap();
    let whole = sums(&rows, |_| "all".to_string());
    assert_eq!(whole["all"], (figure("20.52022672899"), 1000));
    let providers = sums(&rows, |row| row.event.source.clone());
    let known = [
        ("focus/AWS", "18.00663861840", 942),
        ("focus/Microsoft", "1.97651418586", 51),
        ("focus/Oracle", "0.53707392473", 7),
    ];
    let known = known.map(|(source, sum, rows)| (source.to_string(), (figure(sum), rows)));
    assert_eq!(providers, BTreeMap::from(known));
    let customers = sums(&rows, |row| row.event.subject.clone());
    assert_eq!(customers.len(), 73);
    assert_eq!(customers["AWS:11353890204"], (figure("13.61648254970"), 225));
}

#[test]
fn every_row_of_the_sample_has_an_id_of_its_own_and_a_time_in_september() {
    let Some(rows) = rows() else { return };
    let ids: HashSet<&str> = rows.iter().map(|row| row.event.id.as_str()).collect();
    assert_eq!(ids.len(), 1000);
    for row in &rows {
        assert!(row.event.time.to_string().starts_with("2024-09"), "{row:?}");
        assert_eq!(row.customer.key.as_deref(), Some(row.event.subject.as_str()));
    }
    assert_eq!((rows[0].line, rows[999].line), (2, 1001));
    assert!(rows[1].event.data.as_deref().unwrap().contains(r#""tags":{"application": "BrightLensMatrix","#));
}

#[test]
fn the_sample_read_again_or_compressed_gives_the_same_events() {
    let Some(path) = common::real("focus_sample.csv") else { return };
    let packed = common::file(&common::gzip(&std::fs::read(&path).unwrap()));
    let plain = FocusFile::open(path, &CustomerBy::SubAccount).unwrap();
    let packed = FocusFile::open(packed.path(), &CustomerBy::SubAccount).unwrap();
    let read = |file: &FocusFile| {
        let mut rows = file.rows().unwrap();
        let events: Vec<_> = rows.by_ref().map(|row| row.unwrap().event).collect();
        assert_eq!(rows.bytes_read(), file.size());
        events
    };
    let events = read(&plain);
    assert_eq!(read(&plain), events);
    assert_eq!(read(&packed), events);
}

/// `cargo test --release -p usage_import --test focus -- --ignored --nocapture`
#[test]
#[ignore = "a measurement: it says how fast rows are read"]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn rows_per_second() {
    let Some(path) = common::real("focus_sample.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let (header, body) = text.split_once('\n').unwrap();
    let many = common::file(format!("{header}\n{}", body.repeat(200)).as_bytes());
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let file = FocusFile::open(many.path(), &CustomerBy::SubAccount).unwrap();
        let rows = file.rows().unwrap().filter(Result::is_ok).count();
        eprintln!("{rows} rows in {:?}", start.elapsed());
    }
}
