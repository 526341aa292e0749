//! Where usage is kept: the log of events, its projections, customers and postings.
//!
//! One contract in domain words ([`Store`]), its implementations, and one conformance suite (in
//! `tests/conformance`) that each of them passes. No SQL, file or driver is visible outside this crate.

mod contract;
pub mod embedded;
mod error;
mod format;
mod measure;
pub mod postgres;

pub use contract::{EventFilter, PostRequest, RateFn, Store};
pub use error::StoreError;
pub use measure::{Measured, measure};
