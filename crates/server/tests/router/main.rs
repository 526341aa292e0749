//! The service's routes without sockets: what is sent, and what comes back.

mod bills;
mod customers;
mod docs;
mod first_contract;
mod ingest;
mod lenient;
mod listings;
mod malformed;
mod months;
mod openapi;
mod overload;
mod prices;
mod problems;
mod properties;
mod support;
