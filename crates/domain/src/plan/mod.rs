//! Plans: prices for meters and fees, under a key and in versions.
//!
//! Owns what a plan is and which of its versions is in force. A version is in force for a stretch of a
//! subscription from its `effective_from` on, as that is at the beginning of the stretch: within a billing
//! period prices never change under a subscription. Does not own who is on a plan
//! ([`crate::subscription`]), or what it comes to ([`crate::bill`]).

mod check;
pub mod item;
mod meters;

pub use check::InvalidPlan;
pub(crate) use check::{fraction as check_fraction, key as check_key, name as check_name};
pub use item::{Item, ItemKind, UsageItem};
pub use meters::Disagreement;

use crate::currency::Currency;
use crate::decimal::Decimal;
use crate::time::Timestamp;

/// Longest key of a plan or an item, in bytes.
pub const MAX_KEY: usize = 128;
/// Longest name of a plan or an item, in bytes.
pub const MAX_NAME: usize = 256;
/// Longest description of a plan, in bytes.
pub const MAX_DESCRIPTION: usize = 1024;
/// The most values that an item's filter has for a dimension.
pub const MAX_FILTER_VALUES: usize = 1000;
/// The most versions of a plan.
pub const MAX_VERSIONS: usize = 200;
/// The most items of a version.
pub const MAX_ITEMS: usize = 200;
/// The longest trial, in days.
pub const MAX_TRIAL_DAYS: u32 = 3660;

/// What customers can be on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What it is called in files and requests, such as `pro`.
    pub key: String,
    /// A name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// In the order of their moments, no two from the same one.
    pub versions: Vec<PlanVersion>,
}

/// What a plan is from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanVersion {
    /// Its number, from 1, which is how subscriptions that stay on it name it.
    pub number: u32,
    /// Stretches of subscriptions that begin then or later are by this version.
    pub effective_from: Timestamp,
    /// What its prices are in; customers on it are billed in no other.
    pub currency: Currency,
    /// Days from the beginning of a subscription that cost nothing.
    pub trial_days: u32,
    /// The least that a whole billing period comes to, fees included; what is missing is a line of its own.
    pub minimum_amount: Option<Decimal>,
    /// What becomes of usage that changes after its bill was finalized.
    pub corrections: Corrections,
    /// What is charged, in the order of the bill's lines.
    pub items: Vec<Item>,
}

/// What becomes of usage that comes late, or is corrected, after its bill was finalized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Corrections {
    /// A line of the next bill names the month and what it changed by, up or down.
    #[default]
    NextBill,
    /// What is owed less is a credit note; what is owed more is a line of the next bill.
    CreditNote,
}

impl Plan {
    /// The version in force for what begins at `moment`.
    #[must_use]
    pub fn version_at(&self, moment: Timestamp) -> Option<&PlanVersion> {
        self.versions.iter().rev().find(|version| version.effective_from <= moment)
    }

    /// The version of this number.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&PlanVersion> {
        self.versions.iter().find(|version| version.number == number)
    }
}
