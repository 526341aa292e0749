//! The service's routes without sockets: what is sent, and what comes back. On the embedded store, and with
//! `USAGE_TEST_STORE=postgres` on a database of each test's own, of the server that `USAGE_TEST_POSTGRES` names.

mod agreements;
mod billing_support;
mod bills;
mod binary;
#[path = "../../../store/tests/support/chosen.rs"]
mod chosen;
mod customers;
mod docs;
mod filters;
mod finalized;
mod first_contract;
mod ingest;
mod intake;
mod lenient;
mod lines;
mod listings;
mod log;
mod malformed;
mod meter_answers;
mod meter_preview;
mod meter_queries;
mod meter_support;
mod meters;
mod months;
mod openapi;
mod overload;
mod packed;
mod parameters;
mod plans;
mod price_vectors;
mod prices;
mod problems;
mod properties;
mod subjects;
mod support;
mod v3;
