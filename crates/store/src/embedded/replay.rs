//! Making projections from stored events: after a crash from the last checkpoint on, or all anew.

use super::checkpoint::Chains;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::cells::Cells;
use super::projection::claims::{ClaimEntry, Claims, HashKey};
use super::projection::delta::{Delta, load_claims};
use super::projection::rollup::RollUps;
use crate::StoreError;
use crate::format::block::Claim;
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
    /// Loads what checkpoints have, and replays the rest of the log.
    pub(crate) fn open(
        chains: &mut Chains,
        log: &LogIndex,
        next: u64,
        key: &HashKey,
    ) -> Result<Projections, StoreError> {
        if chains.usage.position() > next || chains.claims.position() > next {
            // The log is the truth: projections of a longer one are of another log.
            tracing::warn!(next, "the projections are of a longer log; they are made anew");
            chains.clear()?;
        }
        let mut made = Projections::default();
        chains.usage.load(
            |to| log.mark(to),
            |bytes| {
                Cells::read(bytes)?.add_to(&mut made.rollups);
                Ok(())
            },
        )?;
        chains.claims.load(|to| log.mark(to), |bytes| load_claims(bytes, &mut made.claims))?;
        let (usage, claims) = (chains.usage.position(), chains.claims.position());
        scan::replay(log, usage.min(claims), |stored, claim| {
            let wanted = Wanted { usage: stored.sequence >= usage, claims: stored.sequence >= claims };
            made.add(key, &stored, &claim, wanted);
            Ok(())
        })?;
        Ok(made)
    }

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
            self.delta.cells.push(self.rollups.add(&stored.event.subject, stored.event.time, &charge));
        }
    }
}
