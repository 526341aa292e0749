//! Where usage is kept: the log of events, its projections, customers, postings and documents.
//!
//! One contract in domain words ([`Store`]), its implementations, and one conformance suite (in
//! `tests/conformance`) that each of them passes. No SQL, file or driver is visible outside this crate.

mod condition;
mod contract;
mod correction;
mod document;
pub mod embedded;
mod error;
mod format;
mod measure;
pub mod postgres;
mod reading;
pub mod transfer;
mod unpaid;

pub use condition::{Condition, Pattern, TextField, TextTest, TimeField};
pub use contract::{EventFilter, Handling, LogPage, PostRequest, RateFn, Store};
pub use correction::{Correction, correction, is_correction};
pub use document::{Document, DocumentWrite, Expect, Kind, UnknownKind};
pub use error::StoreError;
pub use measure::{Measured, MeterSet, measure, meter};
pub use reading::{Reading, Readings};
