//! Events and readings in a few words.

use usage_domain::charge::CHARGE_TYPE;
use usage_domain::customer::PaidSubject;
use usage_domain::event::UsageEvent;
use usage_domain::time::{Period, Timestamp};
use usage_store::Store;

pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A charge of 1 at noon.
pub(crate) fn charge(id: &str, subject: &str) -> UsageEvent {
    UsageEvent {
        id: id.to_string(),
        source: "test".to_string(),
        event_type: CHARGE_TYPE.to_string(),
        subject: subject.to_string(),
        time: at("2026-11-10T12:00:00Z"),
        time_given: true,
        data: Some("{\"amount\":\"1\"}".into()),
        extensions: None,
    }
}

/// How many charges a subject has.
pub(crate) async fn count(store: &dyn Store, subject: &str) -> u64 {
    let paid = vec![PaidSubject { subject: subject.to_string(), period: Period::ALWAYS }];
    let usage = store.usage(paid, Period::ALWAYS).await.unwrap();
    let events: i64 = usage.groups.iter().map(|(_, totals)| totals.events).sum();
    u64::try_from(events).unwrap()
}
