//! Staging: what a group of requests would change, decided without changing anything.
//!
//! Which rows are new (a hash that is known is compared with the stored id), what corrections mean, and
//! which requests are refused whole because one of their events cannot be stored.

use super::effective::amended_data;
use super::meters::Meters;
use super::prepare::{Prepared, Row, same_content};
use super::projection::corrections::Fate;
use super::replay::Effect;
use crate::correction::{Correction, is_correction};
use crate::{Handling, StoreError};
use hashbrown::HashTable;
use std::collections::HashMap;
use std::sync::Arc;
use usage_domain::event::{EventRef, StoredEvent};
use usage_domain::time::Timestamp;

/// What a group would change.
pub(crate) struct Staged {
    /// By request.
    pub(crate) batches: Vec<Fates>,
    pub(crate) events: u32,
    pub(crate) times: (Timestamp, Timestamp),
    /// What its corrections change, in the order of the log.
    pub(crate) effects: Vec<Effect>,
}

/// What becomes of a request.
pub(crate) struct Fates {
    /// Of its rows, in the order of the block.
    pub(crate) rows: Vec<RowFate>,
    /// Of events that name the same claim as an earlier one: whether they have the content that stands.
    pub(crate) repeats: Vec<bool>,
}

/// What becomes of a row.
pub(crate) enum RowFate {
    /// It is stored.
    New,
    /// It is stored already.
    Known {
        /// With the same content.
        same: bool,
        /// Where.
        by: Standing,
    },
    /// It cannot be stored.
    Refused(String),
    /// It could be stored; but another of its request cannot.
    Withheld,
}

/// The event that stands under a claim.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Standing {
    /// A row of the same group, by its place among the new ones.
    Pending(usize),
    /// An event of the log, by its sequence.
    Stored(u64),
}

/// What is asked of the log that is there already.
pub(crate) trait Stored {
    /// The keyed hash of a claim.
    fn claim(&self, source: &str, id: &str) -> u64;
    /// The stored event that a correction means.
    fn find(&mut self, hash: u64, wanted: &Correction) -> Result<Option<StoredEvent>, StoreError>;
    /// Whether the event of this sequence has the content of `event`, which has the same claim.
    fn has_content(&mut self, sequence: u64, event: EventRef<'_>) -> Result<bool, StoreError>;
    /// What became of the event of this sequence.
    fn fate(&self, target: u64) -> Option<Fate>;
    /// The data that the amendment of this sequence gives.
    fn amended(&mut self, by: u64) -> Result<Option<String>, StoreError>;
    /// The meters that usage is added up for.
    fn meters(&self) -> Arc<Meters>;
}

/// Decides what becomes of every row; `next` is the sequence of the next event. `stored` says of a row, by
/// request and place, which stored event has its claim, and whether with the same content.
pub(crate) fn stage_in(
    batches: &[Prepared],
    next: u64,
    log: impl Stored,
    stored: impl Fn(usize, usize) -> Option<(u64, bool)>,
) -> Result<Staged, StoreError> {
    let rows = batches.iter().map(|batch| batch.rows().len()).sum();
    let mut staging = Staging {
        next,
        log,
        pending: HashTable::with_capacity(rows),
        new: Vec::with_capacity(rows),
        effects: Vec::new(),
        fates: HashMap::new(),
    };
    let mut staged = Vec::with_capacity(batches.len());
    for (number, batch) in batches.iter().enumerate() {
        staged.push(staging.batch(batch, |place| stored(number, place))?);
    }
    let mut times = (Timestamp::MAX, Timestamp::MIN);
    for (_, row) in &staging.new {
        times = (times.0.min(row.time), times.1.max(row.time));
    }
    let events = u32::try_from(staging.new.len()).unwrap_or(u32::MAX);
    Ok(Staged { batches: staged, events, times, effects: staging.effects })
}

struct Staging<'a, L> {
    next: u64,
    log: L,
    /// Rows that are stored, by the hash of their claim: their places in `new`.
    pending: HashTable<(u64, usize)>,
    /// Rows that are stored, in the order of the log, with their requests.
    new: Vec<(&'a Prepared, &'a Row)>,
    effects: Vec<Effect>,
    /// What becomes of events by these effects, by sequence.
    fates: HashMap<u64, Fate>,
}

impl<'a, L: Stored> Staging<'a, L> {
    fn batch(
        &mut self,
        batch: &'a Prepared,
        stored: impl Fn(usize) -> Option<(u64, bool)>,
    ) -> Result<Fates, StoreError> {
        let (first, effects) = (self.new.len(), self.effects.len());
        let mut refused = batch.has_rejected();
        let mut fates = Vec::with_capacity(batch.rows().len());
        for (place, row) in batch.rows().enumerate() {
            let fate = match self.pending(row.claim, |name| name == batch.name(row)) {
                Some(other) => {
                    let (first, known) = self.new[other];
                    let same =
                        known.content == row.content || same_content(first.event(known), batch.event(row));
                    RowFate::Known { same, by: Standing::Pending(other) }
                }
                None => stored(place).map_or(RowFate::New, |(sequence, same)| RowFate::Known {
                    same,
                    by: Standing::Stored(sequence),
                }),
            };
            if let RowFate::New = fate {
                self.add(batch, row);
            }
            fates.push(fate);
        }
        // Corrections come after all events of their request: it may correct its own.
        let mut sequence = self.next + first as u64;
        for (row, fate) in batch.rows().zip(&mut fates) {
            let RowFate::New = fate else { continue };
            if let Some(wanted) = &row.correction
                && let Err(reason) = self.correct(wanted, sequence)?
            {
                refused = true;
                *fate = RowFate::Refused(reason);
            }
            sequence += 1;
        }
        let any_refused = fates.iter().any(|fate| matches!(fate, RowFate::Refused(_)));
        if refused && (batch.handling == Handling::Strict || any_refused) {
            self.take_back(first, effects, batch.handling, batch, &mut fates)?;
        }
        let repeats = self.repeats(batch, &fates)?;
        Ok(Fates { rows: fates, repeats })
    }

