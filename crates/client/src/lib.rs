//! The library through which programs ask usage_app what a customer owes, and send it usage.
//!
//! ```no_run
//! use usage_client::{Event, UsageAPIClient};
//!
//! let client = UsageAPIClient::new("http://localhost:8000")?;
//! let usage = Event::new("acme").data_json(r#"{"service":"Storage","amount":"0.10"}"#)?;
//! let report = client.ingest([&usage])?;
//! assert_eq!(report.accepted, 1);
//! println!("{} owes {}", "acme", client.bill("acme", None)?.total_formatted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Owns requests, retries and batches, and blocks the calling thread. The bodies are of
//! [`usage_api`]; no rule of billing lives here. No figure ever passes through a float: figures are
//! decimal strings in both directions. The crate knows nothing of the store, the engine or the
//! server, and must never learn of them.

mod billing;
mod builder;
mod catalog;
mod client;
mod customer;
mod error;
mod event;
mod ingest;
mod meters;
mod posting;
mod random;
mod retry;
mod service;
mod transport;

pub use builder::{ClientBuilder, DEFAULT_BATCH_SIZE, DEFAULT_RETRIES, DEFAULT_TIMEOUT, MAX_BATCH_SIZE};
pub use client::UsageAPIClient;
pub use customer::CustomerName;
pub use error::{ApiError, ClientError, NetworkError, ValidationError};
pub use event::{DEFAULT_SOURCE, Event};
pub use ingest::IngestError;
pub use posting::CreateUsage;
/// The bodies that go over the wire.
pub use usage_api;
