//! Usage events: taking them in, listing them.

pub(crate) mod ingest;
pub(crate) mod list;
pub(crate) mod pages;
mod sent;
