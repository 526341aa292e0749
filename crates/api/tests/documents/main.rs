//! Billing documents: what is written is read back, and what is wrong is named.

#[path = "../../../domain/tests/pricing/strategies.rs"]
#[expect(dead_code, reason = "usage that is priced is of no use here")]
mod prices;

mod catalog;
mod catalogs;
mod inputs;
mod plans;
mod refused;
mod requests;
mod round_trips;
mod schema;
