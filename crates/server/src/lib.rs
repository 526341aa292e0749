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
pub use router::router;
pub use serve::{Listeners, serve};

use reading::Intake;
use std::ops::Deref;
use std::sync::Arc;
use usage_domain::time::Timestamp;
use usage_engine::Engine;

/// What every route has at hand. Each request has it a few times, so that copying it is one count.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    engine: Engine,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    random: Arc<dyn Fn() -> u128 + Send + Sync>,
    intake: Intake,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// The use cases; the present; eighty random bits for a new id. Only the program's entry knows the clock and
    /// draws random bits. Bodies of requests are within the usual limits.
    pub fn new(
        engine: Engine,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> u128 + Send + Sync + 'static,
    ) -> App {
        let (clock, random) = (Arc::new(clock), Arc::new(random));
        App(Arc::new(Parts { engine, clock, random, intake: Intake::default() }))
    }

    /// The same, with bodies of requests within these limits.
    #[must_use]
    pub fn within(&self, limits: Limits) -> App {
        let Parts { engine, clock, random, .. } = &**self;
        let (engine, clock, random) = (engine.clone(), clock.clone(), random.clone());
        App(Arc::new(Parts { engine, clock, random, intake: Intake::new(limits) }))
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A new id that sorts by the moment it was made.
    fn new_id(&self) -> ulid::Ulid {
        let milliseconds = u64::try_from(self.now().nanos() / 1_000_000).unwrap_or(0);
        ulid::Ulid::from_parts(milliseconds, (self.random)())
    }
}
