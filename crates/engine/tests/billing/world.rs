//! A service over a store of its own, with short ways to say what happens in it.

use crate::chosen::{self, Place};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use ulid::Ulid;
use usage_api::bill::{Bill, Finalized};
use usage_api::stored;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef};
use usage_domain::event::{AMEND_TYPE, UsageEvent, VOID_TYPE};
use usage_domain::meter::{Aggregation, Dimension, MeterDraft, MeterId};
use usage_domain::money::Money;
use usage_domain::subscription::{Subscription, SubscriptionId};
use usage_domain::time::{Month, Timestamp};
use usage_domain::verdict::Verdict;
use usage_engine::billing::{FinalizeOptions, GrantDraft, SubscriptionDraft};
use usage_engine::{Engine, EngineError};
use usage_store::Handling;

/// The moment of everything that is done, unless it says another one: September is over, and October.
pub(crate) const NOW: &str = "2026-11-15T12:00:00Z";

pub(crate) struct World {
    pub(crate) engine: Engine,
    ids: Arc<AtomicU64>,
    _place: Place,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn month(text: &str) -> Month {
    text.parse().unwrap()
}

impl World {
    /// With the meters `tokens` (a sum, by model) and `storage` (a level).
    pub(crate) async fn new() -> World {
        let (store, place) = chosen::open().await;
        let world = World { engine: Engine::new(store), ids: Arc::new(AtomicU64::new(1)), _place: place };
        world.meter("tokens", Aggregation::Sum).await;
        world.meter("storage", Aggregation::WeightedSum).await;
        world
    }

    pub(crate) fn id(&self) -> Ulid {
        Ulid(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn ids(&self) -> usage_engine::billing::Ids {
        let ids = self.ids.clone();
        Arc::new(move || Ulid(u128::from(ids.fetch_add(1, Ordering::Relaxed))))
    }

    pub(crate) async fn meter(&self, key: &str, aggregation: Aggregation) {
        let draft = MeterDraft {
            key: key.into(),
            name: None,
            description: None,
            aggregation,
            event_type: key.into(),
            value_property: Some("$.value".parse().unwrap()),
            dimensions: vec![Dimension { name: "model".into(), path: "$.model".parse().unwrap() }],
            event_from: None,
            metadata: None,
        };
        self.engine.create_meter(MeterId(self.id()), draft, at("2026-01-01T00:00:00Z")).await.unwrap();
    }

    pub(crate) async fn customer(&self, key: &str) -> Customer {
        let draft = CustomerDraft { key: Some(key.into()), ..CustomerDraft::named(key) };
        self.engine.create_customer(CustomerId(self.id()), draft, at("2026-01-01T00:00:00Z")).await.unwrap()
    }

    /// A plan from 1 January 2026 on, with these items.
    pub(crate) async fn plan(&self, key: &str, rest: &str) {
        let text = format!(
            r#"{{"key":"{key}","name":"Plan {key}","versions":[{{"version":1,"effective_from":"2026-01-01T00:00:00Z","currency":"USD",{rest}}}]}}"#
        );
        let plan = stored::plan(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        self.engine.put_plan(plan).await.unwrap();
    }

    pub(crate) async fn subscribe(
        &self,
        customer: &Customer,
        plan: &str,
        start: &str,
        end: Option<&str>,
    ) -> Subscription {
        let draft = self.draft(plan, Some(start), end);
        self.engine.subscribe(customer, SubscriptionId(self.id()), draft, at(NOW)).await.unwrap()
    }

    pub(crate) fn draft(&self, plan: &str, start: Option<&str>, end: Option<&str>) -> SubscriptionDraft {
        SubscriptionDraft {
            plan: plan.into(),
            version: None,
            start: start.map(at),
            end: end.map(at),
            trial_end: None,
            overrides: std::collections::BTreeMap::new(),
        }
    }

    /// Events of a type, each `time value` or `time value model`; their ids are their places.
    pub(crate) async fn used(&self, event_type: &str, subject: &str, events: &[&str]) {
        let event = |text: &&str| {
            let mut words = text.split_whitespace();
            let (time, value) = (words.next().unwrap(), words.next().unwrap());
            let model = words.next().map(|m| format!(",\"model\":\"{m}\"")).unwrap_or_default();
            let id = format!("{event_type}/{subject}/{text}");
            self.event(&id, event_type, subject, time, &format!("{{\"value\":{value}{model}}}"))
        };
        self.stored(events.iter().map(event).collect()).await;
    }

    pub(crate) fn event(&self, id: &str, kind: &str, subject: &str, time: &str, data: &str) -> UsageEvent {
        UsageEvent {
            id: id.into(),
            source: "test".into(),
            event_type: kind.into(),
            subject: subject.into(),
            time: at(time),
            time_given: true,
            data: Some(data.into()),
            extensions: None,
        }
    }

    pub(crate) async fn stored(&self, events: Vec<UsageEvent>) {
        let verdicts = self.engine.ingest(events, at(NOW), Handling::Strict).await.unwrap();
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Accepted), "{verdicts:?}");
    }

    /// Takes an event back that [`World::used`] made.
    pub(crate) async fn void(&self, target: &str) {
        let data = format!("{{\"source\":\"test\",\"id\":\"{target}\"}}");
        self.stored(vec![self.event(&format!("void {target}"), VOID_TYPE, "x", NOW, &data)]).await;
    }

    /// Gives such an event another value.
    pub(crate) async fn amend(&self, target: &str, value: &str) {
        let data = format!("{{\"source\":\"test\",\"id\":\"{target}\",\"data\":{{\"value\":{value}}}}}");
        let id = format!("amend {target} {value}");
        self.stored(vec![self.event(&id, AMEND_TYPE, "x", NOW, &data)]).await;
    }

    pub(crate) async fn bill(&self, customer: &Customer, of: &str) -> Bill {
        let name = CustomerRef::Id(customer.id);
        self.engine.bill(&name, Some(month(of)), at(NOW)).await.unwrap()
    }

    pub(crate) async fn finalize(&self, customer: &Customer, of: &str) -> Result<Finalized, EngineError> {
        let name = CustomerRef::Id(customer.id);
        let ids = self.ids();
        let options = FinalizeOptions::default();
        self.engine.finalize(&name, month(of), options, at(NOW), ids.as_ref()).await
    }

    pub(crate) async fn grant(&self, customer: &Customer, name: &str, amount: &str, expires: Option<&str>) {
        let amount = Money { amount: amount.parse().unwrap(), currency: customer.currency };
        let draft = GrantDraft {
            name: name.into(),
            amount,
            priority: 0,
            effective_at: Some(at("2026-01-01T00:00:00Z")),
            expires_at: expires.map(at),
        };
        self.engine
            .grant(customer, usage_domain::credit::GrantId(self.id()), draft, None, at(NOW))
            .await
            .unwrap();
    }

    /// What is left of a customer's credits, by name.
    pub(crate) async fn credits(&self, customer: &Customer) -> Vec<(String, String)> {
        let grants = self.engine.grants(customer.id).await.unwrap();
        grants.iter().map(|grant| (grant.name.clone(), grant.balance().unwrap().to_string())).collect()
    }
}

/// The lines of a bill: kind, name and amount.
pub(crate) fn lines(bill: &Bill) -> Vec<(&str, &str, &str)> {
    bill.lines.iter().map(|line| (line.kind.as_str(), line.service.as_str(), line.amount.as_str())).collect()
}
