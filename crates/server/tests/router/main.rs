//! The service's routes without sockets: what is sent, and what comes back.

mod bills;
mod binary;
mod customers;
mod docs;
mod filters;
mod first_contract;
mod ingest;
mod intake;
mod lenient;
mod lines;
mod listings;
mod log;
mod malformed;
mod months;
mod openapi;
mod overload;
mod packed;
mod price_vectors;
mod prices;
mod problems;
mod properties;
mod support;
mod v3;
