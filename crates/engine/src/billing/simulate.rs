//! Simulating a plan: what a month would have come to under it, beside what it comes to.
//!
//! Nothing is stored. Credits are left out on both sides: they pay a bill, and make no price.

use super::records::Catalog;
use super::run::TASKS;
use crate::{Engine, EngineError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use usage_api::bill::{BilledCustomer, Simulated, SimulatedLine, SimulationPage};
use usage_domain::bill::{Bill, Inputs};
use usage_domain::customer::{Customer, CustomerRef};
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::plan::{InvalidPlan, Plan};
use usage_domain::subscription::{Segment, Subscription, SubscriptionId};
use usage_domain::time::Month;
use usage_store::StoreError;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The plan, which need not be stored.
    pub plan: Plan,
    /// Customers on the plan of this key would be on it instead; all customers, with nothing else, where
    /// `None`.
    pub instead_of: Option<String>,
    /// The month whose usage it is tried on.
    pub month: Month,
}

impl Engine {
    /// What the customers of a page, by number, would owe.
    ///
    /// # Errors
    /// A candidate that makes no sense, no plan that it is instead of, or amounts that cannot be computed.
    pub async fn simulate(
        &self,
        candidate: &Candidate,
        offset: u64,
        limit: u64,
    ) -> Result<SimulationPage, EngineError> {
        let candidate = Arc::new(self.checked(candidate).await?);
        let catalog = Arc::new(self.shared_catalog().await?);
        let (customers, of) = self.store.customers(offset, limit).await?;
        let looked_at = customers.len() as u64;
        let tasks: Vec<_> = customers
            .chunks(customers.len().div_ceil(TASKS).max(1))
            .map(|part| {
                let (engine, candidate, catalog) = (self.clone(), candidate.clone(), catalog.clone());
                let part = part.to_vec();
                tokio::spawn(async move {
                    let mut items = Vec::new();
                    for customer in part {
                        items.extend(engine.simulate_one(&candidate, customer, &catalog).await?);
                    }
                    Ok::<_, EngineError>(items)
                })
            })
            .collect();
        let mut items = Vec::new();
        for task in tasks {
            // A task that panicked found a broken invariant.
            items.extend(task.await.map_err(|_| EngineError::Store(StoreError::Closed))??);
        }
        Ok(SimulationPage { items, customers: looked_at, total_customers: of })
    }

    /// What one customer would owe: a page of it alone.
    ///
    /// # Errors
    /// No such customer; those of [`Engine::simulate`].
    pub async fn simulate_for(
        &self,
        candidate: &Candidate,
        name: &CustomerRef,
    ) -> Result<SimulationPage, EngineError> {
        let candidate = self.checked(candidate).await?;
        let customer = self.customer(name).await.map_err(|error| error.named_by("customer"))?;
        let catalog = self.shared_catalog().await?;
        let items = self.simulate_one(&candidate, customer, &catalog).await?.into_iter().collect();
        Ok(SimulationPage { items, customers: 1, total_customers: 1 })
    }

    /// A candidate whose versions are in order, and whose meters and other plan are there.
    async fn checked(&self, candidate: &Candidate) -> Result<Candidate, EngineError> {
        let mut plan = candidate.plan.clone();
        plan.check().map_err(|wrong| wrong.within("plan"))?;
        self.check_meters(&plan).await.map_err(within_plan)?;
        if let Some(other) = &candidate.instead_of {
            self.plan(other).await.map_err(|error| error.named_by("instead_of"))?;
        }
        Ok(Candidate { plan, ..candidate.clone() })
    }

