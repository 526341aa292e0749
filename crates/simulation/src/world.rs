//! The world of a simulation: a store in its site, the engine over it, the model beside it, a clock.

use crate::check;
use crate::dice::Dice;
use crate::draw::events::Sender;
use crate::draw::times::{self, DAY, SECOND};
use crate::model::Model;
use crate::model::catalog::Catalog;
use crate::planted::{self, Bug};
use crate::site::{Embedded, Postgres, Site};
use crate::stats::Stats;
use crate::trace::Trace;
use crate::{Plan, steps};
use std::cell::Cell;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use usage_domain::time::Timestamp;
use usage_engine::Engine;
use usage_store::{Store, StoreError};

/// That something is not as the model says: what.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// Steps between two comparisons of everything.
const CHECKED_EVERY: u32 = 50;
/// The most steps that trouble lasts.
const LONGEST_TROUBLE: u64 = 4;

pub(crate) struct World<'w, 't> {
    pub(crate) dice: Dice,
    pub(crate) now: Timestamp,
    pub(crate) model: Model,
    pub(crate) sender: Sender,
    pub(crate) site: Box<dyn Site>,
    pub(crate) stats: &'w mut Stats,
    /// All nodes of it that are open, and how often one was asked.
    stores: Vec<Arc<dyn Store>>,
    turn: Cell<usize>,
    runtime: Runtime,
    trace: &'w mut Trace<'t>,
    /// Steps until what is planned to go wrong is mended.
    trouble: u64,
    /// The catalog after a change without an answer.
    pub(crate) unanswered: Option<Catalog>,
}

impl<'w, 't> World<'w, 't> {
    pub(crate) fn new(
        plan: Plan<'_>,
        trace: &'w mut Trace<'t>,
        stats: &'w mut Stats,
    ) -> Outcome<World<'w, 't>> {
        let mut dice = Dice::new(plan.seed);
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let (site, words): (Box<dyn Site>, String) = match plan.server {
            Some(server) => {
                let site = runtime.block_on(Postgres::new(&mut dice, server))?;
                let words = site.words();
                (Box::new(site), words)
            }
            None => {
                let lies = plan.bug == Some(Bug::WritesThatAreNotDurable);
                let site = Embedded::new(&mut dice, lies);
                let site = site.map_err(|error| format!("no folder for a store: {error}"))?;
                let words = site.words();
                (Box::new(site), words)
            }
        };
        trace.say(&format!("seed {}: {words}", plan.seed));
        let now: Timestamp = "2026-10-28T22:15:00.123456789Z".parse().map_err(|error| format!("{error}"))?;
        let mut world = World {
            dice,
            now,
            model: Model::of(site.is_shared()),
            sender: Sender::default(),
            site: planted::within(site, plan.bug),
            stats,
            stores: Vec::new(),
            turn: Cell::new(0),
            runtime,
            trace,
            trouble: 0,
            unanswered: None,
        };
        world.open()?;
        Ok(world)
    }

    /// Takes a step, and looks whether all is as it should be.
    pub(crate) fn step(&mut self, number: u32) -> Outcome {
        self.trace.step(number);
        self.stats.steps += 1;
        self.site.begin_step(self.model.log.count());
        self.trouble_comes_and_goes();
        steps::any(self)?;
        self.settle()?;
        let hits = self.site.hits();
        self.stats.faults += hits.all();
        if hits.crashed {
            self.stats.crashes_within += 1;
            self.crash()?;
        }
        self.check_position()?;
        if number.is_multiple_of(CHECKED_EVERY) { check::everything(self) } else { Ok(()) }
    }

    /// The end: everything is compared once more, then again after closing and opening.
    pub(crate) fn finish(&mut self) -> Outcome {
        self.site.begin_step(self.model.log.count());
        self.mend();
        check::everything(self)?;
        steps::reopen::close_and_open(self)?;
        self.say("the end");
        check::everything(self)
    }

    fn trouble_comes_and_goes(&mut self) {
        if self.trouble > 0 {
            self.trouble -= 1;
            if self.trouble == 0 {
                self.mend();
            }
        } else if self.dice.percent(20) {
            let words = self.site.plan_trouble(&mut self.dice);
            self.trouble = self.dice.between(1, LONGEST_TROUBLE);
            self.say(&format!("(from now on {words})"));
        }
    }

