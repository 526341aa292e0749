//! A seeded simulation: the real engine over a real store, on a simulated clock, with disks that fail
//! and processes that die, beside a naive model that says what must come of it.
//!
//! Every choice is drawn from the seed and nothing else: no clock, no randomness, no thread whose
//! speed decides anything. A seed that fails, fails again in the same way ([`simulate`] gives a hash of
//! the trace). On PostgreSQL every choice and every fault is drawn from the seed as well, but the database
//! is a process of its own: what it merges behind, and which of two nodes it lets first, may differ. The model shares no code with a store beyond the domain's types: it keeps what was
//! acknowledged in plain lists and counts anew for every question.
//!
//! A step is a function in `steps`; a store that can be broken on purpose is a `site::Site`; a bug
//! that the simulation must find is a [`Bug`]. Nothing here is part of the product.

mod check;
mod dice;
mod draw;
mod figure;
mod model;
mod planted;
mod site;
mod stats;
mod steps;
mod trace;
mod world;

pub use planted::Bug;
pub use stats::Stats;
pub use trace::{Failure, Run};

use std::panic::{AssertUnwindSafe, catch_unwind};
use world::World;

/// What is to be simulated.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'p> {
    /// What every choice is drawn from.
    pub seed: u64,
    /// How many steps.
    pub steps: u32,
    /// A bug to plant.
    pub bug: Option<Bug>,
    /// The address of a PostgreSQL server, of whose databases one is made for two nodes; without it, the store is
    /// a folder.
    pub server: Option<&'p str>,
}

/// Runs one simulation. `watch` sees every line of the trace as it comes.
///
/// # Errors
/// The first thing that is not as the model says, with what led to it.
pub fn simulate(plan: Plan<'_>, watch: impl FnMut(&str)) -> Result<Run, Box<Failure>> {
    let mut trace = trace::Trace::new(watch);
    let mut stats = Stats::default();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(plan, &mut trace, &mut stats)?;
        for number in 1..=plan.steps {
            world.step(number)?;
        }
        world.finish()
    }));
    match ended {
        Ok(Ok(())) => Ok(Run { hash: trace.hash(), lines: trace.lines(), stats }),
        Ok(Err(what)) => Err(Box::new(trace.failed(&plan, what))),
        Err(panic) => Err(Box::new(trace.failed(&plan, format!("it panicked: {}", said(&*panic))))),
    }
}

/// The words of a panic.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_string())
}
