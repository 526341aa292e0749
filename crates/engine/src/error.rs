//! Why a use case did not come about.

use std::fmt::Display;
use usage_domain::bill::{BillError, Inputs, Reason};
use usage_domain::customer::{CustomerRef, InvalidCustomer};
use usage_domain::decimal::DecimalError;
use usage_domain::meter::InvalidMeter;
use usage_domain::meter::query::QueryError;
use usage_domain::plan::InvalidPlan;
use usage_domain::subject::InvalidSubject;
use usage_domain::subscription::Segment;
use usage_domain::time::{Month, Timestamp};
use usage_store::StoreError;

/// Why a use case did not come about. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No customer has this name.
    #[error("there is no customer \"{0}\"")]
    NoCustomer(CustomerRef),
    /// A customer that cannot be.
    #[error(transparent)]
    InvalidCustomer(#[from] InvalidCustomer),
    /// A bill that cannot be made.
    #[error(transparent)]
    Bill(#[from] BillError),
    /// A meter that cannot be.
    #[error(transparent)]
    InvalidMeter(#[from] InvalidMeter),
    /// A subject that cannot be kept.
    #[error(transparent)]
    InvalidSubject(#[from] InvalidSubject),
    /// A plan, subscription, tax, coupon or credit that cannot be.
    #[error(transparent)]
    InvalidPlan(#[from] InvalidPlan),
    /// Something of billing that is not there.
    #[error("there is no {what} {name:?}")]
    Missing {
        /// What.
        what: String,
        /// How it was named.
        name: String,
    },
    /// A record of billing that cannot be read.
    #[error("{what} {name:?} cannot be read: {reason}")]
    Broken {
        /// What.
        what: String,
        /// Its id.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A month that is not over, or whose grace period is not.
    #[error(
        "{month} cannot be finalized before {until}, because more usage may come; `force` finalizes it all the same"
    )]
    TooEarly {
        /// The month.
        month: Month,
        /// From when on it can.
        until: Timestamp,
    },
    /// A month that has not begun.
    #[error("{month} cannot be finalized before it begins, at {from}")]
    NotBegun {
        /// The month.
        month: Month,
        /// When it begins.
        from: Timestamp,
    },
    /// A month in which nothing was to be billed when a later one was finalized.
    #[error(
        "nothing was to be billed to customer {customer} for {month} when {later} was finalized (bill {number}); \
         what came late is on the bill after the last finalized one"
    )]
    PassedOver {
        /// The customer's number.
        customer: u64,
        /// The month.
        month: Month,
        /// The later one.
        later: Month,
        /// The number of its bill.
        number: String,
    },
    /// A month that has a bill.
    #[error("{month} of customer {customer} is finalized already: bill {number}")]
    AlreadyFinalized {
        /// The customer's number.
        customer: u64,
        /// The month.
        month: Month,
        /// The number of the bill.
        number: String,
    },
    /// A month in which nothing is to be billed.
    #[error("nothing is to be billed to customer {customer} for {month}")]
    NothingToBill {
        /// The customer's number.
        customer: u64,
        /// The month.
        month: Month,
    },
    /// A bill with which this cannot be done.
    #[error("bill {number} {what}")]
    BillStatus {
        /// The number of the bill.
        number: String,
        /// What is in the way.
        what: String,
    },
    /// A request that is another one than its key stands for.
    #[error(
        "the Idempotency-Key {key:?} is that of another request to the same path for the same customer; nothing was \
         stored, send this one under a key of its own"
    )]
    KeyTaken {
        /// The key.
        key: String,
    },
    /// Too many others change the same records.
    #[error("others change the same records; nothing was written, try again")]
    Busy,
    /// What the store said.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineError {
    pub(crate) fn missing(what: &str, name: &str) -> EngineError {
        EngineError::Missing { what: what.to_string(), name: name.to_string() }
    }

    pub(crate) fn broken(what: &str, name: impl Display, reason: impl Display) -> EngineError {
        let (name, reason) = (name.to_string(), reason.to_string());
        EngineError::Broken { what: what.to_string(), name, reason }
    }

    /// That a field of a request names what is not there: then the field is wrong, and the path is not.
    #[must_use]
    pub fn named_by(self, field: &str) -> EngineError {
        match self {
            EngineError::Missing { .. } | EngineError::NoCustomer(_) => {
                InvalidPlan::new(field, self.to_string()).into()
            }
            other => other,
        }
    }

    pub(crate) fn query(error: QueryError) -> EngineError {
        EngineError::Store(StoreError::Query(error))
    }

    /// Usage of an item that does not fit.
    pub(crate) fn item(inputs: &Inputs, segment: &Segment, item: usize, error: DecimalError) -> EngineError {
        let reason = Reason::Item {
            plan: segment.plan.clone(),
            item: segment.items[item].key.clone(),
            reason: error.into(),
        };
        BillError { customer: inputs.customer.number, month: inputs.month, reason }.into()
    }

    pub(crate) fn status(bill: &usage_api::bill::Bill, what: &str) -> EngineError {
        EngineError::BillStatus { number: bill.number.clone().unwrap_or_default(), what: what.to_string() }
    }
}
