//! Making projections from stored events: after a crash from the last checkpoint on, or all anew.

use super::checkpoint::Chains;
use super::log::block::Claim;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::cells::Cells;
use super::projection::claims::{ClaimEntry, Claims, HashKey};
use super::projection::delta::Delta;
use super::projection::rollup::RollUps;
use crate::StoreError;
use crate::measure::{Measured, measure};
use usage_domain::event::StoredEvent;

/// The roll-ups, and what is not yet in a checkpoint of them.
#[derive(Default)]
pub(crate) struct Projections {
    pub(crate) rollups: RollUps,
    pub(crate) delta: Delta,
}

impl Projections {
    /// Loads what checkpoints have, and replays the rest of the log, for the claims as well.
    pub(crate) fn open(
        chains: &mut Chains,
        claims: &mut Claims,
        log: &LogIndex,
        next: u64,
        key: &HashKey,
    ) -> Result<Projections, StoreError> {
        if chains.usage.position() > next {
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
        let usage = chains.usage.position();
        scan::replay(log, usage.min(claims.next()), |stored, claim| {
            if stored.sequence >= claims.next() {
                claims.replay(entry(key, &stored, &claim), &|to| log.mark(to));
            }
            if stored.sequence >= usage {
                made.add(&stored);
            }
            Ok(())
        })?;
        Ok(made)
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, stored: &StoredEvent) {
        if let Measured::Charge(charge) = measure(&stored.event) {
            self.delta.cells.push(self.rollups.add(&stored.event.subject, stored.event.time, &charge));
        }
    }
}

/// What the index of duplicates keeps of an event.
pub(crate) fn entry(key: &HashKey, stored: &StoredEvent, claim: &Claim) -> ClaimEntry {
    ClaimEntry { hash: key.claim(&claim.source, &claim.id), sequence: stored.sequence }
}
