//! What a row becomes.

use crate::common::{COLUMNS, csv, file, good, row_with};
use usage_import::focus::{CustomerBy, FocusFile};

#[test]
fn a_row_becomes_a_charge_of_its_customer_with_exact_digits() {
    let rows = good(csv(&[&row_with(&[("Tags", r#""{""team"": ""a"", ""n"": 1.10}""#)])]).as_bytes());
    let row = &rows[0];
    assert_eq!(row.customer.key.as_deref(), Some("AWS:1"));
    assert_eq!((row.customer.name.as_str(), row.customer.currency.code()), ("One", "USD"));
    assert_eq!((row.event.subject.as_str(), row.event.source.as_str()), ("AWS:1", "focus/AWS"));
    assert_eq!((row.event.event_type.as_str(), row.event.time_given), ("usage.charge", true));
    assert_eq!(row.event.time.to_string(), "2024-09-18T22:00:00Z");
    assert_eq!(
        row.event.data.as_deref().unwrap(),
        concat!(
            r#"{"service":"Queue","description":"Requests","amount":"0.00000080000","currency":"USD","#,
            r#""quantity":"2.000","unit":"Requests","billing_account_id":"9","sub_account_id":"1","#,
            r#""tags":{"team": "a", "n": 1.10}}"#
        )
    );
}

#[test]
fn credits_negative_amounts_and_rows_without_a_quantity_or_a_service_are_kept() {
    for (changes, part) in [
        (vec![("BilledCost", "-12.50")], r#""amount":"-12.50""#),
        (vec![("BilledCost", "1e-7")], r#""amount":"1e-7""#),
        (
            vec![("ConsumedQuantity", "NULL"), ("ConsumedUnit", "")],
            r#""currency":"USD","billing_account_id""#,
        ),
        (vec![("ConsumedQuantity", "-3")], r#""quantity":"-3""#),
        (vec![("ServiceName", "NULL")], r#"{"description":"Requests""#),
    ] {
        let rows = good(csv(&[&row_with(&changes)]).as_bytes());
        let data = rows[0].event.data.as_deref().unwrap();
        assert!(data.contains(part), "{changes:?}: {data}");
    }
}

#[test]
fn the_priced_quantity_counts_where_none_was_consumed() {
    let header = "ProviderName,SubAccountId,ServiceName,BilledCost,BillingCurrency,ChargePeriodStart,\
        ConsumedQuantity,ConsumedUnit,PricingQuantity,PricingUnit\n";
    let row = "AWS,1,S,1,USD,2024-09-18 22:00:00";
    for (quantities, part) in [
        ("2,GB,4,Hours", r#""quantity":"2","unit":"GB","#),
        ("NULL,NULL,4,Hours", r#""quantity":"4","unit":"Hours","#),
        ("NULL,GB,4,Hours", r#""quantity":"4","unit":"Hours","#),
        ("2,,4,Hours", r#""quantity":"2","pricing_quantity":"4""#),
    ] {
        let rows = good(format!("{header}{row},{quantities}\n").as_bytes());
        let data = rows[0].event.data.as_deref().unwrap();
        assert!(data.contains(part), "{quantities}: {data}");
    }
}

#[test]
fn tags_that_are_no_flat_object_are_kept_as_a_text() {
    for (tags, kept) in [
        (r#""{""a"":{""b"":1}}""#, r#""tags":"{\"a\":{\"b\":1}}"}"#),
        (r#""{""a"":1,""a"":2}""#, r#""tags":"{\"a\":1,\"a\":2}"}"#),
        (r#""{""a"":""\ud800""}""#, r#""tags":"{\"a\":\"\\ud800\"}"}"#),
        ("team:a", r#""tags":"team:a"}"#),
    ] {
        let rows = good(csv(&[&row_with(&[("Tags", tags)])]).as_bytes());
        let data = rows[0].event.data.as_deref().unwrap();
        assert!(data.ends_with(kept), "{tags}: {data}");
        usage_json::canonical(data, &mut Vec::new()).unwrap();
    }
}

#[test]
fn details_beyond_the_size_of_an_event_are_left_out() {
    let tags = "x".repeat(70_000);
    let rows = good(csv(&[&row_with(&[("Tags", &tags)])]).as_bytes());
    let data = rows[0].event.data.as_deref().unwrap();
    assert!(data.contains(r#""amount":"0.00000080000""#) && !data.contains("xxx"));
}

#[test]
fn a_customer_is_its_provider_and_account_or_the_columns_asked_for() {
    let columns = |text: &str| text.parse::<CustomerBy>().unwrap();
    for (by, changes, key, name) in [
        (CustomerBy::SubAccount, vec![("SubAccountId", "NULL")], "AWS:9", "One"),
        (CustomerBy::SubAccount, vec![("SubAccountName", "NULL")], "AWS:1", "AWS:1"),
        (columns("SubAccountName"), vec![], "One", "One"),
        (columns("ServiceName,BillingAccountId"), vec![("ProviderName", "")], "Queue:9", "One"),
    ] {
        let file = file(csv(&[&row_with(&changes)]).as_bytes());
        let focus = FocusFile::open(file.path(), &by).unwrap();
        let row = focus.rows().unwrap().next().unwrap().unwrap();
        assert_eq!((row.event.subject.as_str(), row.customer.name.as_str()), (key, name), "{changes:?}");
    }
}

#[test]
fn the_provider_column_of_focus_1_3_is_the_provider() {
    let text = csv(&[&row_with(&[])]);
    let renamed = text.replacen("ProviderName", "ServiceProviderName", 1);
    let row = &good(renamed.as_bytes())[0];
    assert_eq!((row.event.subject.as_str(), row.event.source.as_str()), ("AWS:1", "focus/AWS"));
}

#[test]
fn a_byte_order_mark_crlf_and_a_missing_last_line_end_are_no_content() {
    let text = csv(&[&row_with(&[]), &row_with(&[("Tags", "\"a\"")])]);
    let events = |text: &str| good(text.as_bytes()).into_iter().map(|row| row.event).collect::<Vec<_>>();
    let plain = events(&text);
    for other in [
        format!("\u{feff}{text}"),
        text.replace('\n', "\r\n"),
        text.trim_end().to_string(),
        format!("\n{}\n\n", text.replace('\n', "\r\n\r\n")),
    ] {
        assert_eq!(events(&other), plain, "{other:?}");
    }
    assert_eq!(plain.len(), 2);
    assert_eq!(COLUMNS.len(), text.lines().next().unwrap().split(',').count());
}
