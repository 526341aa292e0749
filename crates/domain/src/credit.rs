//! Credits: what a customer paid, or was given, before the bill.
//!
//! A grant is drawn down by finalized bills and comes back when they are voided. Everything that happens
//! to it is an entry that is never changed; what is left of it is the sum of its entries, and never below
//! zero. Credits pay in the order of [`in_order`], which is fixed: nobody's credits depend on who asks.

use crate::customer::CustomerId;
use crate::decimal::{Decimal, DecimalError};
use crate::money::Money;
use crate::plan::InvalidPlan;
use crate::time::{Period, Timestamp};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// Priorities are from 0, which is drawn first, to this.
pub const MAX_PRIORITY: u32 = 1000;

/// The lasting name of a grant: a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(pub Ulid);

impl FromStr for GrantId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<GrantId, ulid::DecodeError> {
        Ulid::from_string(text).map(GrantId)
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Credit that a customer was granted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose it is.
    pub customer: CustomerId,
    /// What people call it.
    pub name: String,
    /// What was granted, in whole minor units.
    pub amount: Money,
    /// 0 is drawn first.
    pub priority: u32,
    /// It pays bills of periods that end after this moment.
    pub effective_at: Timestamp,
    /// It pays no bills of periods that end after this moment.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What happened to it, oldest first. The first is that it was granted.
    pub entries: Vec<Entry>,
}

/// Something that happened to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EntryKind,
    /// By how much there is more of it, or, below zero, less.
    pub amount: Decimal,
}

/// What happened to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// It was made.
    Granted,
    /// A bill of this id drew on it.
    Drawn(String),
    /// The bill of this id was voided.
    Returned(String),
    /// What was left was taken back.
    Voided,
}

impl Grant {
    /// What is left of it.
    ///
    /// # Errors
    /// None for entries that were added by [`Grant::add`].
    pub fn balance(&self) -> Result<Decimal, DecimalError> {
        self.entries.iter().try_fold(Decimal::ZERO, |sum, entry| sum.add(entry.amount))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// One that would leave less than nothing, or more than was granted.
    pub fn add(&mut self, entry: Entry) -> Result<(), InvalidPlan> {
        let overflow = |error: DecimalError| InvalidPlan::new("amount", error.to_string());
        let left = self.balance().and_then(|left| left.add(entry.amount)).map_err(overflow)?;
        if left.is_negative() || left > self.amount.amount {
            let right = format!("such that 0 to {} is left", self.amount.amount);
            return Err(InvalidPlan::must("amount", right, entry.amount));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Whether it pays a bill of `period`.
    #[must_use]
    pub fn pays(&self, period: &Period) -> bool {
        self.effective_at < period.end && self.expires_at.is_none_or(|expires| expires >= period.end)
    }

    /// Checks a grant.
    ///
    /// # Errors
    /// The first field that is not as it must be.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        crate::plan::check_name("name", &self.name)?;
        let places = self.amount.currency.minor_digits();
        let amount = self.amount.amount;
        if amount.is_negative() || amount.is_zero() || !self.amount.is_whole() {
            let right = format!("more than zero with at most {places} decimals");
            return Err(InvalidPlan::must("amount", right, amount));
        }
        if self.priority > MAX_PRIORITY {
            return Err(InvalidPlan::must("priority", format!("0 to {MAX_PRIORITY}"), self.priority));
        }
        if let Some(expires) = self.expires_at
            && expires <= self.effective_at
        {
            let right = format!("after {}, when it becomes effective", self.effective_at);
            return Err(InvalidPlan::must("expires_at", right, expires));
        }
        Ok(())
    }
}

/// Puts grants in the order in which they pay: by priority, the sooner to expire first, the older first.
pub fn in_order(grants: &mut [Grant]) {
    grants.sort_by_key(|grant| {
        let expires = grant.expires_at.unwrap_or(Timestamp::MAX);
        (grant.priority, expires, grant.effective_at, grant.id)
    });
}
