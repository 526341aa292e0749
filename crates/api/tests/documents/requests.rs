//! What subscriptions and grants are made from: what a request leaves out, and what it gets wrong.

use ulid::Ulid;
use usage_api::{grant, subscription};
use usage_domain::credit::GrantId;
use usage_domain::currency::Currency;
use usage_domain::customer::CustomerId;
use usage_domain::subscription::SubscriptionId;
use usage_domain::time::{Timestamp, Zone};

fn made<Id>(id: Id, zone: &Zone) -> subscription::Made<'_, Id> {
    let now: Timestamp = "2026-11-16T12:00:00Z".parse().unwrap();
    subscription::Made { id, customer: CustomerId(Ulid::from(7)), zone, now }
}

#[test]
fn a_subscription_begins_now_or_at_midnight_where_the_customer_is() {
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    for (start, begins) in [
        ("", "2026-11-16T12:00:00Z"),
        (r#", "start": "2026-11-01""#, "2026-10-31T23:00:00Z"),
        (r#", "start": "2026-11-01T00:00:00Z""#, "2026-11-01T00:00:00Z"),
    ] {
        let text = format!(r#"{{"plan": "pro"{start}}}"#);
        let read = subscription::read_input(&text, made(SubscriptionId(Ulid::from(1)), &berlin)).unwrap();
        assert_eq!(read.start.to_string(), begins);
        assert_eq!((read.end, read.version, read.overrides.len()), (None, None, 0));
    }
}

#[test]
fn what_is_wrong_with_a_subscription_is_named() {
    for (text, said) in [
        ("{}", "plan: is missing"),
        (
            r#"{"plan": "pro", "start": "2026-11-02", "end": "2026-11-01"}"#,
            "end: must be after the start, 2026-11-02T00:00:00Z, not 2026-11-01T00:00:00Z",
        ),
        (
            r#"{"plan": "pro", "end": "2026-11-01"}"#,
            "end: must be after the start, 2026-11-16T12:00:00Z, not 2026-11-01T00:00:00Z",
        ),
        (
            r#"{"plan": "pro", "version": 0}"#,
            "version: must be 1 or more, or absent for the one in force, not 0",
        ),
        (
            r#"{"plan": "pro", "id": "x"}"#,
            "id: is not known here; known are plan, version, start, end, trial_end, overrides",
        ),
        (
            r#"{"plan": "pro", "overrides": {"base": {"model": "flat", "amount": "x"}}}"#,
            "overrides.base.amount: must be a decimal such as \"0.0004\", of at most 20 digits before and 18 after the point; \"x\" is not: not a number",
        ),
        (r#"{"plan": "pro", "overrides": {"base": null}}"#, "overrides.base: is missing"),
    ] {
        let refused = subscription::read_input(text, made(SubscriptionId(Ulid::from(1)), &Zone::utc()));
        let error = refused.unwrap_err();
        assert_eq!(format!("{}: {}", error.field, error.reason), said, "{text}");
    }
}

#[test]
fn a_grant_is_of_the_customers_currency_and_effective_now_where_nothing_else_is_said() {
    let read =
        |text: &str| grant::read_input(text, made(GrantId(Ulid::from(1)), &Zone::utc()), Currency::USD);
    let grant = read(r#"{"name": "Prepaid", "amount": 500}"#).unwrap();
    assert_eq!(grant.amount.currency, Currency::USD);
    assert_eq!(grant.effective_at, grant.created_at);
    assert_eq!(grant.balance().unwrap().to_string(), "500");
    for (text, said) in [
        (r#"{"name": "G", "amount": "0"}"#, "amount: must be more than zero with at most 2 decimals, not 0"),
        (
            r#"{"name": "G", "amount": "1.5", "currency": "JPY"}"#,
            "amount: must be more than zero with at most 0 decimals, not 1.5",
        ),
        (r#"{"name": "G", "amount": "1", "priority": 2000}"#, "priority: must be 0 to 1000, not 2000"),
        (
            r#"{"name": "G", "amount": "1", "expires_at": "2026-11-01"}"#,
            "expires_at: must be after 2026-11-16T12:00:00Z, when it becomes effective, not 2026-11-01T00:00:00Z",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(format!("{}: {}", error.field, error.reason), said, "{text}");
    }
}
