//! The HTTP service: one file per route, each of which reads the request, asks the engine and
//! writes the answer.
//!
//! No rule of billing lives here and no transaction is opened here. Every answer that is no success
//! is a problem (`application/problem+json`), but for the two messages of the first contract.

mod account;
mod bills;
mod catalog;
mod coupons;
mod credits;
mod customers;
mod docs;
mod error;
mod events;
mod health;
mod meters;
mod openapi;
mod parameters;
mod plans;
mod prices;
mod reading;
mod router;
mod serve;
mod settings;
mod store;
mod subjects;
mod subscriptions;
mod taxes;
mod usage;

pub use openapi::document;
pub use reading::Limits;
pub use router::{router, router_within};
pub use serve::{Listeners, serve};

use std::sync::Arc;
use usage_domain::time::Timestamp;
use usage_engine::Engine;

/// What every route has at hand.
#[derive(Clone)]
pub struct App {
    /// The use cases.
    pub engine: Engine,
    /// The present; only the program's entry knows the clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Eighty random bits for a new id; only the program's entry draws them.
    pub random: Arc<dyn Fn() -> u128 + Send + Sync>,
}

impl App {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A new id that sorts by the moment it was made.
    fn new_id(&self) -> ulid::Ulid {
        let milliseconds = u64::try_from(self.now().nanos() / 1_000_000).unwrap_or(0);
        ulid::Ulid::from_parts(milliseconds, (self.random)())
    }
}
