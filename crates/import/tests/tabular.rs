//! CSV files of any columns from the outside: what they become and what is said of bad rows.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use tempfile::NamedTempFile;
use usage_domain::event::UsageEvent;
use usage_import::tabular::{BadRow, Mapping, RowError, TabularFile};

fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn mapping() -> Mapping {
    Mapping {
        event_type: "request".into(),
        source: "csv".into(),
        time: "time".into(),
        zone: "UTC".parse().unwrap(),
        subject: "who".parse().unwrap(),
        id: None,
        columns: None,
        texts: Vec::new(),
    }
}

fn read(content: &[u8], mapping: Mapping) -> Vec<Result<(u64, UsageEvent), RowError>> {
    let file = file(content);
    TabularFile::open(file.path(), mapping).unwrap().rows().unwrap().collect()
}

fn good(content: &[u8], mapping: Mapping) -> Vec<UsageEvent> {
    read(content, mapping).into_iter().map(|row| row.unwrap().1).collect()
}

fn ids(content: &[u8], mapping: Mapping) -> BTreeSet<String> {
    good(content, mapping).into_iter().map(|event| event.id).collect()
}

const SMALL: &str = "time,who,tokens,model\n2026-11-01 10:00:00,acme,1.50,gpt\n2026-11-01 11:00:00,acme,2,\n";

