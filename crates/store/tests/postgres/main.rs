//! The PostgreSQL store beyond the contract: whose database it takes, what it does when connections
//! are lost, what it says of damage. Each test has a database of its own.

mod claims;
mod damage;
#[path = "../support/database.rs"]
mod database;
mod lost;
mod moving;
mod opening;
mod support;
mod tls;
