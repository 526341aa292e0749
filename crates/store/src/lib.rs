//! Where usage is kept: the log of events, its projections, customers and postings.
//!
//! One contract in domain words ([`Store`]), its implementations, and one conformance suite (in
//! `tests/conformance`) that each of them passes. No SQL, file or driver is visible outside this crate.

mod condition;
mod contract;
mod correction;
pub mod embedded;
mod error;
mod format;
mod measure;
pub mod postgres;
pub mod transfer;

pub use condition::{Condition, Pattern, TextField, TextTest, TimeField};
pub use contract::{EventFilter, Handling, LogPage, PostRequest, RateFn, Store};
pub use correction::{Correction, correction, is_correction};
pub use error::StoreError;
pub use measure::{Measured, MeterSet, measure, meter};
