//! The stored events that corrections mean.
//!
//! They are looked up many at a time and in the order of the log, so that no block of it is read twice:
//! corrections of long ago are scattered over all of it.

use super::effective::Lookup;
use super::log::segment::LogIndex;
use super::projection::claims::{Claims, HashKey};
use super::projection::corrections::{Corrections, Fate};
use crate::StoreError;
use crate::correction::Correction;
use std::collections::HashMap;
use usage_domain::event::StoredEvent;

/// Stored events that corrections mean, and the data of those that were amended before.
#[derive(Default)]
pub(super) struct Targets {
    /// By the hashes of their claims: hardly ever more than one.
    events: HashMap<u64, Vec<StoredEvent>>,
    /// By the sequences of the amendments.
    amended: HashMap<u64, Option<String>>,
}

impl Targets {
    /// Looks up what these corrections mean.
    pub(super) fn find<'a>(
        wanted: impl Iterator<Item = &'a Correction>,
        (claims, key): (&Claims, &HashKey),
        (log, corrections): (&LogIndex, &Corrections),
        lookup: &mut Lookup,
    ) -> Result<Targets, StoreError> {
        let mut hashes: Vec<u64> = wanted.map(|wanted| key.claim(&wanted.source, &wanted.id)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let mut found = Targets::default();
        if hashes.is_empty() {
            return Ok(found);
        }
        let hashes: Vec<(u64, u64)> = hashes.into_iter().map(|hash| (hash, hash)).collect();
        let mut places = claims.find(&hashes)?;
        places.sort_unstable();
        let mut amendments = Vec::new();
        for (sequence, hash) in places {
            found.events.entry(hash).or_default().push(lookup.event(log, sequence)?.clone());
            if let Some(Fate::Amended(by)) = corrections.fate(sequence) {
                amendments.push(by);
            }
        }
        amendments.sort_unstable();
        for by in amendments {
            found.amended.insert(by, lookup.amended(log, by)?);
        }
        Ok(found)
    }

    /// The event that a correction means, `hash` being that of its claim.
    pub(super) fn event(&self, hash: u64, wanted: &Correction) -> Option<&StoredEvent> {
        let meant =
            |stored: &&StoredEvent| (&stored.event.source, &stored.event.id) == (&wanted.source, &wanted.id);
        self.events.get(&hash)?.iter().find(meant)
    }

    /// The data that the amendment of this sequence gives, if it was looked up.
    pub(super) fn amended(&self, by: u64) -> Option<&Option<String>> {
        self.amended.get(&by)
    }

    /// Notes what an amendment gives that came later.
    pub(super) fn amend(&mut self, by: u64, data: Option<String>) {
        self.amended.insert(by, data);
    }
}
