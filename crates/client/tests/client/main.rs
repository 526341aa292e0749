//! The client against a service that answers by script, over real connections.

mod billing;
mod ingest;
mod meters;
mod requests;
mod stub;
