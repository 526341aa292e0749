//! What the log of this store knows of the events of a group: which are stored already, and what its
//! corrections mean. Reads only.

use super::effective::Lookup;
use super::log::segment::{BlockClaims, Segment};
use super::meters::Meters;
use super::prepare::{Prepared, same_content, same_hash};
use super::projection::claims::Claims;
use super::projection::corrections::Fate;
use super::shared::Shared;
use super::stage::{Staged, Stored, stage_in};
use super::targets::Targets;
use crate::StoreError;
use crate::correction::Correction;
use crate::format::claims::Claim;
use std::collections::HashMap;
use std::sync::Arc;
use usage_domain::event::{EventRef, StoredEvent};

/// Stored events that have the claims of rows, by request and row: their sequences, and whether they have the
/// content of the row as well.
type Known = HashMap<(usize, usize), (u64, bool)>;

/// What was last read of the log.
#[derive(Default)]
pub(crate) struct Lookups {
    /// The block whose claims were last read, for the retry of a whole request.
    claims: Option<(Arc<Segment>, u64, BlockClaims)>,
    events: Lookup,
}

/// Decides what becomes of every row; `next` is the sequence of the next event.
pub(super) fn stage(
    batches: &[Prepared],
    next: u64,
    claims: &Claims,
    lookups: &mut Lookups,
    shared: &Shared,
) -> Result<Staged, StoreError> {
    let stored = lookups.stored(batches, claims, shared)?;
    let wanted = batches.iter().flat_map(Prepared::rows).filter_map(|row| row.correction.as_deref());
    let targets = {
        let state = shared.read();
        let kept = (&state.log, &*state.corrections);
        Targets::find(wanted, (claims, &shared.key), kept, &mut lookups.events)?
    };
    let log = Log { targets, events: &mut lookups.events, shared };
    stage_in(batches, next, log, |number, place| stored.get(&(number, place)).copied())
}

/// The log of this store.
struct Log<'b> {
    /// What the corrections of the group mean.
    targets: Targets,
    events: &'b mut Lookup,
    shared: &'b Shared,
}

impl Stored for Log<'_> {
    fn claim(&self, source: &str, id: &str) -> u64 {
        self.shared.key.claim(source, id)
    }

    fn find(&mut self, hash: u64, wanted: &Correction) -> Result<Option<StoredEvent>, StoreError> {
        Ok(self.targets.event(hash, wanted).cloned())
    }

    fn has_content(&mut self, sequence: u64, event: EventRef<'_>) -> Result<bool, StoreError> {
        let state = self.shared.read();
        Ok(same_content(self.events.event(&state.log, sequence)?.event.borrowed(), event))
    }

    fn fate(&self, target: u64) -> Option<Fate> {
        self.shared.read().corrections.fate(target)
    }

    fn amended(&mut self, by: u64) -> Result<Option<String>, StoreError> {
        match self.targets.amended(by) {
            Some(data) => Ok(data.clone()),
            None => self.events.amended(&self.shared.read().log, by),
        }
    }

    fn meters(&self) -> Arc<Meters> {
        self.shared.read().meters.clone()
    }
}

impl Lookups {
    /// Whether stored events that have the claims of rows have their content as well, by request and row.
    /// They are looked up in the order of the log, so that no record is read twice.
    fn stored(
        &mut self,
        batches: &[Prepared],
        claims: &Claims,
        shared: &Shared,
    ) -> Result<Known, StoreError> {
        let mut wanted = Vec::with_capacity(batches.iter().map(|batch| batch.rows().len()).sum());
        for (number, batch) in (0u32..).zip(batches) {
            wanted.extend((0u32..).zip(batch.rows()).map(|(place, row)| (row.claim, (number, place))));
        }
        let mut candidates = claims.find(&wanted)?;
        candidates.sort_unstable();
        let mut stored = HashMap::with_capacity(candidates.len());
        for (sequence, (number, place)) in candidates {
            let (number, place) = (number as usize, place as usize);
            let batch = &batches[number];
            let row = batch.row(place);
            let (claim, event) = (self.claim_at(sequence, shared)?, batch.event(row));
            if claim.source != event.source || claim.id != event.id {
                continue;
            }
            let same = same_hash(claim.content, row.content) || {
                // Not letter by letter, or stored before that was compared.
                let state = shared.read();
                same_content(self.events.event(&state.log, sequence)?.event.borrowed(), event)
            };
            stored.insert((number, place), (sequence, same));
        }
        Ok(stored)
    }

    fn claim_at(&mut self, sequence: u64, shared: &Shared) -> Result<Claim, StoreError> {
        if !self.claims.as_ref().is_some_and(|(_, _, claims)| claims.has(sequence)) {
            let state = shared.read();
            let record = state.log.holding(sequence).ok_or_else(unknown_claim)?;
            let segment = state.log.segment(&record).clone();
            drop(state);
            let claims = segment.claims_around(&record, sequence)?;
            self.claims = Some((segment, record.offset, claims));
        }
        let (segment, offset, claims) = self.claims.as_ref().ok_or_else(unknown_claim)?;
        claims.get(sequence).map_err(|what| segment.damaged(*offset, &what))
    }
}

fn unknown_claim() -> StoreError {
    StoreError::Catalog(
        "the projections name an event that is not in the log; run 'usage_app rebuild'".into(),
    )
}
