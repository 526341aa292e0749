//! Catalogs: reading all that is wrong, and what there is to do.

use crate::catalogs::catalog;
use proptest::prelude::*;
use usage_api::catalog::{Catalog, Step, diff, read, text};
use usage_domain::time::Timestamp;

/// A catalog in which everything has what it names.
const FILE: &str = r#"{
    "settings": {"seller": {"name": "Example Cloud", "address": "1 High Street\nLondon"}, "grace_days": 3},
    "meters": [{"key": "tokens", "aggregation": "sum", "event_type": "prompt", "value_property": "$.tokens",
                "group_by": {"model": "$.model"}}],
    "taxes": [{"key": "vat", "name": "VAT", "rate": 0.19}],
    "coupons": [{"key": "launch", "name": "Launch", "percentage": 0.2}],
    "plans": [{"key": "pro", "name": "Pro", "versions": [{"effective_from": "2026-11-01", "currency": "EUR",
        "items": [
            {"key": "base", "name": "Base", "price": {"model": "flat", "amount": 49}},
            {"key": "tokens", "name": "Tokens", "meter": "tokens", "price": {"model": "graduated", "tiers": [
                {"up_to": 1000, "unit_amount": 0}, {"up_to": null, "unit_amount": 0.10}]}}]}]}],
    "customers": [{"key": "acme", "name": "Acme", "currency": "EUR", "time_zone": "Europe/Berlin",
        "subjects": ["acme-api"], "taxes": ["vat"], "coupons": [{"coupon": "launch", "from": "2026-11"}],
        "subscriptions": [{"plan": "pro", "start": "2026-11-01"}]}]
}"#;

fn file() -> Catalog {
    read(FILE).unwrap()
}

fn changed(right: &str, wrong: &str) -> String {
    let text = FILE.replace(right, wrong);
    assert_ne!(text, FILE, "{right}");
    text
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let text = FILE
        .replace("\"sum\"", "\"median\"")
        .replace("0.19", "19")
        .replace("0.2}", "0.2, \"month\": 3}")
        .replace("\"amount\": 49", "\"amount\": \"a lot\"")
        .replace("Europe/Berlin", "Europe/Bonn")
        .replace("\"grace_days\"", "\"grace\"");
    let wrong = read(&text).unwrap_err();
    let said: Vec<String> =
        wrong.iter().map(|error| format!("{}: {:.60}", error.field, error.reason)).collect();
    assert_eq!(
        said,
        [
            "settings.grace: is not known here; known are seller, number_prefix, grace_da",
            "meters[0].aggregation: \"median\": must be SUM, COUNT, UNIQUE_COUNT, AVG, MIN, MAX, L",
            "taxes[0].rate: must be a fraction from 0 to 1 (0.1 is 10 %), not 19",
            "coupons[0].month: is not known here; known are key, name, percentage, amount, ",
            "plans[0].versions[0].items[0].price.amount: must be a decimal such as \"0.0004\", of at most 20 digits bef",
            "customers[0].time_zone: \"Europe/Bonn\" is not an IANA time zone, such as UTC or Europ",
        ]
    );
}

#[test]
fn what_is_wrong_with_one_thing_is_named() {
    for (right, wrong, said) in [
        (
            "\"customers\"",
            "\"customer\"",
            "customer: is not known here; known are settings, meters, taxes, coupons, plans, customers",
        ),
        (
            "\"key\": \"acme\", ",
            "",
            "customers[0].key: is missing, and so is number: one of them names the customer",
        ),
        ("\"Acme\"", "\" \"", "customers[0].name: must have 1 to 256 bytes"),
        (
            "\"start\": \"2026-11-01\"",
            "\"start\": \"2026-11-01\", \"end\": \"2026-11-01\"",
            "customers[0].subscriptions[0].end: must be after the start, 2026-10-31T23:00:00Z, not 2026-10-31T23:00:00Z",
        ),
        (
            "\"start\": \"2026-11-01\"",
            "\"starts\": \"2026-11-01\"",
            "customers[0].subscriptions[0].starts: is not known here; known are plan, version, start, end, trial_end, overrides",
        ),
        (
            "[{\"coupon\": \"launch\", \"from\": \"2026-11\"}]",
            "[{\"coupon\": \"launch\", \"from\": \"11/2026\"}]",
            "customers[0].coupons[0].from: \"11/2026\" is not a month of the years 1970 to 2261, such as 2026-11",
        ),
        (
            "[{\"coupon\": \"launch\", \"from\": \"2026-11\"}]",
            "[\"a\", \"a\"]",
            "customers[0].coupons[1]: \"a\" stands twice",
        ),
        (
            "\"key\": \"tokens\", \"aggregation\"",
            "\"key\": \"Tokens\", \"aggregation\"",
            "meters[0].key: must be 1 to 64 small letters and digits, in parts joined by single underscores",
        ),
        (
            "\"$.tokens\"",
            "\"tokens\"",
            "meters[0].value_property: \"tokens\": must be a JSONPath to one property, such as $.tokens, $.usage.tokens or $['my-tokens']",
        ),
        ("\"value_property\": \"$.tokens\",", "", "meters[0].value_property: SUM needs one, such as $.value"),
    ] {
        let wrong = read(&changed(right, wrong)).unwrap_err();
        let said_now: Vec<String> =
            wrong.iter().map(|error| format!("{}: {}", error.field, error.reason)).collect();
        assert_eq!(said_now, [said]);
    }
    let twice = changed("\"taxes\": [", "\"taxes\": [{\"key\": \"vat\", \"name\": \"Other\", \"rate\": 0}, ");
    let wrong = read(&twice).unwrap_err();
    assert_eq!(
        (wrong[0].field.as_str(), wrong[0].reason.as_str()),
        ("taxes[1]", "\"vat\" is taxes[0] already")
    );
    assert_eq!(read("null").unwrap_err()[0].field, "the file");
}

