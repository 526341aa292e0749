//! Why a bill cannot be made.

use crate::decimal::DecimalError;
use crate::money::MoneyError;
use crate::pricing::RateError;
use crate::time::Month;

/// Why a bill cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bill of customer {customer} for {month}: {reason}")]
pub struct BillError {
    /// The customer's number.
    pub customer: u64,
    /// The month.
    pub month: Month,
    /// What is in the way.
    pub reason: Reason,
}

/// What is in the way of a bill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// An amount that does not fit.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// An item that cannot be rated.
    #[error("item {item:?} of plan {plan:?}: {reason}")]
    Item {
        /// The key of the plan.
        plan: String,
        /// The key of the item.
        item: String,
        /// What is wrong.
        reason: RateError,
    },
    /// Not every item of a stretch of a plan was measured.
    #[error("plan {plan:?} has {items} items, and {measured} of them were measured")]
    Unmeasured {
        /// The key of the plan.
        plan: String,
        /// How many items it has.
        items: usize,
        /// For how many of them it is known what was used.
        measured: usize,
    },
    /// A plan in another currency than the customer's.
    #[error(
        "plan {plan:?} is in {currency}, and the customer is billed in {own}; amounts of two currencies do not add"
    )]
    Currency {
        /// The key of the plan.
        plan: String,
        /// Its currency.
        currency: crate::currency::Currency,
        /// The customer's.
        own: crate::currency::Currency,
    },
}

impl From<DecimalError> for Reason {
    fn from(error: DecimalError) -> Reason {
        Reason::Amount(error.into())
    }
}
