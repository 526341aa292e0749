//! What is said of rows that cannot be billed.

use crate::common::{ROW, csv, file, good, read, row_with};
use usage_import::focus::{BadRow, BadRows, CustomerBy, FocusFile, ImportedRow, RowError};

fn bad(row: Result<ImportedRow, RowError>) -> BadRow {
    match row {
        Err(RowError::Bad(bad)) => *bad,
        other => panic!("not a bad row: {other:?}"),
    }
}

#[test]
fn a_bad_row_says_its_line_its_column_its_value_and_the_reason() {
    let (long, label) = ("9".repeat(30), "x".repeat(2049));
    let shown = "x".repeat(64);
    for (changes, said) in [
        (vec![("BilledCost", "NULL")], "line 2: BilledCost \"NULL\": must not be null".to_string()),
        (vec![("BilledCost", "")], "line 2: BilledCost: must not be null".into()),
        (vec![("BilledCost", "twelve")], "line 2: BilledCost \"twelve\": not a number".into()),
        (vec![("BilledCost", "NaN")], "line 2: BilledCost \"NaN\": value cannot be NaN".into()),
        (
            vec![("BilledCost", long.as_str())],
            format!("line 2: BilledCost \"{long}\": more than 20 digits before the decimal point"),
        ),
        (
            vec![("BilledCost", "1e-19")],
            "line 2: BilledCost \"1e-19\": more than 18 digits after the decimal point".into(),
        ),
        (vec![("ConsumedQuantity", "many")], "line 2: ConsumedQuantity \"many\": not a number".into()),
        (
            vec![("BillingCurrency", "usd")],
            "line 2: BillingCurrency \"usd\": not an ISO 4217 currency code, such as USD, EUR or JPY".into(),
        ),
        (vec![("BillingCurrency", "NULL")], "line 2: BillingCurrency \"NULL\": must not be null".into()),
        (
            vec![("ChargePeriodStart", "09/18/2024")],
            "line 2: ChargePeriodStart \"09/18/2024\": not a time, such as 2024-09-18T23:00:00Z or 2024-09-18 23:00:00"
                .into(),
        ),
        (
            vec![("ChargePeriodStart", "1969-12-31 00:00:00")],
            "line 2: ChargePeriodStart \"1969-12-31 00:00:00\": outside the years 1970 to 2261".into(),
        ),
        (vec![("ProviderName", "NULL")], "line 2: ProviderName \"NULL\": must not be null".into()),
        (
            vec![("SubAccountId", ""), ("BillingAccountId", "")],
            "line 2: SubAccountId: must not be null".into(),
        ),
        (
            vec![("ServiceName", label.as_str())],
            format!("line 2: ServiceName \"{shown}\"…: longer than 2048 bytes"),
        ),
        (
            vec![("SubAccountName", label.as_str())],
            format!("line 2: SubAccountName \"{shown}\"…: must have 1 to 256 bytes"),
        ),
        (
            vec![("SubAccountId", label.as_str())],
            format!("line 2: SubAccountId \"{shown}\"…: the customer's key must have 1 to 256 bytes"),
        ),
        (vec![("Tags", "a,b")], "line 2: 13 fields, where the header has 12".into()),
    ] {
        // What follows a bad row is read all the same.
        let mut rows = read(csv(&[&row_with(&changes), &ROW.join(",")]).as_bytes());
        assert_eq!(rows.len(), 2, "{changes:?}");
        assert_eq!(rows.pop().unwrap().unwrap().line, 3);
        assert_eq!(bad(rows.pop().unwrap()).to_string(), said, "{changes:?}");
    }
}

#[test]
fn a_second_currency_of_a_customer_is_a_bad_row() {
    let text = csv(&[
        &row_with(&[]),
        &row_with(&[("BillingCurrency", "EUR")]),
        &row_with(&[("BillingCurrency", "EUR"), ("SubAccountId", "2")]),
    ]);
    let mut rows = read(text.as_bytes());
    assert_eq!(rows.pop().unwrap().unwrap().customer.currency.code(), "EUR");
    assert_eq!(
        bad(rows.pop().unwrap()).to_string(),
        "line 3: BillingCurrency \"EUR\": customer AWS:1 has rows in USD before: one currency each"
    );
}

#[test]
fn a_bad_row_does_not_decide_the_currency_of_its_customer() {
    let text =
        csv(&[&row_with(&[("BillingCurrency", "EUR"), ("ChargePeriodStart", "never")]), &row_with(&[])]);
    let rows = read(text.as_bytes());
    assert!(rows[0].is_err() && rows[1].is_ok());
}

#[test]
fn bytes_that_are_no_text_are_named_by_column_and_kept_as_they_are() {
    let mut text = csv(&[]).into_bytes();
    text.extend_from_slice(b"AWS,1,One,9,Queue,Requests,1,USD,2,\xffGB,2024-09-18 22:00:00,\n");
    let row = bad(read(&text).pop().unwrap());
    assert_eq!(row.to_string(), "line 2: ConsumedUnit \"\u{fffd}GB\": not UTF-8 text");
    assert_eq!(row.record.get(9), Some(&b"\xffGB"[..]));
}

#[test]
fn the_line_is_where_the_row_starts_whatever_ends_the_lines() {
    let two_lines = row_with(&[("ChargeDescription", "\"a\nb\"")]);
    let wrong = row_with(&[("BilledCost", "x")]);
    let text = csv(&[&two_lines, &wrong, "", &wrong, &two_lines]);
    for text in [text.clone(), text.replace('\n', "\r\n"), text.trim_end().to_string()] {
        let lines: Vec<u64> = read(text.as_bytes())
            .into_iter()
            .map(|row| match row {
                Ok(row) => row.line,
                bad_row => bad(bad_row).line,
            })
            .collect();
        assert_eq!(lines, [2, 4, 6, 7], "{text:?}");
    }
}

#[test]
fn bad_rows_written_out_and_mended_are_imported_like_the_others() {
    let text =
        csv(&[&row_with(&[]), &row_with(&[("BilledCost", "1x5"), ("Tags", "\"a, \"\"b\"\"\"")]), "AWS,1"]);
    let source = file(text.as_bytes());
    let focus = FocusFile::open(source.path(), &CustomerBy::SubAccount).unwrap();
    let mut written = Vec::new();
    let mut bad_rows = BadRows::new(&mut written, focus.columns()).unwrap();
    for row in focus.rows().unwrap().filter(Result::is_err) {
        bad_rows.write(&bad(row)).unwrap();
    }
    bad_rows.finish().unwrap();
    let written = String::from_utf8(written).unwrap();
    let wrong = row_with(&[("BilledCost", "1x5"), ("Tags", "\"a, \"\"b\"\"\"")]);
    assert_eq!(written, csv(&[&wrong, "AWS,1"]));
    let mended = written.replace("1x5", "1.5").replace("\nAWS,1\n", "\n");
    let whole = row_with(&[("BilledCost", "1.5"), ("Tags", "\"a, \"\"b\"\"\"")]);
    assert_eq!(good(mended.as_bytes()), good(csv(&[&whole]).as_bytes()));
}
