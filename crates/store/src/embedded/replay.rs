//! Making projections from stored events: after a crash from the last checkpoint on, or all anew.

use super::log::block::Claim;
use super::projection::claims::{ClaimEntry, Claims, HashKey};
use super::projection::delta::Delta;
use super::projection::rollup::RollUps;
use crate::measure::{Measured, measure};
use usage_domain::event::StoredEvent;

/// All projections, and what is not yet in a checkpoint of them.
#[derive(Default)]
pub(crate) struct Projections {
    pub(crate) rollups: RollUps,
    pub(crate) claims: Claims,
    pub(crate) delta: Delta,
}

/// Which projections an event is added to.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) usage: bool,
    pub(crate) claims: bool,
}

impl Wanted {
    pub(crate) const ALL: Wanted = Wanted { usage: true, claims: true };
    pub(crate) const USAGE: Wanted = Wanted { usage: true, claims: false };
}

impl Projections {
    /// Adds an event to the projections that want it.
    pub(crate) fn add(&mut self, key: &HashKey, stored: &StoredEvent, claim: &Claim, wanted: Wanted) {
        if wanted.claims {
            let entry = ClaimEntry { hash: key.claim(&claim.source, &claim.id), sequence: stored.sequence };
            self.claims.insert(entry);
            self.delta.claims.push(entry);
        }
        if wanted.usage
            && let Measured::Charge(charge) = measure(&stored.event)
        {
            let (cell, totals) = self.rollups.add(&stored.event.subject, stored.event.time, &charge);
            self.delta.add(cell, &totals);
        }
    }
}
