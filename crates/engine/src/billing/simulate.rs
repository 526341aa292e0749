//! Simulating a plan: what a month would have come to under it, beside what it comes to.
//!
//! Nothing is stored. Credits are left out on both sides: they pay a bill, and make no price.

use super::records::Catalog;
use crate::{Engine, EngineError};
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::bill::{Bill, Inputs};
use usage_domain::customer::Customer;
use usage_domain::decimal::Decimal;
use usage_domain::money::Money;
use usage_domain::plan::Plan;
use usage_domain::subscription::{Segment, Subscription, SubscriptionId};
use usage_domain::time::Month;

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

/// What a customer would owe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The customer.
    pub customer: Customer,
    /// What it owes now, without credits.
    pub now: Money,
    /// What it would owe.
    pub then: Money,
    /// Why: what lines come to now and then, by name, where that differs.
    pub lines: Vec<(String, Decimal, Decimal)>,
}

impl Engine {
    /// What the customers of a page, by number, would owe; and how many customers there are. Customers of
    /// whom nothing changes are left out.
    ///
    /// # Errors
    /// A candidate that makes no sense, or amounts that cannot be computed.
    pub async fn simulate(
        &self,
        candidate: &Candidate,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<Simulated>, u64), EngineError> {
        let mut plan = candidate.plan.clone();
        plan.check()?;
        self.check_meters(&plan).await?;
        let candidate = Candidate { plan, ..candidate.clone() };
        let catalog = self.shared_catalog().await?;
        let (customers, of) = self.store.customers(offset, limit).await?;
        let mut simulated = Vec::new();
        for customer in customers {
            simulated.extend(self.simulate_one(&candidate, customer, &catalog).await?);
        }
        Ok((simulated, of))
    }

    /// What one customer would owe; `None` where nothing changes.
    ///
    /// # Errors
    /// Amounts that cannot be computed.
    pub async fn simulate_one(
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
        let lines = compared(&bill, &new)?;
        Ok(Some(Simulated { customer, now: bill.total, then: new.total, lines }))
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