    fn mend(&mut self) {
        self.trouble = 0;
        self.site.mend();
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.trace.say(line);
    }

    /// The use cases, over the store that is open. Who keeps it keeps the store open.
    pub(crate) fn engine(&self) -> Outcome<Engine> {
        Ok(Engine::new(self.store()?))
    }

    /// The store; of several nodes, each in turn.
    pub(crate) fn store(&self) -> Outcome<Arc<dyn Store>> {
        let turn = self.turn.get();
        self.turn.set(turn + 1);
        let store = self.stores.get(turn % self.stores.len().max(1));
        store.cloned().ok_or_else(|| "no store is open".to_string())
    }

    /// All nodes of the store.
    pub(crate) fn stores(&self) -> &[Arc<dyn Store>] {
        &self.stores
    }

    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// A moment later than all before.
    pub(crate) fn tick(&mut self) -> Timestamp {
        let nanos = self.dice.between(1, SECOND);
        self.pass(nanos)
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, nanos: u64) -> Timestamp {
        // The simulation stays within some decades.
        self.now = times::shifted(self.now, i64::try_from(nanos.min(400 * DAY)).unwrap_or(0));
        self.now
    }

    /// Waits until the store does nothing more by itself.
    pub(crate) fn settle(&mut self) -> Outcome {
        let settled = self.runtime.block_on(self.site.settle());
        match settled {
            Err(error) if !self.site.hits().crashed => Err(format!("the store does not answer: {error}")),
            _ => Ok(()),
        }
    }

    /// Opens the store, compares what it has with the model, and follows what may have survived.
    pub(crate) fn open(&mut self) -> Outcome {
        let opened = self.runtime.block_on(self.site.open());
        self.stores = opened.map_err(|error| format!("the store does not open: {error}"))?;
        self.settle()?;
        if self.site.hits().crashed {
            // It died again while it put things in order.
            return self.crash();
        }
        check::after_opening(self)
    }

    /// Gives the store back; what it does on the way out is done then.
    pub(crate) fn leave(&mut self) {
        self.stores.clear();
    }

    /// The process dies, unless it did in this step, and another one opens what is left.
    pub(crate) fn crash(&mut self) -> Outcome {
        self.site.crash();
        self.leave();
        let wreck = self.site.clear_up(&mut self.dice)?;
        self.stats.crashes += 1;
        self.stats.torn += wreck.torn;
        self.stats.spoiled += wreck.spoiled;
        let words: Vec<_> = ["the process died".to_string()].into_iter().chain(wreck.words).collect();
        self.say(&words.join("; "));
        self.mend();
        self.site.begin_step(self.model.log.count());
        self.open()
    }

    /// Compares the position alone.
    fn check_position(&mut self) -> Outcome {
        let engine = self.engine()?;
        let position = self.wait(engine.position()).map_err(|error| format!("no position: {error}"))?;
        crate::model::log::same("the position", &position.events(), &self.model.log.count())
    }

    /// Whether a write of events that failed was made to.
    pub(crate) fn is_commit_excused(&self, error: &StoreError) -> bool {
        let hits = self.site.hits();
        is_refusal(error) && (hits.commits > 0 || hits.lost > 0 || hits.crashed)
    }

    /// Whether a write of the catalog that failed was made to.
    pub(crate) fn is_catalog_excused(&self, error: &StoreError) -> bool {
        let hits = self.site.hits();
        is_refusal(error) && (hits.catalog > 0 || hits.lost > 0 || hits.crashed)
    }

    /// A change of the catalog was refused: where the store goes on, it may be there all the same.
    pub(crate) fn may_have_changed(&mut self, changed: Catalog) -> Outcome {
        // Where the node died, nothing that came later is there.
        if !self.site.is_shared() || changed == self.model.catalog || self.unanswered.is_some() {
            return Ok(());
        }
        self.unanswered = Some(changed);
        // Once the node is opened again, where it died.
        if self.site.hits().crashed { Ok(()) } else { check::unanswered(self) }
    }
}

/// Whether a write failed for what is beneath the store.
pub(crate) fn is_refusal(error: &StoreError) -> bool {
    matches!(error, StoreError::WriteFailed { .. } | StoreError::Unavailable(_))
}

impl Drop for World<'_, '_> {
    /// Lets everything go on, so that the store can end.
    fn drop(&mut self) {
        self.site.release();
        self.leave();
    }
}