    /// What one customer would owe; `None` where nothing changes.
    async fn simulate_one(
        &self,
        candidate: &Candidate,
        customer: Customer,
        catalog: &Catalog,
    ) -> Result<Option<Simulated>, EngineError> {
        let agreed = self.agreed(&customer, candidate.month, catalog).await?;
        let now = Inputs { credits: Vec::new(), ..agreed.inputs };
        let segments = segments(candidate, &now);
        if segments == now.segments {
            return Ok(None);
        }
        let then = Inputs { segments, ..now.clone() };
        let bill = self.bill_of(&now, &agreed.subjects, catalog).await?;
        let new = self.bill_of(&then, &agreed.subjects, catalog).await?;
        let overflow = |error| EngineError::broken("bill", customer.number, error);
        let currency = customer.currency;
        let money = |amount: Decimal| Money { amount, currency }.figure();
        let difference = new.total.amount.sub(bill.total.amount).map_err(overflow)?;
        let lines = compared(&bill, &new)?.into_iter().map(|(service, now, then)| SimulatedLine {
            service,
            current_total: money(now),
            simulated_total: money(then),
        });
        Ok(Some(Simulated {
            lines: lines.collect(),
            currency: currency.to_string(),
            current_total: bill.total.figure(),
            simulated_total: new.total.figure(),
            difference: money(difference),
            customer: BilledCustomer::from(&customer),
        }))
    }

    async fn bill_of(
        &self,
        inputs: &Inputs,
        subjects: &[usage_domain::customer::PaidSubject],
        catalog: &Catalog,
    ) -> Result<Bill, EngineError> {
        let measured = self.measured(inputs, subjects, &catalog.meters).await?;
        Ok(Bill::rate(inputs, measured)?)
    }
}

/// The stretches of the month under the candidate.
fn segments(candidate: &Candidate, now: &Inputs) -> Vec<Segment> {
    let anew = |id: SubscriptionId, period: usage_domain::time::Period| {
        let subscription = Subscription {
            id,
            customer: now.customer.id,
            plan: candidate.plan.key.clone(),
            // A candidate is tried as it is, whenever it is to be in force.
            version: candidate.plan.versions.last().map(|version| version.number),
            start: period.start,
            end: Some(period.end),
            trial_end: Some(period.start),
            overrides: BTreeMap::new(),
            created_at: period.start,
        };
        let segment = subscription.segment(&candidate.plan, &now.period, &now.customer.zone);
        segment.filter(|segment| segment.version.currency == now.customer.currency)
    };
    match &candidate.instead_of {
        None => {
            let id = SubscriptionId(ulid::Ulid::nil());
            anew(id, now.period).map_or_else(|| now.segments.clone(), |segment| vec![segment])
        }
        Some(key) => {
            let other = |segment: &Segment| match &segment.plan == key {
                true => anew(segment.subscription, segment.period)
                    .map(|new| Segment { is_first: segment.is_first, ..new }),
                false => None,
            };
            now.segments.iter().map(|segment| other(segment).unwrap_or_else(|| segment.clone())).collect()
        }
    }
}

/// What lines come to on both bills, by name, where that differs.
fn compared(now: &Bill, then: &Bill) -> Result<Vec<(String, Decimal, Decimal)>, EngineError> {
    let sums = |bill: &Bill| {
        let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
        for line in &bill.lines {
            let sum = sums.entry(line.name.clone()).or_default();
            *sum = sum.add(line.total).map_err(|error| EngineError::broken("line", &line.key, error))?;
        }
        Ok::<_, EngineError>(sums)
    };
    let (now, then) = (sums(now)?, sums(then)?);
    let names: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    let of = |sums: &BTreeMap<String, Decimal>, name: &String| sums.get(name).copied().unwrap_or_default();
    let both = names.into_iter().map(|name| (name.clone(), of(&now, name), of(&then, name)));
    Ok(both.filter(|(_, now, then)| now != then).collect())
}

/// What is wrong with the plan is wrong within the request.
fn within_plan(error: EngineError) -> EngineError {
    match error {
        EngineError::InvalidPlan(InvalidPlan { field, reason }) => {
            InvalidPlan::new(format!("plan.{field}"), reason).into()
        }
        other => other,
    }
}