    /// Whether events that name the same claim as an earlier one have the content that stands.
    fn repeats(&mut self, batch: &Prepared, fates: &[RowFate]) -> Result<Vec<bool>, StoreError> {
        let mut same = Vec::with_capacity(batch.repeats.len());
        if batch.repeats.is_empty() {
            return Ok(same);
        }
        let by_place: HashMap<usize, &RowFate> = batch.rows().map(|row| row.place).zip(fates).collect();
        for repeat in &batch.repeats {
            let event = batch.sent(repeat.place);
            same.push(match by_place.get(&repeat.first) {
                Some(RowFate::Known { by: Standing::Pending(place), .. }) => {
                    let (other, row) = self.new[*place];
                    same_content(other.event(row), event)
                }
                Some(RowFate::Known { by: Standing::Stored(sequence), .. }) => {
                    self.log.has_content(*sequence, event)?
                }
                _ => same_content(batch.sent(repeat.first), event),
            });
        }
        Ok(same)
    }

    /// Takes back what a request staged: all of it, or what was refused. Places in the log move up then, so
    /// that what stays is staged again.
    fn take_back(
        &mut self,
        first: usize,
        effects: usize,
        handling: Handling,
        batch: &'a Prepared,
        fates: &mut [RowFate],
    ) -> Result<(), StoreError> {
        self.effects.truncate(effects);
        self.fates = self.effects.iter().map(|effect| (effect.order.1, effect.fate)).collect();
        for (_, row) in self.new.drain(first..) {
            let entry =
                self.pending.find_entry(row.claim, |(hash, place)| *hash == row.claim && *place >= first);
            if let Ok(entry) = entry {
                entry.remove();
            }
        }
        if handling == Handling::Strict {
            for fate in fates.iter_mut().filter(|fate| matches!(fate, RowFate::New)) {
                *fate = RowFate::Withheld;
            }
            return Ok(());
        }
        for (row, fate) in batch.rows().zip(fates.iter()) {
            if let RowFate::New = fate {
                self.add(batch, row);
            }
        }
        let mut sequence = self.next + first as u64;
        for (row, fate) in batch.rows().zip(fates.iter()) {
            let RowFate::New = fate else { continue };
            if let Some(wanted) = &row.correction {
                // What it corrects is no correction, and so is still there.
                let _ = self.correct(wanted, sequence)?;
            }
            sequence += 1;
        }
        Ok(())
    }

    fn add(&mut self, batch: &'a Prepared, row: &'a Row) {
        self.pending.insert_unique(row.claim, (row.claim, self.new.len()), |(hash, _)| *hash);
        self.new.push((batch, row));
    }

    /// The place among the new rows of one whose claim has this hash and this name.
    fn pending(&self, hash: u64, is: impl Fn((&str, &str)) -> bool) -> Option<usize> {
        let same = |(known, place): &(u64, usize)| {
            let (batch, row) = self.new[*place];
            *known == hash && is(batch.name(row))
        };
        self.pending.find(hash, same).map(|(_, place)| *place)
    }

    /// Notes what a correction changes, or says why it cannot be stored.
    fn correct(&mut self, wanted: &Correction, by: u64) -> Result<Result<(), String>, StoreError> {
        let hash = self.log.claim(&wanted.source, &wanted.id);
        let target = match self.pending(hash, |name| name == (&wanted.source, &wanted.id)) {
            Some(place) => Some(self.new_event(place)),
            None => self.log.find(hash, wanted)?,
        };
        let Some(target) = target else {
            let (id, source) = (&wanted.id, &wanted.source);
            return Ok(Err(format!(
                "there is no event \"{id}\" of source \"{source}\" to correct; send that one first"
            )));
        };
        if is_correction(&target.event.event_type) {
            return Ok(Err(format!(
                "event \"{}\" is itself a correction; correct the usage event that it names",
                wanted.id
            )));
        }
        let staged = self.fates.get(&target.sequence).copied();
        let before = staged.or_else(|| self.log.fate(target.sequence));
        if before == Some(Fate::Voided) && wanted.data.is_some() {
            return Ok(Err(format!("event \"{}\" was taken back, for ever; send a new event", wanted.id)));
        }
        let meters = self.log.meters();
        let effect = Effect::of(target, before, wanted, by, &meters, |earlier| {
            match earlier.checked_sub(self.next).and_then(|place| usize::try_from(place).ok()) {
                Some(place) => Ok(amended_data(&self.new_event(place))),
                None => self.log.amended(earlier),
            }
        })?;
        if let Some(effect) = effect {
            self.fates.insert(effect.order.1, effect.fate);
            self.effects.push(effect);
        }
        Ok(Ok(()))
    }

    /// A new row as it will be stored.
    fn new_event(&self, place: usize) -> StoredEvent {
        let (batch, row) = self.new[place];
        let (sequence, received) = (self.next + place as u64, batch.received);
        StoredEvent {
            sequence,
            event: batch.event(row).to_event(),
            ingested_at: received,
            stored_at: received,
        }
    }
}