#[test]
fn an_empty_store_gets_everything_in_an_order_that_works() {
    let changes = diff(&Catalog::default(), &file());
    assert_eq!(changes.refused, []);
    assert_eq!(
        changes.to_string(),
        "~ settings
    grace_days: + 3
    seller: + {\"address\":[\"1 High Street\",\"London\"],\"name\":\"Example Cloud\"}
+ meter tokens
+ tax vat
+ coupon launch
+ plan pro
+ customer acme
    taxes: + [\"vat\"]
    coupons[launch]: + 2026-11
    subscriptions[pro from 2026-10-31T23:00:00Z]: + {}
5 new, 1 changed, 0 as they are"
    );
    let steps = &changes.changes[5].steps;
    assert!(matches!(steps[..], [Step::Create, Step::SetTaxes(_), Step::GiveCoupon(_), Step::Subscribe(_)]));
}

#[test]
fn changes_are_shown_field_by_field_and_nothing_goes_that_is_not_named() {
    assert!(diff(&file(), &Catalog::default()).is_empty());
    assert!(diff(&file(), &Catalog::default()).refused.is_empty());
    for (right, wrong, said) in [
        (
            "0.10}",
            "0.20}",
            "~ plan pro\n    versions[1].items[tokens].price.tiers[null].unit_amount: 0.1 → 0.2\n",
        ),
        (
            "\"up_to\": 1000",
            "\"up_to\": 2000",
            "~ plan pro\n    versions[1].items[tokens].price.tiers[1000]: - {\"unit_amount\":\"0\",\"up_to\":\"1000\"}\n    versions[1].items[tokens].price.tiers[2000]: + {\"unit_amount\":\"0\",\"up_to\":\"2000\"}\n",
        ),
        (
            "{\"key\": \"base\", \"name\": \"Base\", \"price\": {\"model\": \"flat\", \"amount\": 49}},",
            "",
            "~ plan pro\n    versions[1].items[base]: - {\"key\":\"base\",\"name\":\"Base\",\"price\":{\"amount\":\"49\",\"model\":\"flat\"}}\n",
        ),
        (
            "\"rate\": 0.19",
            "\"rate\": 0.2, \"inclusive\": true",
            "~ tax vat\n    inclusive: false → true\n    rate: 0.19 → 0.2\n",
        ),
        ("\"grace_days\": 3", "\"grace_days\": 5", "~ settings\n    grace_days: 3 → 5\n"),
        (", \"grace_days\": 3", "", ""),
        ("\"name\": \"Acme\"", "\"name\": \"Acme Inc\"", "~ customer acme\n    name: Acme → Acme Inc\n"),
        ("\"subjects\": [\"acme-api\"], \"taxes\": [\"vat\"], ", "", ""),
        (
            "\"subjects\": [\"acme-api\"]",
            "\"subjects\": [\"acme-web\"]",
            "~ customer acme\n    subjects: [\"acme-api\"] → [\"acme-api\",\"acme-web\"]\n",
        ),
        ("\"coupons\": [{\"coupon\": \"launch\", \"from\": \"2026-11\"}],", "", ""),
        ("{\"coupon\": \"launch\", \"from\": \"2026-11\"}", "\"launch\"", ""),
        ("{\"plan\": \"pro\", \"start\": \"2026-11-01\"}", "{\"plan\": \"pro\"}", ""),
        ("{\"plan\": \"pro\", \"start\": \"2026-11-01\"}", "", ""),
        (
            "\"start\": \"2026-11-01\"",
            "\"start\": \"2026-11-01\", \"end\": \"2026-12-01\"",
            "~ customer acme\n    subscriptions[pro from 2026-10-31T23:00:00Z].end: + 2026-11-30T23:00:00Z\n",
        ),
        (
            "\"start\": \"2026-11-01\"",
            "\"start\": \"2027-01-01\", \"version\": 1",
            "~ customer acme\n    subscriptions[pro from 2026-12-31T23:00:00Z]: + {\"version\":1}\n",
        ),
    ] {
        let changes = diff(&file(), &read(&changed(right, wrong)).unwrap());
        assert_eq!(changes.refused, []);
        let text = changes.to_string();
        let (shown, _) = text.rsplit_once('\n').unwrap_or(("", &text));
        assert_eq!(shown, said.trim_end(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_before_anything_is() {
    let start = "\"start\": \"2026-11-01\"";
    for (right, wrong, field, said) in [
        (
            "\"sum\"",
            "\"max\"",
            "meters[0].aggregation",
            "what the meter \"tokens\" measures never changes; make another meter under another key",
        ),
        (
            "\"effective_from\": \"2026-11-01\"",
            "\"version\": 2, \"effective_from\": \"2026-11-01\"",
            "plans[0].versions",
            "the plan \"pro\" has a version 1 (from 2026-11-01T00:00:00Z) that the file lacks; no version ever goes",
        ),
        (
            "\"meter\": \"tokens\"",
            "\"meter\": \"token\"",
            "plans[0]",
            "item \"tokens\" of version 1: meter: there is no meter \"token\"; there are tokens",
        ),
        (
            "\"meter\": \"tokens\"",
            "\"meter\": \"tokens\", \"details\": [\"region\"]",
            "plans[0]",
            "item \"tokens\" of version 1: details: the meter \"tokens\" has no dimension \"region\"; it has model",
        ),
        (
            "\"meter\": \"tokens\"",
            "\"meter\": \"tokens\", \"filters\": {\"region\": [\"eu\"]}",
            "plans[0]",
            "item \"tokens\" of version 1: filters: the meter \"tokens\" has no dimension \"region\"; it has model",
        ),
        (
            "\"taxes\": [\"vat\"]",
            "\"taxes\": [\"gst\"]",
            "customers[0].taxes[0]",
            "\"gst\": there is no such tax; there are vat",
        ),
        (
            "{\"coupon\": \"launch\"",
            "{\"coupon\": \"lunch\"",
            "customers[0].coupons[0]",
            "\"lunch\": there is no such coupon; there are launch",
        ),
        (
            "\"from\": \"2026-11\"",
            "\"from\": \"2026-12\"",
            "customers[0].coupons[0].from",
            "the customer has \"launch\" from 2026-11 on; take it away first",
        ),
        (
            "{\"plan\": \"pro\"",
            "{\"plan\": \"por\"",
            "customers[0].subscriptions[0].plan",
            "\"por\": there is no such plan; there are pro",
        ),
        (
            start,
            &format!("{start}, \"version\": 1"),
            "customers[0].subscriptions[0].version",
            "is another one than that of the subscription to \"pro\" from 2026-10-31T23:00:00Z; a subscription does not change: end it, and begin another with a later start",
        ),
    ] {
        let changes = diff(&file(), &read(&changed(right, wrong)).unwrap());
        let [refused] = &changes.refused[..] else { panic!("{:?}", changes.refused) };
        assert_eq!((refused.field.as_str(), refused.reason.as_str()), (field, said));
    }
}

#[test]
fn a_customer_is_known_by_its_key_or_else_its_number() {
    let by_number = read(r#"{"customers": [{"number": 456, "name": "Bob"}]}"#).unwrap();
    let both = read(r#"{"customers": [{"key": "bob", "number": 456, "name": "Bob"}]}"#).unwrap();
    assert!(diff(&both, &by_number).is_empty());
    assert_eq!(
        diff(&by_number, &both).to_string(),
        "~ customer bob\n    key: + bob\n0 new, 1 changed, 0 as they are"
    );
    assert_eq!(by_number.customers[0].reference(), "number:456");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_catalog_is_read_back_as_it_was_written(catalog in catalog()) {
        let text = text(&catalog);
        prop_assert_eq!(read(&text), Ok(catalog), "{}", text);
    }

    #[test]
    fn what_is_there_or_left_out_needs_no_change(catalog in catalog(), left_out in any::<u32>()) {
        let mut there = catalog;
        for customer in &mut there.customers {
            for (nanos, on) in (0..).zip(&mut customer.subscriptions) {
                on.start = Timestamp::from_nanos(nanos);
            }
        }
        let mut wanted = there.clone();
        let stays = |place: usize| left_out & 1 << place == 0;
        wanted.meters.retain(|_| stays(0));
        wanted.taxes.retain(|_| stays(1));
        wanted.coupons.retain(|_| stays(2));
        wanted.plans.retain(|_| stays(3));
        wanted.settings.seller = wanted.settings.seller.filter(|_| stays(4));
        for customer in &mut wanted.customers {
            customer.number = customer.number.filter(|_| stays(5));
            customer.currency = customer.currency.filter(|_| stays(6));
            customer.zone = customer.zone.take().filter(|_| stays(7));
            customer.subjects = customer.subjects.take().filter(|_| stays(8));
            customer.taxes = customer.taxes.take().filter(|_| stays(9));
            customer.coupons.retain(|_| stays(10));
            customer.subscriptions.retain(|_| stays(11));
            for on in &mut customer.subscriptions {
                on.end = on.end.filter(|_| stays(12));
                on.trial_end = on.trial_end.filter(|_| stays(13));
            }
        }
        let changes = diff(&there, &wanted);
        prop_assert!(changes.is_empty(), "{}", changes);
        let differs = |error: &&usage_api::problem::FieldError| error.reason.contains("is another one than");
        prop_assert_eq!(changes.refused.iter().find(differs), None);
    }
}
