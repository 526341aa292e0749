//! Billing's records: documents of the store, and what they say. Nothing else in the engine reads or makes
//! a document of billing.

use super::history::History;
use crate::{Engine, EngineError};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use usage_api::settings::Settings;
use usage_api::stored;
use usage_domain::account::Account;
use usage_domain::credit::Grant;
use usage_domain::customer::CustomerId;
use usage_domain::meter::Meter;
use usage_domain::plan::Plan;
use usage_domain::subscription::Subscription;
use usage_domain::tax::Tax;
use usage_store::{Document, DocumentWrite, Expect, Kind};

/// The most documents of one kind that are read at once.
const PAGE: u64 = 1000;
/// The id of the settings' document.
pub(crate) const SETTINGS: &str = "billing";

/// A record with the revision that it was read as.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    pub(crate) value: T,
    pub(crate) revision: u64,
}

/// What is kept of a customer for billing.
pub(crate) struct CustomerRecords {
    pub(crate) account: Option<Kept<Account>>,
    pub(crate) grants: Vec<Kept<Grant>>,
    pub(crate) subscriptions: Vec<Kept<Subscription>>,
    pub(crate) history: History,
    /// What the next history must replace.
    pub(crate) history_was: Expect,
}

/// What all customers share: read once for a bill, or once for a run of many.
#[derive(Default)]
pub(crate) struct Catalog {
    pub(crate) meters: BTreeMap<String, Meter>,
    pub(crate) taxes: Vec<Tax>,
    pub(crate) settings: Settings,
    /// Plans that were looked up, by key.
    plans: Mutex<HashMap<String, Arc<Plan>>>,
}

impl Catalog {
    fn plans(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Plan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// What all customers share, now.
    pub(crate) async fn shared_catalog(&self) -> Result<Catalog, EngineError> {
        let meters = self.store.meters().await?;
        Ok(Catalog {
            meters: meters.into_iter().map(|meter| (meter.draft.key.clone(), meter)).collect(),
            taxes: self.taxes().await?,
            settings: self.settings().await?,
            plans: Mutex::default(),
        })
    }

    /// A plan, looked up once.
    pub(crate) async fn plan_in(&self, catalog: &Catalog, key: &str) -> Result<Arc<Plan>, EngineError> {
        if let Some(plan) = catalog.plans().get(key) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(self.plan(key).await?);
        catalog.plans().insert(key.to_string(), plan.clone());
        Ok(plan)
    }

    /// What is kept of a customer.
    pub(crate) async fn records_of(&self, customer: CustomerId) -> Result<CustomerRecords, EngineError> {
        let kinds = vec![Kind::Account, Kind::Grant, Kind::History, Kind::Subscription];
        let mut records = CustomerRecords {
            account: None,
            grants: Vec::new(),
            subscriptions: Vec::new(),
            history: History::default(),
            history_was: Expect::Absent,
        };
        for document in self.store.documents_of(customer, kinds).await? {
            match document.kind {
                Kind::Account => records.account = Some(kept(&document, stored::account)?),
                Kind::Grant => records.grants.push(kept(&document, stored::grant)?),
                Kind::Subscription => records.subscriptions.push(kept(&document, stored::subscription)?),
                Kind::History => {
                    let history = kept(&document, |text| serde_json::from_str(text))?;
                    records.history_was = Expect::Revision(history.revision);
                    records.history = history.value;
                }
                _ => {}
            }
        }
        Ok(records)
    }

    /// The record of this kind and id.
    pub(crate) async fn record<T, E: Display>(
        &self,
        kind: Kind,
        id: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<Kept<T>>, EngineError> {
        self.store.document(kind, id).await?.map(|document| kept(&document, read)).transpose()
    }

    /// All records of a kind, by id.
    pub(crate) async fn all_records<T, E: Display>(
        &self,
        kind: Kind,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<Kept<T>>, EngineError> {
        let (mut records, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.store.documents(kind, after.as_deref(), PAGE).await?;
            let is_last = (page.len() as u64) < PAGE;
            after = page.last().map(|document| document.id.clone());
            for document in &page {
                records.push(kept(document, &read)?);
            }
            if is_last {
                return Ok(records);
            }
        }
    }

    /// Writes these documents, all or none.
    pub(crate) async fn write(&self, writes: Vec<DocumentWrite>) -> Result<(), EngineError> {
        self.store.write_documents(writes).await?;
        Ok(())
    }
}

/// A document as what it says.
pub(crate) fn kept<T, E: Display>(
    document: &Document,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Kept<T>, EngineError> {
    let value = read(&document.body);
    let value = value.map_err(|error| EngineError::broken(document.kind.name(), &document.id, error))?;
    Ok(Kept { value, revision: document.revision })
}

/// Puts a document in the place of what was read, or where nothing was.
pub(crate) fn put(
    kind: Kind,
    id: impl Into<String>,
    owner: Option<CustomerId>,
    body: String,
    expect: Expect,
) -> DocumentWrite {
    DocumentWrite { kind, id: id.into(), owner, body: Some(body), expect }
}

/// What is there now, as what the next write must replace.
pub(crate) fn was<T>(kept: Option<&Kept<T>>) -> Expect {
    kept.map_or(Expect::Absent, |kept| Expect::Revision(kept.revision))
}

/// The record of the history.
pub(crate) fn history_text(history: &History) -> String {
    serde_json::to_string(history).unwrap_or_default()
}
