//! What is wrong in a document is named by its path, with the value and what would be right.

use usage_api::problem::FieldError;
use usage_api::stored;

const PLAN: &str = r#"{"key": "pro", "name": "Pro", "versions": [
    {"effective_from": "2026-12-01", "currency": "USD", "items": []},
    {"effective_from": "2026-11-01", "currency": "USD", "trial_days": 14, "minimum_amount": 49.90, "items": [
        {"key": "base", "name": "Base", "price": {"model": "flat", "amount": "49"}},
        {"key": "tokens", "name": "Tokens", "meter": "tokens_total", "details": ["model"],
         "filters": {"model": ["a", null], "region": "eu"},
         "price": {"model": "graduated", "tiers": [
            {"up_to": 1000, "unit_amount": 0.10}, {"up_to": null, "unit_amount": 1e-7}]}}
    ]}
]}"#;

fn shown<T>(read: Result<T, FieldError>) -> String {
    read.err().map_or("nothing".to_string(), |error| format!("{}: {}", error.field, error.reason))
}

#[test]
fn a_plan_by_hand_is_read_with_its_digits_and_its_versions_in_order() {
    let plan = stored::plan(PLAN).unwrap();
    let versions: Vec<_> =
        plan.versions.iter().map(|v| (v.number, v.effective_from.to_string(), v.trial_days)).collect();
    let first = (1, "2026-11-01T00:00:00Z".to_string(), 14);
    assert_eq!(versions, [first, (2, "2026-12-01T00:00:00Z".to_string(), 0)]);
    let text = stored::plan_text(&plan);
    for digits in ["\"0.1\"", "\"0.0000001\"", "\"49.9\"", "[null,\"a\"]", "\"region\":\"eu\""] {
        assert!(text.contains(digits), "{digits} in {text}");
    }
}

#[test]
fn what_is_wrong_with_a_plan_is_named() {
    for (right, wrong, said) in [
        (
            "\"trial_days\": 14",
            "\"trail_days\": 14",
            "versions[1].trail_days: is not known here; known are version, effective_from, currency, trial_days, minimum_amount, corrections, items",
        ),
        (
            "\"trial_days\": 14",
            "\"trial_days\": 1.5",
            "versions[1].trial_days: must be a whole number from 0 to 18446744073709551615, not 1.5",
        ),
        (
            "\"trial_days\": 14",
            "\"trial_days\": 9999",
            "versions[1].trial_days: must be at most 3660, not 9999",
        ),
        (
            "\"USD\", \"trial",
            "\"US\", \"trial",
            "versions[1].currency: \"US\" is not an ISO 4217 currency code, such as USD, EUR or JPY",
        ),
        (
            "\"USD\", \"items",
            "\"EUR\", \"items",
            "versions[0].currency: must be USD, as every version of the plan, not EUR",
        ),
        (
            "2026-12-01",
            "2026-11-01",
            "versions[1].effective_from: 2026-11-01T00:00:00Z is the moment of another version too; a plan has one version at a time",
        ),
        (
            "2026-12-01",
            "2026-11-31",
            "versions[0].effective_from: \"2026-11-31\" is not an RFC 3339 time, such as 2026-11-01T00:00:00Z, or a date such as 2026-11-01",
        ),
        (
            "\"up_to\": 1000,",
            "\"up_to\": -5,",
            "versions[1].items[1].price.tiers[0].up_to: must be more than 0, not -5",
        ),
        (
            "{\"up_to\": null,",
            "{\"up_to\": 500, \"unit_amount\": 0}, {\"up_to\": null,",
            "versions[1].items[1].price.tiers[1].up_to: must be more than 1000, where the tier before ends, not 500",
        ),
        (
            "{\"up_to\": null,",
            "{\"up_to\": 5000,",
            "versions[1].items[1].price.tiers[1].up_to: must be null: the last tier has no bound, so that every quantity has a price, not 5000",
        ),
        (
            "1e-7",
            "1e30",
            "versions[1].items[1].price.tiers[1].unit_amount: must be a decimal such as \"0.0004\", of at most 20 digits before and 18 after the point; \"1e30\" is not: more than 20 digits before the decimal point",
        ),
        (
            "\"meter\": \"tokens_total\", ",
            "",
            "versions[1].items[1].filters: is for usage: an item without a meter is a fee",
        ),
        (
            "\"meter\": \"tokens_total\"",
            "\"meter\": \"tokens_total\", \"prorate\": true",
            "versions[1].items[1].prorate: is for fees: what was used is never prorated",
        ),
        (
            "\"key\": \"tokens\"",
            "\"key\": \"base\"",
            "versions[1].items[1].key: \"base\" is the key of another item too",
        ),
        (
            "[\"a\", null]",
            "[]",
            "versions[1].items[1].filters.model: must have at least one value, or nothing would ever be charged",
        ),
        (
            "\"eu\"",
            "null",
            "versions[1].items[1].filters.region: must be a text or a list of texts; [null] stands for events without it",
        ),
        ("[\"model\"]", "[\"a\", \"a\"]", "versions[1].items[1].details[1]: \"a\" stands twice"),
        (
            "\"amount\": \"49\"",
            "\"amount\": \"49\", \"amount\": \"48\"",
            "versions[1].items[0].price: the key \"amount\" stands twice in one object",
        ),
        (
            "49.90",
            "49.905",
            "versions[1].minimum_amount: must be zero or more with at most 2 decimals, not 49.905",
        ),
        (
            "\"key\": \"pro\"",
            "\"key\": \"p o\"",
            "key: must be 1 to 128 letters, digits, _, - or ., the first a letter or digit, not \"p o\"",
        ),
    ] {
        let text = PLAN.replace(right, wrong);
        assert_ne!(text, PLAN, "{right}");
        assert_eq!(shown(stored::plan(&text)), said, "{wrong}");
    }
}

