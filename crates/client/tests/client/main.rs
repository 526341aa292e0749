//! The client against a service that answers by script, over real connections.

mod ingest;
mod requests;
mod stub;