#[test]
fn a_row_is_an_event_whose_data_are_the_other_columns() {
    let events = good(SMALL.as_bytes(), mapping());
    let data: Vec<&str> = events.iter().map(|event| event.data.as_deref().unwrap()).collect();
    assert_eq!(data, [r#"{"tokens":1.50,"model":"gpt"}"#, r#"{"tokens":2}"#]);
    let first = &events[0];
    let shown =
        (first.subject.as_str(), first.event_type.as_str(), first.source.as_str(), first.time.to_string());
    assert_eq!(shown, ("acme", "request", "csv", "2026-11-01T10:00:00Z".to_string()));
}

#[test]
fn a_cell_that_is_a_json_number_keeps_its_digits_and_any_other_is_a_text() {
    for (cell, data) in [
        ("1.10", "{\"n\":1.10}"),
        ("-0", "{\"n\":-0}"),
        ("1e400", "{\"n\":1e400}"),
        ("123456789012345678901234567890.5", "{\"n\":123456789012345678901234567890.5}"),
        (" 7 ", "{\"n\":7}"),
        ("007", "{\"n\":\"007\"}"),
        ("1.", "{\"n\":\"1.\"}"),
        ("+1", "{\"n\":\"+1\"}"),
        ("NaN", "{\"n\":\"NaN\"}"),
        ("true", "{\"n\":\"true\"}"),
        ("null", "{\"n\":\"null\"}"),
        ("\"1,5\"", "{\"n\":\"1,5\"}"),
        ("\"say \"\"hi\"\"\"", "{\"n\":\"say \\\"hi\\\"\"}"),
        ("", "{}"),
        ("NULL", "{}"),
    ] {
        let content = format!("time,who,n\n2026-11-01,a,{cell}\n");
        assert_eq!(good(content.as_bytes(), mapping())[0].data.as_deref(), Some(data), "{cell}");
    }
    let texts = Mapping { texts: vec!["tokens".into()], ..mapping() };
    assert_eq!(good(SMALL.as_bytes(), texts)[1].data.as_deref(), Some(r#"{"tokens":"2"}"#));
}

#[test]
fn columns_can_be_chosen_and_subjects_and_ids_come_from_where_it_is_said() {
    let chosen = Mapping {
        columns: Some(vec!["model".into(), "who".into()]),
        subject: "=globex".parse().unwrap(),
        id: Some("tokens".into()),
        ..mapping()
    };
    let event = &good(SMALL.as_bytes(), chosen)[0];
    assert_eq!(event.data.as_deref(), Some(r#"{"model":"gpt","who":"acme"}"#));
    assert_eq!((event.subject.as_str(), event.id.as_str()), ("globex", "1.50"));
    let quoted = "time,who,\"a \"\"b\"\"\nc\"\n2026-11-01,a,1\n";
    assert_eq!(good(quoted.as_bytes(), mapping())[0].data.as_deref(), Some("{\"a \\\"b\\\"\\nc\":1}"));
}

#[test]
fn ids_are_of_the_content_however_it_is_written() {
    let first = ids(SMALL.as_bytes(), mapping());
    assert_eq!(first.len(), 2);
    for same in [
        SMALL.replace('\n', "\r\n"),
        SMALL.trim_end().to_string(),
        format!("\u{feff}{SMALL}"),
        SMALL.replace("gpt", "\"gpt\""),
        SMALL.replace(",\n", ",NULL\n"),
        "who,time,model,tokens\nacme,2026-11-01 10:00:00,gpt,1.50\nacme,2026-11-01 11:00:00,,2\n".to_string(),
        "time,who,tokens,model\n\n2026-11-01 11:00:00,acme,2,\n2026-11-01 10:00:00,acme,1.50,gpt\n"
            .to_string(),
    ] {
        assert_eq!(ids(same.as_bytes(), mapping()), first, "{same:?}");
    }
    let twice = format!("{SMALL}2026-11-01 11:00:00,acme,2,\n");
    let twice = ids(twice.as_bytes(), mapping());
    assert_eq!((twice.len(), twice.is_superset(&first)), (3, true));
    // Other usage, of which the rows alone do not tell.
    let of_type = ids(SMALL.as_bytes(), Mapping { event_type: "other".into(), ..mapping() });
    let of_name = |name: &str| ids(SMALL.as_bytes(), Mapping { subject: name.parse().unwrap(), ..mapping() });
    assert!(first.is_disjoint(&of_type) && of_name("=a").is_disjoint(&of_name("=b")));
}

#[test]
fn a_bad_row_is_named_with_its_line_and_column_and_the_others_are_read() {
    let rows = [
        ("2026-11-01 10:00:00,acme,1,x", None),
        ("yesterday,acme,1,x", Some("line 3: time \"yesterday\": not a time, such as")),
        (",acme,1,x", Some("line 4: time: must not be null")),
        ("2026-11-01 10:00:00,NULL,1,x", Some("line 5: who \"NULL\": must not be null")),
        ("2026-11-01 10:00:00,acme,1", Some("line 6: 3 fields, where the header has 4")),
        ("\"2026-11-01 10:00:00\",\"a\nb\",2,x", None),
        ("1969-12-31,acme,1,x", Some("line 9: time \"1969-12-31\": outside the years 1970 to 2261")),
    ];
    let mut content = "time,who,tokens,model\n".to_string();
    rows.iter().for_each(|(row, _)| content.push_str(&format!("{row}\n")));
    content.push_str(&format!("2026-11-01,{},1,x\n", "s".repeat(1025)));
    content.push_str(&format!("2026-11-01,acme,1,{}\n", "x".repeat(70_000)));
    let mut expected: Vec<Option<&str>> = rows.iter().map(|(_, said)| *said).collect();
    expected.push(Some("line 10: who \"sssssss"));
    expected.push(Some("line 11: the event's data is longer than 65536 bytes"));
    for (row, said) in read(content.as_bytes(), mapping()).into_iter().zip(expected) {
        match (row, said) {
            (Ok(_), None) => {}
            (Err(RowError::Bad(bad)), Some(said)) => assert!(bad.to_string().starts_with(said), "{bad}"),
            (row, said) => panic!("{row:?} is not {said:?}"),
        }
    }
    let latin: Vec<BadRow> = read(b"time,who\n2026-11-01,caf\xe9\n", mapping())
        .into_iter()
        .filter_map(|row| if let Err(RowError::Bad(bad)) = row { Some(*bad) } else { None })
        .collect();
    assert!(latin[0].to_string().starts_with("line 2: who \"caf"), "{}", latin[0]);
}

#[test]
fn a_file_without_a_header_or_a_column_is_refused() {
    let refused = |content: &str, mapping| {
        let file = file(content.as_bytes());
        let error = TabularFile::open(file.path(), mapping).unwrap_err().to_string();
        error.replace(&file.path().display().to_string(), "FILE")
    };
    assert_eq!(refused("", mapping()), "FILE is empty: it has no header");
    let lacks = "FILE has no column \"when\"; its columns are time, who, tokens, model";
    let named = || Some(vec!["when".to_string()]);
    for mapping in [
        Mapping { time: "when".into(), ..mapping() },
        Mapping { subject: "when".parse().unwrap(), ..mapping() },
        Mapping { id: Some("when".into()), ..mapping() },
        Mapping { columns: named(), ..mapping() },
        Mapping { texts: named().unwrap(), ..mapping() },
    ] {
        assert_eq!(refused(SMALL, mapping), lacks);
    }
}

/// A file of real usage; `None`, said on standard error, where it is not at hand and need not be.
fn real(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let path = std::env::var_os("USAGE_TEST_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.is_file() {
        return Some(path);
    }
    let required = std::env::var("USAGE_REQUIRE_DATA").is_ok_and(|value| value == "1");
    assert!(!required, "{} is not there and USAGE_REQUIRE_DATA=1", path.display());
    eprintln!("not tested: {} is not there; USAGE_TEST_DATA names the folder of real data", path.display());
    None
}

/// The digits of a property that is an integer.
fn integer(data: &str, name: &str) -> u64 {
    let object = usage_json::object(data).unwrap();
    match object.get(name).unwrap() {
        Some(usage_json::Value::Number(digits)) => digits.parse().unwrap(),
        other => panic!("{name} is {other:?} in {data}"),
    }
}

#[test]
fn an_hour_of_real_requests_adds_up_to_the_last_token() {
    let Some(path) = real("azure_llm_code.csv") else { return };
    let mapping = Mapping { time: "TIMESTAMP".into(), subject: "=azure".parse().unwrap(), ..mapping() };
    let file = TabularFile::open(path, mapping).unwrap();
    let events: Vec<UsageEvent> = file.rows().unwrap().map(|row| row.unwrap().1).collect();
    let sum =
        |name: &str| events.iter().map(|event| integer(event.data.as_deref().unwrap(), name)).sum::<u64>();
    assert_eq!((events.len(), sum("ContextTokens"), sum("GeneratedTokens")), (8819, 18_059_974, 245_896));
    let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), 8819);
    assert_eq!(events[0].time.to_string(), "2023-11-16T18:17:03.97996Z");
}
