//! Customers of a catalog.

use std::collections::BTreeMap;
use usage_domain::currency::Currency;
use usage_domain::pricing::Price;
use usage_domain::time::{Month, Timestamp, Zone};

/// A customer, as far as a file says; what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// What names it, or else its number does.
    pub key: Option<String>,
    /// The integer that the first clients use.
    pub number: Option<u64>,
    /// What people call it.
    pub name: String,
    /// What it is billed in; dollars for a new one.
    pub currency: Option<Currency>,
    /// Where its days and months begin; UTC for a new one.
    pub zone: Option<Zone>,
    /// Whose usage it pays for, besides its key's. None is ever taken away by leaving it out.
    pub subjects: Option<Vec<String>>,
    /// The keys of its taxes; the default ones for a new one.
    pub taxes: Option<Vec<String>>,
    /// Coupons that it is given. None is ever taken away.
    pub coupons: Vec<GivenCoupon>,
    /// Plans that it is on. None is ever ended by leaving it out.
    pub subscriptions: Vec<Subscribed>,
}

/// A coupon that a customer is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenCoupon {
    /// The key of the coupon.
    pub coupon: String,
    /// The first month whose bill has it; the present one where `None`.
    pub from: Option<Month>,
}

/// A plan that a customer is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    /// The key of the plan.
    pub plan: String,
    /// The version that it stays on; the one in force where `None`.
    pub version: Option<u32>,
    /// From when on. Where `None`, any subscription to the plan that has no end will do, and a new one begins
    /// now.
    pub start: Option<Timestamp>,
    /// Until when; as it is where `None`.
    pub end: Option<Timestamp>,
    /// What it costs nothing until; where `None`, as it is, or by the plan's trial for a new one.
    pub trial_end: Option<Timestamp>,
    /// Prices of this customer alone, by item.
    pub overrides: BTreeMap<String, Price>,
}

impl Customer {
    /// How it is named: by its key, or else its number.
    #[must_use]
    pub fn reference(&self) -> String {
        match (&self.key, self.number) {
            (Some(key), _) => key.clone(),
            (None, number) => format!("number:{}", number.unwrap_or(0)),
        }
    }

    /// Whether both are the same customer.
    #[must_use]
    pub fn is(&self, other: &Customer) -> bool {
        match (&self.key, &other.key) {
            (Some(one), Some(same)) => one == same,
            // Who is named by number alone may have a key all the same.
            _ => self.number.is_some() && self.number == other.number,
        }
    }
}
