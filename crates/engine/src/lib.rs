//! The use cases: what the product does, over any store.
//!
//! Moments and new ids are arguments. This crate knows nothing of HTTP, JSON bodies, SQL or files.

pub mod billing;
mod catalog;
mod customers;
mod error;
mod events;
mod meters;
mod post;
mod question;
mod subjects;

pub use customers::CustomerFilter;
pub use error::EngineError;
pub use events::ListedEvent;
pub use post::Posted;
pub use question::MeterAnswer;

use std::sync::Arc;
use usage_domain::care::{RebuildReport, VerifyReport};
use usage_domain::position::Position;
use usage_domain::usage::Unpaid;
use usage_store::{Store, StoreError};

/// The use cases over one store.
#[derive(Clone)]
pub struct Engine {
    store: Arc<dyn Store>,
}

impl Engine {
    /// The use cases over this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Engine {
        Engine { store }
    }

    /// The position of the last acknowledged event.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn position(&self) -> Result<Position, StoreError> {
        self.store.position().await
    }

    /// Usage that no customer pays for, with the first `most` subjects by name.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn unpaid(&self, most: usize) -> Result<Unpaid, StoreError> {
        self.store.unpaid(most).await
    }

    /// Checks every byte of the log and recounts the projections.
    ///
    /// # Errors
    /// When the store is closed; damage is in the report.
    pub async fn verify(&self) -> Result<VerifyReport, StoreError> {
        self.store.verify().await
    }

    /// Makes the projections anew from the log.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        self.store.rebuild().await
    }

    /// Writes what is only in memory and stops.
    ///
    /// # Errors
    /// When that could not be written; nothing acknowledged is lost by it.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}
