//! Fixtures from the outside: what they become and what is said of wrong ones.

use usage_domain::charge::{Charge, Field};
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::time::Zone;
use usage_import::fixture::{Fixture, FixtureText};
use usage_json::Value;

fn text(file: &str, text: &str) -> FixtureText {
    FixtureText { file: file.to_string(), text: text.to_string() }
}

fn read(texts: &[&str]) -> Result<Fixture, String> {
    let files: Vec<_> = (1..).zip(texts).map(|(i, t)| text(&format!("{i}.json"), t)).collect();
    Fixture::read(&files, None, |number| (number == 7).then(Zone::utc)).map_err(|error| error.to_string())
}

/// The sample, as loaded in the middle of a month.
fn sample(month: Option<&str>) -> Fixture {
    let files = ["usage_data.json", "customer_data.json"]
        .map(|name| FixtureText::read(format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    let moment = month.map(|month| format!("{month}-15T00:00:00Z").parse().unwrap());
    Fixture::read(&files, moment, |_| None).unwrap()
}

fn charge(data: &str) -> Charge {
    let object = usage_json::object(data).unwrap();
    let text = |name: &str| match object.get(name).unwrap() {
        Some(Value::Text(text)) => Some(text.into_owned()),
        _ => None,
    };
    let names = ["quantity", "unit_price", "amount", "service", "description", "unit", "currency"];
    let texts = names.map(|name| (name, text(name)));
    Charge::read(|name| texts.iter().find(|(n, _)| *n == name)?.1.as_deref().map(Field::Text)).unwrap()
}

#[test]
fn a_row_becomes_a_charge_with_the_digits_as_they_are_written() {
    let fixture = read(&[
        r#"[{"model": "usage_app.UsageRecord", "pk": 9, "fields": {"customer": 456, "usage_date": "2023-08-05",
            "units_consumed": 1.10e2, "price_per_unit": "0.050", "unit": "GB", "description": null}}]"#,
        r#"[{"model": "usage_app.customer", "pk": 456, "fields": {"name": "Bob", "time_zone": "Asia/Tokyo"}}]"#,
    ])
    .unwrap();
    let row = &fixture.rows[0];
    assert_eq!((row.file.as_str(), row.line, row.customer, row.processed), ("1.json", 1, 456, false));
    assert_eq!(row.month.to_string(), "2023-08");
    let event = &row.event;
    assert_eq!((event.id.as_str(), event.source.as_str()), ("usage_app.usagerecord:9", "fixture"));
    assert_eq!((event.subject.as_str(), event.event_type.as_str()), ("456", "usage.charge"));
    assert_eq!(event.time.to_string(), "2023-08-04T15:00:00Z");
    assert_eq!(event.data.as_deref(), Some(r#"{"quantity":"1.10e2","unit":"GB","unit_price":"0.050"}"#));
}

#[test]
fn a_customer_pays_for_its_number_its_key_and_its_subjects() {
    let fixture = read(&[r#"[
        {"model": "a.customer", "pk": 1, "fields": {"name": "One", "key": "one", "currency": "EUR", "subjects": ["x"]}},
        {"model": "Customer", "pk": 2, "fields": {"name": "Two", "subjects": ["2"]}}
    ]"#])
    .unwrap();
    let shown: Vec<_> = fixture
        .customers
        .iter()
        .map(|c| (c.number, c.currency.code(), c.all_subjects().collect::<Vec<_>>()))
        .collect();
    assert_eq!(shown, [(Some(1), "EUR", vec!["one", "x", "1"]), (Some(2), "USD", vec!["2"])]);
}

#[test]
fn the_customer_may_be_one_that_the_caller_knows() {
    let row = r#"[{"model": "usage", "pk": 1, "fields": {"customer": 7, "usage_date": "2023-08-05T10:00:00Z", "units_consumed": 1, "price_per_unit": 2, "processed": true}}]"#;
    let fixture = read(&[row]).unwrap();
    assert!(fixture.rows[0].processed && fixture.customers.is_empty());
    assert_eq!(
        read(&[&row.replace('7', "8")]).unwrap_err(),
        "1.json line 1: customer: there is no customer 8"
    );
}

#[test]
fn what_is_no_fixture_is_refused_with_its_file_and_line() {
    for (text, said) in [
        ("", "1.json line 1: not JSON: EOF while parsing a value at column 0"),
        ("[\n{]", "1.json line 2: not JSON: key must be a string at column 2"),
        ("{}", "1.json line 1: a fixture is a JSON array of records"),
        ("[\n\n5]", "1.json line 3: a record is an object with model, pk and fields"),
        ("[{}]", "1.json line 1: model: is missing"),
        ("[{\"model\": 5}]", "1.json line 1: model: must be a text, such as \"usage_app.customer\""),
        (
            "[{\"model\": \"auth.User\"}]",
            "1.json line 1: model: \"auth.user\" is unknown; the models are customer and usage",
        ),
        ("[{\"model\": \"usage\"}]", "1.json line 1: pk: is missing"),
        (
            "[{\"model\": \"usage\",\n\"pk\": \"1\"}]",
            "1.json line 2: pk: must be an integer from 1 to 9007199254740991",
        ),
        (
            "[{\"model\": \"usage\", \"pk\": 0}]",
            "1.json line 1: pk: must be an integer from 1 to 9007199254740991",
        ),
        ("[{\"model\": \"usage\", \"pk\": 1}]", "1.json line 1: fields: is missing"),
        (
            "[{\"model\": \"usage\", \"pk\": 1, \"pk\": 2}]",
            "1.json line 1: the key \"pk\" stands twice in one object",
        ),
        (
            "[{\"model\": \"usage\", \"pk\": 1, \"fields\": {}, \"more\": 1}]",
            "1.json line 1: more: is unknown; a record has model, pk and fields",
        ),
    ] {
        assert_eq!(read(&[text]).unwrap_err(), said, "{text}");
    }
}

/// A row of usage in which one field is another, on a line of its own each.
fn usage_with(field: &str, value: Option<&str>) -> String {
    let mut fields = vec![
        ("customer", "7"),
        ("usage_date", "\"2023-08-05\""),
        ("units_consumed", "1.5"),
        ("price_per_unit", "2"),
    ];
    fields.retain(|(name, _)| *name != field);
    fields.extend(value.map(|value| (field, value)));
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("[\n{{\"model\": \"usage\", \"pk\": 1, \"fields\": {{\n{}\n}}}}]", fields.join(",\n"))
}

#[test]
fn a_wrong_field_is_refused_with_its_line_and_the_reason() {
    let large = format!("\"{}\"", "9".repeat(21));
    for (field, value, said) in [
        ("units_consumed", None, "1.json line 2: units_consumed: is missing"),
        ("units_consumed", Some("null"), "1.json line 6: units_consumed: is missing"),
        ("units_consumed", Some("\"twelve\""), "1.json line 6: units_consumed: not a number"),
        ("units_consumed", Some("true"), "1.json line 6: units_consumed: must be a number"),
        ("units_consumed", Some("-1"), "1.json line 6: units_consumed: must not be negative"),
        ("price_per_unit", Some("-0.01"), "1.json line 6: price_per_unit: must not be negative"),
        (
            "price_per_unit",
            Some("1e400"),
            "1.json line 6: price_per_unit: more than 20 digits before the decimal point",
        ),
        (
            "units_consumed",
            Some(large.as_str()),
            "1.json line 6: units_consumed: more than 20 digits before the decimal point",
        ),
        (
            "units_consumed",
            Some("1e-19"),
            "1.json line 6: units_consumed: more than 18 digits after the decimal point",
        ),
        (
            "units_consumed",
            Some("99999999999999999999"),
            "1.json line 2: units_consumed × price_per_unit: more than 20 digits before the decimal point",
        ),
        ("usage_date", None, "1.json line 2: usage_date: is missing"),
        ("usage_date", Some("20230805"), "1.json line 6: usage_date: must be a text"),
        (
            "usage_date",
            Some("\"2023-02-29\""),
            "1.json line 6: usage_date: \"2023-02-29\" is a date that no calendar has",
        ),
        ("customer", Some("\"7\""), "1.json line 6: customer: must be a positive integer"),
        ("customer", Some("8"), "1.json line 6: customer: there is no customer 8"),
        ("processed", Some("\"yes\""), "1.json line 7: processed: must be true or false"),
        ("service", Some("5"), "1.json line 7: service: must be a text"),
        (
            "currency",
            Some("\"BTC\""),
            "1.json line 7: currency: must be an ISO 4217 currency code, such as EUR",
        ),
        (
            "unit_price",
            Some("5"),
            "1.json line 7: unit_price: is unknown; the fields are customer, usage_date, units_consumed, price_per_unit, processed, service, description, unit, currency",
        ),
    ] {
        assert_eq!(read(&[&usage_with(field, value)]).unwrap_err(), said, "{field} {value:?}");
    }
    assert_eq!(read(&[&usage_with("service", Some("null"))]).unwrap().rows.len(), 1);
}

#[test]
fn a_wrong_customer_is_refused_with_the_field_and_the_reason() {
    for (fields, said) in [
        ("{}", "name: is missing"),
        (r#"{"name": ""}"#, "name: must have 1 to 256 bytes"),
        (r#"{"name": 5}"#, "name: must be a text"),
        (
            r#"{"name": "A", "currency": "usd"}"#,
            "currency: \"usd\" is not an ISO 4217 currency code, such as USD, EUR or JPY",
        ),
        (
            r#"{"name": "A", "time_zone": "Berlin"}"#,
            "time_zone: \"Berlin\" is not an IANA time zone, such as UTC or Europe/Berlin",
        ),
        (r#"{"name": "A", "key": ""}"#, "key: must have 1 to 256 bytes"),
        (r#"{"name": "A", "subjects": ["a", 5]}"#, "subjects: must be a list of texts"),
        (r#"{"name": "A", "subjects": "a"}"#, "subjects: must be a list of texts"),
        (r#"{"name": "A", "subjects": [""]}"#, "subjects: each must have 1 to 1024 bytes"),
        (
            r#"{"name": "A", "email": "a"}"#,
            "email: is unknown; the fields are name, key, currency, time_zone, subjects",
        ),
    ] {
        let text = format!(r#"[{{"model": "customer", "pk": 1, "fields": {fields}}}]"#);
        assert_eq!(read(&[&text]).unwrap_err(), format!("1.json line 1: {said}"), "{fields}");
    }
}

#[test]
fn what_stands_twice_in_several_files_is_refused() {
    let customer = |pk: u32, more: &str| {
        format!(r#"[{{"model": "customer", "pk": {pk}, "fields": {{"name": "A"{more}}}}}]"#)
    };
    for (first, second, said) in [
        (customer(1, ""), customer(1, ""), "pk: the customer 1 stands twice in the fixtures"),
        (
            customer(1, r#", "key": "a""#),
            customer(2, r#", "key": "a""#),
            "key: the usage of \"a\" is paid for by customer 1 already",
        ),
        (
            customer(2, r#", "subjects": ["1"]"#),
            customer(1, ""),
            "subjects: the usage of \"1\" is paid for by customer 2 already",
        ),
    ] {
        assert_eq!(read(&[&first, &second]).unwrap_err(), format!("2.json line 1: {said}"));
    }
}

#[test]
fn the_sample_has_bob_with_a_line_that_is_rounded_once_and_alice_without_usage() {
    let fixture = sample(None);
    let name = |number| fixture.customers.iter().find(|c| c.number == Some(number)).map(|c| c.name.as_str());
    assert_eq!((name(123), name(456)), (Some("Alice"), Some("Bob")));
    let of = |number| fixture.rows.iter().filter(move |row| row.customer == number);
    assert_eq!(of(123).count(), 0);
    let charges: Vec<_> = of(456).map(|row| charge(row.event.data.as_deref().unwrap())).collect();
    let exact = charges.iter().fold(Decimal::ZERO, |sum, charge| sum.add(charge.amount).unwrap());
    assert_eq!(exact.to_string(), "16.6075");
    let bill = Money { amount: exact, currency: "USD".parse().unwrap() }.rounded().unwrap();
    assert_eq!(bill.to_string(), "$16.61");
    assert!(charges.iter().all(|charge| charge.group.service == charges[0].group.service));
    assert!(fixture.rows.iter().all(|row| !row.processed));
    assert!(fixture.rows.iter().all(|row| row.month.to_string() == "2023-08"));
}

#[test]
fn the_sample_moved_into_a_month_is_all_in_it_under_ids_of_that_month() {
    for month in ["2026-11", "2027-02", "2028-02", "2026-03", "2023-08"] {
        let fixture = sample(Some(month));
        assert_eq!(fixture.rows.len(), sample(None).rows.len());
        for row in &fixture.rows {
            assert_eq!(row.month.to_string(), month, "{row:?}");
            assert!(row.event.id.ends_with(&format!("@{month}")), "{row:?}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_whatever_stops_the_reading(text in "[\\[\\]{}\",:a0é\n ]{0,40}", cut in 0usize..200) {
        let whole = usage_with("service", Some("\"é\""));
        let cut = whole.char_indices().map(|(i, _)| i).nth(cut).unwrap_or(whole.len());
        for text in [text.clone(), format!("{}{text}{}", &whole[..cut], &whole[cut..]), format!("[{text}]")] {
            let _ = read(&[&text]);
        }
    }
}
