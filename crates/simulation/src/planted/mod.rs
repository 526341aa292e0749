//! Bugs that are planted on purpose: the simulation must find each of them, or it finds nothing.
//!
//! They are in a store around the real one, and in a disk that lies: no code of the product knows of
//! them.

mod memory;
mod metering;
mod store;

use crate::dice::Dice;
use crate::site::{Hits, Moment, Opening, Settling, Site, Wreck};
use memory::Memory;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;
use store::Buggy;
use usage_store::Store;

/// A bug to plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// After opening, an event that was stored before is taken for a new one.
    AClaimForgottenAfterOpening,
    /// An event whose commit failed counts twice when it is sent again.
    CountedTwiceAfterAFailedCommit,
    /// A crash takes a record that was acknowledged.
    WritesThatAreNotDurable,
    /// Usage at the first moment of a month is in the month before, too.
    TheEndOfAPeriodIsInIt,
    /// Who once paid for a subject pays for ever.
    PayersPayForEver,
    /// A page begins behind all events of the time that the last one ended with.
    PagesSkipEventsOfOneTime,
    /// After opening, what was taken back before counts again.
    AVoidForgottenAfterOpening,
    /// What is taken back still counts for meters.
    AVoidThatMetersDoNotSee,
    /// A meter counts nothing of what was stored before it was made.
    AMeterWithoutEarlierEvents,
    /// A meter counts nothing of what is stored while its earlier events are added up.
    AMeterWithoutWhatCameMeanwhile,
    /// A new meter goes on with the sums of one of the same events that was deleted.
    SumsOfADeletedMeterReused,
    /// A node does not count what came to another one since it was opened.
    ANodeThatDoesNotSeeTheOther,
    /// What was taken back over another node since it was opened still counts on a node.
    ANodeThatDoesNotSeeVoidsOfTheOther,
}

impl Bug {
    /// Those of a store of several nodes.
    pub const OF_NODES: [Bug; 2] =
        [Bug::ANodeThatDoesNotSeeTheOther, Bug::ANodeThatDoesNotSeeVoidsOfTheOther];

    /// Those of any store.
    pub const ALL: [Bug; 11] = [
        Bug::AClaimForgottenAfterOpening,
        Bug::CountedTwiceAfterAFailedCommit,
        Bug::WritesThatAreNotDurable,
        Bug::TheEndOfAPeriodIsInIt,
        Bug::PayersPayForEver,
        Bug::PagesSkipEventsOfOneTime,
        Bug::AVoidForgottenAfterOpening,
        Bug::AVoidThatMetersDoNotSee,
        Bug::AMeterWithoutEarlierEvents,
        Bug::AMeterWithoutWhatCameMeanwhile,
        Bug::SumsOfADeletedMeterReused,
    ];
}

/// The site with a bug in its stores.
pub(crate) fn within(site: Box<dyn Site>, bug: Option<Bug>) -> Box<dyn Site> {
    match bug {
        // That one is in the disk.
        None | Some(Bug::WritesThatAreNotDurable) => site,
        Some(bug) => Box::new(Planted { site, bug, memory: Arc::default() }),
    }
}

struct Planted {
    site: Box<dyn Site>,
    bug: Bug,
    memory: Arc<Mutex<Memory>>,
}

impl Site for Planted {
    fn open(&mut self) -> Opening<'_> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).opened();
        Box::pin(async {
            let mut buggy: Vec<Arc<dyn Store>> = Vec::new();
            for (node, store) in self.site.open().await?.into_iter().enumerate() {
                buggy.push(Arc::new(Buggy { store, node, bug: self.bug, memory: self.memory.clone() }));
            }
            Ok(buggy)
        })
    }

    fn settle(&self) -> Settling<'_> {
        self.site.settle()
    }

    fn is_shared(&self) -> bool {
        self.site.is_shared()
    }

    fn is_away(&mut self, away: bool) -> bool {
        self.site.is_away(away)
    }

    fn most_waiting(&self) -> usize {
        self.site.most_waiting()
    }

    fn begin_step(&mut self, events: u64) {
        self.site.begin_step(events);
    }

    fn hits(&self) -> Hits {
        self.site.hits()
    }

    fn plan_trouble(&mut self, dice: &mut Dice) -> String {
        self.site.plan_trouble(dice)
    }

    fn mend(&mut self) {
        self.site.mend();
    }

    fn hold(&self, moment: Moment) {
        self.site.hold(moment);
    }

    fn poll_held(&self, context: &mut Context<'_>) -> bool {
        self.site.poll_held(context)
    }

    fn release(&self) {
        self.site.release();
    }

    fn crash(&mut self) {
        self.site.crash();
    }

    fn crash_within_catalog_commit(&mut self, dice: &mut Dice) -> bool {
        self.site.crash_within_catalog_commit(dice)
    }

    fn clear_up(&mut self, dice: &mut Dice) -> Result<Wreck, String> {
        self.site.clear_up(dice)
    }
}
