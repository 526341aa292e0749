//! Usage events: taking them in, listing them.

mod filter;
pub(crate) mod ingest;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod pages;
mod sent;
pub(crate) mod v3;
