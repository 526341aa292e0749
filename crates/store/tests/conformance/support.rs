//! Stores to test, and events, customers and readings in a few words.

use std::sync::Arc;
use tempfile::TempDir;
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, PaidSubject};
use usage_domain::event::UsageEvent;
use usage_domain::time::{Period, Timestamp};
use usage_store::Store;
use usage_store::embedded::{EmbeddedStore, Options};

/// A place where a store keeps its data between openings.
pub(crate) trait Setup {
    /// Opens the store; what was stored before is there.
    fn open(&self) -> Arc<dyn Store>;

    /// Opens it twice: two nodes, where the store has such a thing.
    fn open_two(&self) -> [Arc<dyn Store>; 2] {
        let store = self.open();
        [store.clone(), store]
    }
}

pub(crate) struct Embedded(TempDir);

impl Embedded {
    /// A folder of its own.
    pub(crate) fn new() -> Option<Embedded> {
        Some(Embedded(TempDir::new().unwrap()))
    }
}

impl Setup for Embedded {
    fn open(&self) -> Arc<dyn Store> {
        // Small figures, so that tests cross segments and checkpoints.
        let options = Options { checkpoint_every: 50, segment_bytes: 4096, ..Options::new([7; 16], "test") };
        Arc::new(EmbeddedStore::open(&self.0.path().join("data"), options).unwrap())
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) const NOW: &str = "2026-11-22T10:00:00Z";

pub(crate) fn charge(id: &str, subject: &str, time: &str, amount: &str) -> UsageEvent {
    UsageEvent {
        id: id.to_string(),
        source: "test".to_string(),
        event_type: CHARGE_TYPE.to_string(),
        subject: subject.to_string(),
        time: at(time),
        time_given: true,
        data: Some(format!("{{\"amount\":\"{amount}\"}}")),
        extensions: None,
    }
}

pub(crate) async fn customer(
    store: &dyn Store,
    number: u128,
    change: impl FnOnce(&mut CustomerDraft),
) -> Customer {
    let mut draft = CustomerDraft::named(&format!("Customer {number}"));
    draft.number = u64::try_from(number).ok();
    change(&mut draft);
    store.create_customer(CustomerId(number.into()), draft, at(NOW)).await.unwrap()
}

/// The exact amount and the count of a subject's charges in a period.
pub(crate) async fn amount(store: &dyn Store, subject: &str, period: Period) -> (String, u64) {
    let paid = vec![PaidSubject { subject: subject.to_string(), period: Period::ALWAYS }];
    total(store, paid, period).await
}

/// The exact amount and the count of these charges in a period.
pub(crate) async fn total(store: &dyn Store, paid: Vec<PaidSubject>, period: Period) -> (String, u64) {
    let usage = store.usage(paid, period).await.unwrap();
    let mut sum = usage_domain::usage::Totals::default();
    for (_, totals) in &usage.groups {
        sum.merge(totals).unwrap();
    }
    (sum.amount.to_string(), u64::try_from(sum.events).unwrap())
}
