//! Why a use case did not come about.

use usage_domain::bill::BillError;
use usage_domain::customer::{CustomerRef, InvalidCustomer};
use usage_domain::meter::InvalidMeter;
use usage_domain::subject::InvalidSubject;
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
    /// What the store said.
    #[error(transparent)]
    Store(#[from] StoreError),
}
