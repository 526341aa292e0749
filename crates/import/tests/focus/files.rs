//! What is said of files as a whole.

use crate::common::{COLUMNS, csv, file, gzip, read, row_with};
use std::error::Error;
use usage_import::ImportError;
use usage_import::focus::{CustomerBy, FocusFile, MAX_ROW, RowError};

fn refused(content: &[u8], by: &CustomerBy) -> String {
    let file = file(content);
    let error = FocusFile::open(file.path(), by).unwrap_err().to_string();
    error.replace(&file.path().display().to_string(), "FILE")
}

#[test]
fn a_file_that_is_not_focus_is_refused_with_all_that_is_missing() {
    let by = CustomerBy::SubAccount;
    let by_team: CustomerBy = "x_Team".parse().unwrap();
    let columns = COLUMNS.join(",");
    for (content, by, said) in [
        ("", &by, "FILE: this is not a FOCUS file: it is empty".to_string()),
        ("\u{feff}\r\n\n", &by, "FILE: this is not a FOCUS file: it is empty".into()),
        (
            "a,b\n1,2\n",
            &by,
            "FILE: this is not a FOCUS file: it has no column BilledCost, BillingCurrency, ChargePeriodStart, ServiceName, ProviderName, SubAccountId"
                .into(),
        ),
        (
            &columns.replace("BilledCost", "Cost"),
            &by_team,
            "FILE: this is not a FOCUS file: it has no column BilledCost".into(),
        ),
        (
            &columns,
            &by_team,
            format!(
                "FILE has no column \"x_Team\" to tell customers apart by; its columns are {}",
                COLUMNS.join(", ")
            ),
        ),
        ("A,B,A\n", &by, "FILE: the header has the column \"A\" twice".into()),
    ] {
        assert_eq!(refused(content.as_bytes(), by), said);
    }
    assert_eq!(refused(b"A,\xff\n", &by), "FILE: the header is not UTF-8 text");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = FocusFile::open("no/such.csv", &CustomerBy::SubAccount).unwrap_err();
    assert_eq!(error.to_string(), "no/such.csv cannot be read");
    assert!(error.source().is_some());
}

#[test]
fn a_file_that_breaks_off_ends_with_the_line_that_could_not_be_read() {
    let rows: Vec<String> = (0..2000).map(|i| row_with(&[("BilledCost", &i.to_string())])).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let packed = gzip(csv(&rows).as_bytes());
    let quoted = csv(&[&row_with(&[]), &row_with(&[("Tags", "\"{\"\"a\n")])]);
    let endless = csv(&[&row_with(&[]), &format!("\"{}", "x\n".repeat(MAX_ROW))]);
    for (content, line) in
        [(&packed[..packed.len() / 2], None), (quoted.as_bytes(), Some(3)), (endless.as_bytes(), Some(3))]
    {
        let mut rows = read(content);
        let last = rows.pop().unwrap().unwrap_err();
        let RowError::File(ImportError::BreaksOff { line: at, source, .. }) = last else {
            panic!("not the end of the file: {last}")
        };
        assert_eq!(at, line.unwrap_or(at), "{source}");
        assert!(rows.iter().all(Result::is_ok), "{source}");
        assert_eq!(at, rows.len() as u64 + 2, "{source}");
    }
}

#[test]
fn a_file_that_changed_between_two_readings_is_noticed() {
    let file = file(csv(&[&row_with(&[])]).as_bytes());
    let focus = FocusFile::open(file.path(), &CustomerBy::SubAccount).unwrap();
    let longer = csv(&[&row_with(&[]), &row_with(&[])]);
    for changed in [longer.as_str(), "A,B\n"] {
        std::fs::write(file.path(), changed).unwrap();
        assert!(matches!(focus.rows(), Err(ImportError::Changed { .. })), "{changed}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_whatever_stop_the_reading(
        rows in proptest::collection::vec("[\"\n\r,a0 ]{0,40}|[\\x00-\\xff]{0,20}", 0..8),
        cut in 0usize..400,
    ) {
        let text = csv(&rows.iter().map(String::as_str).chain([row_with(&[]).as_str()]).collect::<Vec<_>>());
        let bytes = text.as_bytes();
        let header = COLUMNS.join(",").len() + 1;
        let lines: Vec<u64> = read(&bytes[..bytes.len().min(header + cut)])
            .into_iter()
            .map(|row| match row {
                Ok(row) => row.line,
                Err(RowError::Bad(row)) => row.line,
                Err(RowError::File(ImportError::BreaksOff { line, .. })) => line,
                Err(RowError::File(other)) => panic!("{other}"),
            })
            .collect();
        proptest::prop_assert!(lines.is_sorted_by(|a, b| a < b), "{:?}", lines);
    }
}
