//! Subscriptions: which customer is on which plan, from a moment to a moment.
//!
//! Owns what a subscription is and which stretches of it a billing period has. A change of plan in
//! mid-period ends one subscription and begins another at the same moment, so that each stretch is rated
//! by itself, with its share of the fees.

use crate::customer::CustomerId;
use crate::plan::{InvalidPlan, Item, Plan, PlanVersion};
use crate::pricing::Price;
use crate::time::{Period, Timestamp, Zone};
use std::collections::BTreeMap;
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
    /// It ends before it starts, begins before the plan does, or names a version or an item that the plan
    /// does not have.
    pub fn check(&self, plan: &Plan) -> Result<(), InvalidPlan> {
        if let Some(end) = self.end
            && end <= self.start
        {
            return Err(InvalidPlan::must("end", format!("after the start, {}", self.start), end));
        }
        let version = match self.version {
            Some(number) => plan.version(number).ok_or_else(|| {
                let known: Vec<String> = plan.versions.iter().map(|v| v.number.to_string()).collect();
                let right = format!("a version of the plan {:?} ({})", plan.key, known.join(", "));
                InvalidPlan::must("version", right, number)
            })?,
            None => plan.version_at(self.start).ok_or_else(|| {
                let first = plan.versions.first().map_or(Timestamp::MIN, |version| version.effective_from);
                let right = format!("at or after {first}, when the plan {:?} begins", plan.key);
                InvalidPlan::must("start", right, self.start)
            })?,
        };
        for key in self.overrides.keys() {
            if !version.items.iter().any(|item| &item.key == key) {
                let known: Vec<&str> = version.items.iter().map(|item| item.key.as_str()).collect();
                let reason = format!("the plan has no such item; it has {}", known.join(", "));
                return Err(InvalidPlan::new(format!("overrides.{key}"), reason));
            }
        }
        Ok(())
    }

    /// What of it is billed in `period`, in a customer's `zone`; nothing where it is not there, or all of it
    /// is trial.
    #[must_use]
    pub fn segment(&self, plan: &Plan, period: &Period, zone: &Zone) -> Option<Segment> {
        let active = self.period().intersection(period)?;
        let version = match self.version {
            Some(number) => plan.version(number),
            None => plan.version_at(active.start),
        }?;
        let billed_from = self.billed_from(version, zone);
        let billed = Period { start: active.start.max(billed_from), end: active.end };
        if billed.start >= billed.end {
            return None;
        }
        let items = version.items.iter().cloned().map(|item| match self.overrides.get(&item.key) {
            Some(price) => item.with_price(price.clone()),
            None => item,
        });
        Some(Segment {
            subscription: self.id,
            plan: plan.key.clone(),
            plan_name: plan.name.clone(),
            version: version.clone(),
            is_first: billed_from >= period.start,
            items: items.collect(),
            period: billed,
        })
    }

    /// From when on it costs something: the end of its trial, or its start.
    #[must_use]
    pub fn paid_from(&self, plan: &Plan, zone: &Zone) -> Timestamp {
        let version = match self.version {
            Some(number) => plan.version(number),
            None => plan.version_at(self.start),
        };
        version.map_or(self.start, |version| self.billed_from(version, zone))
    }

    /// The end of its trial, or its start.
    fn billed_from(&self, version: &PlanVersion, zone: &Zone) -> Timestamp {
        let by_plan = || self.start.plus_days(version.trial_days, zone);
        self.trial_end.unwrap_or_else(by_plan).max(self.start)
    }
}
