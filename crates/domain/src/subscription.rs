//! Subscriptions: which customer is on which plan, from a moment to a moment.
//!
//! Owns what a subscription is and which stretches of it a billing period has. A change of plan in
//! mid-period ends one subscription and begins another at the same moment, so that each stretch is rated
//! by itself, with its share of the fees.

#[cfg(test)]
mod tests;

use crate::customer::CustomerId;
use crate::plan::{InvalidPlan, Item, Plan, PlanVersion};
use crate::pricing::Price;
use crate::time::{Period, Timestamp, Zone};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// The lasting name of a subscription: a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub Ulid);

impl FromStr for SubscriptionId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<SubscriptionId, ulid::DecodeError> {
        Ulid::from_string(text).map(SubscriptionId)
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A customer is on a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Who is on the plan.
    pub customer: CustomerId,
    /// The key of the plan.
    pub plan: String,
    /// The version that it stays on; the one in force where `None`.
    pub version: Option<u32>,
    /// From this moment on.
    pub start: Timestamp,
    /// Until this moment, which is not in it any more.
    pub end: Option<Timestamp>,
    /// What it costs nothing until; by the plan's trial from its start where `None`.
    pub trial_end: Option<Timestamp>,
    /// Prices of this customer alone, by the key of the item.
    pub overrides: BTreeMap<String, Price>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What of a subscription is in a billing period: one version, its items at this customer's prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Of which subscription.
    pub subscription: SubscriptionId,
    /// The key of its plan.
    pub plan: String,
    /// The name of its plan.
    pub plan_name: String,
    /// The version, without its items' prices of this customer.
    pub version: PlanVersion,
    /// What of the billing period is billed: without the trial.
    pub period: Period,
    /// Whether the subscription begins to be billed in this billing period: what is due once is due now.
    pub is_first: bool,
    /// The items at this customer's prices.
    pub items: Vec<Item>,
}

impl Subscription {
    /// When it is.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { start: self.start, end: self.end.unwrap_or(Timestamp::MAX) }
    }

    /// Checks a subscription to `plan`.
    ///
    /// # Errors
    /// It ends before it starts, begins before the plan does, names a version or an item that the plan
    /// does not have, or has a price that is none for its item.
    pub fn check(&self, plan: &Plan) -> Result<(), InvalidPlan> {
        if let Some(end) = self.end
            && end <= self.start
        {
            return Err(InvalidPlan::must("end", format!("after the start, {}", self.start), end));
        }
        let version = self.version_at(plan, self.start).ok_or_else(|| match self.version {
            Some(number) => {
                let known: Vec<String> = plan.versions.iter().map(|v| v.number.to_string()).collect();
                let right = format!("a version of the plan {:?} ({})", plan.key, known.join(", "));
                InvalidPlan::must("version", right, number)
            }
            None => {
                let first = plan.versions.first().map_or(Timestamp::MIN, |version| version.effective_from);
                let right = format!("at or after {first}, when the plan {:?} begins", plan.key);
                InvalidPlan::must("start", right, self.start)
            }
        })?;
        // Those that it may come to be on.
        let there = version.effective_from..self.period().end;
        let later = |other: &&PlanVersion| {
            self.version.is_none() && other.number != version.number && there.contains(&other.effective_from)
        };
        let versions: Vec<&PlanVersion> =
            std::iter::once(version).chain(plan.versions.iter().filter(later)).collect();
        self.overrides.iter().try_for_each(|(key, price)| check_override(key, price, &versions))
    }

    /// What of it is billed in `period`, in a customer's `zone`; nothing where it is not there, or all of it
    /// is trial. Its version is the one in force where the stretch begins, which is after the trial.
    #[must_use]
    pub fn segment(&self, plan: &Plan, period: &Period, zone: &Zone) -> Option<Segment> {
        let active = self.period().intersection(period)?;
        let paid_from = self.paid_from(plan, zone);
        let billed = Period { start: active.start.max(paid_from), end: active.end };
        if billed.start >= billed.end {
            return None;
        }
        let version = self.version_at(plan, billed.start)?;
        let items = version.items.iter().cloned().map(|item| match self.overrides.get(&item.key) {
            Some(price) => item.with_price(price.clone()),
            None => item,
        });
        Some(Segment {
            subscription: self.id,
            plan: plan.key.clone(),
            plan_name: plan.name.clone(),
            version: version.clone(),
            is_first: paid_from >= period.start,
            items: items.collect(),
            period: billed,
        })
    }

    /// From when on it costs something: the end of its trial, or its start. The trial is that of the version
    /// it starts with: what a later version says of trials neither ends one nor begins another.
    #[must_use]
    pub fn paid_from(&self, plan: &Plan, zone: &Zone) -> Timestamp {
        let days = || self.version_at(plan, self.start).map_or(0, |version| version.trial_days);
        self.trial_end.unwrap_or_else(|| self.start.plus_days(days(), zone)).max(self.start)
    }

    /// Whether it goes on with a plan that the customer was on, and paid for, until the moment at which it
    /// starts: by another version, or at other prices. What is due once was due then.
    #[must_use]
    pub fn goes_on<'a>(
        &self,
        others: impl Iterator<Item = &'a Subscription> + Clone,
        plan: &Plan,
        zone: &Zone,
    ) -> bool {
        let mut start = self.start;
        let until = |start: Timestamp| {
            let mut others = others.clone();
            others.find(|other| other.plan == self.plan && other.end == Some(start) && other.start < start)
        };
        while let Some(before) = until(start) {
            if before.paid_from(plan, zone) < start {
                return true;
            }
            start = before.start;
        }
        false
    }

    /// The version that it stays on, or the one in force at a moment.
    fn version_at<'a>(&self, plan: &'a Plan, moment: Timestamp) -> Option<&'a PlanVersion> {
        match self.version {
            Some(number) => plan.version(number),
            None => plan.version_at(moment),
        }
    }
}

/// A price that one of the versions has an item for, and that fits wherever there is such an item.
fn check_override(key: &str, price: &Price, versions: &[&PlanVersion]) -> Result<(), InvalidPlan> {
    let items = || versions.iter().flat_map(|version| &version.items);
    if !items().any(|item| item.key == key) {
        let known: BTreeSet<&str> = items().map(|item| item.key.as_str()).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let reason = format!("the plan has no such item; it has {}", known.join(", "));
        return Err(InvalidPlan::new(format!("overrides.{key}"), reason));
    }
    for item in items().filter(|item| item.key == key) {
        let priced = item.clone().with_price(price.clone());
        priced
            .check_price()
            .map_err(|invalid| InvalidPlan::new(format!("overrides.{key}"), invalid.reason))?;
    }
    Ok(())
}