#[test]
fn what_is_wrong_with_taxes_and_coupons_is_named() {
    for (text, said) in [
        (
            r#"{"key": "v", "name": "V", "rate": "1e30"}"#,
            "rate: must be a decimal such as \"0.0004\", of at most 20 digits before and 18 after the point; \"1e30\" is not: more than 20 digits before the decimal point",
        ),
        (
            r#"{"key": "v", "name": "V", "rate": 19}"#,
            "rate: must be a fraction from 0 to 1 (0.1 is 10 %), not 19",
        ),
        (r#"{"key": "v", "name": "V"}"#, "rate: is missing"),
        (r#"{"key": "v", "name": " ", "rate": 0}"#, "name: must be a text of 1 to 256 bytes"),
        (r#"{"key": "v", "name": "V", "rate": 0, "default": "yes"}"#, "default: must be true or false"),
    ] {
        assert_eq!(shown(stored::tax(text)), said, "{text}");
    }
    for (text, said) in [
        (
            r#"{"key": "c", "name": "C", "percentage": "20"}"#,
            "percentage: must be a fraction from 0 to 1 (0.1 is 10 %), not 20",
        ),
        (r#"{"key": "c", "name": "C"}"#, "percentage: is missing, and so is amount"),
        (
            r#"{"key": "c", "name": "C", "percentage": 0.1, "amount": 1}"#,
            "amount: must be absent: the coupon is of a percentage already",
        ),
        (r#"{"key": "c", "name": "C", "amount": 5}"#, "currency: is missing: an amount is in a currency"),
        (
            r#"{"key": "c", "name": "C", "amount": 5.5, "currency": "JPY"}"#,
            "amount: must be zero or more with at most 0 decimals, not 5.5",
        ),
        (
            r#"{"key": "c", "name": "C", "percentage": 0.1, "months": 0}"#,
            "months: must be 1 or more, or absent for all, not 0",
        ),
    ] {
        assert_eq!(shown(stored::coupon(text)), said, "{text}");
    }
}

#[test]
fn a_grant_whose_entries_are_not_its_balance_is_refused() {
    let entry = |amount: i64| format!(r#"{{"at": "2026-11-01", "kind": "granted", "amount": "{amount}"}}"#);
    let grant = |entries: &str, balance: &str| {
        format!(
            r#"{{"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "customer": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "G",
                "amount": "10", "currency": "USD", "effective_at": "2026-11-01", "created_at": "2026-11-01",
                "balance": "{balance}", "entries": [{entries}]}}"#
        )
    };
    for (entries, balance, said) in [
        (entry(10), "10", "nothing"),
        (entry(10), "9", "balance: must be the sum of the entries, 10, not 9"),
        (entry(11), "11", "entries[0].amount: must be 10, not 11"),
        (entry(-1), "-1", "entries[0].amount: must be 10, not -1"),
    ] {
        assert_eq!(shown(stored::grant(&grant(&entries, balance))), said, "{entries}");
    }
}
