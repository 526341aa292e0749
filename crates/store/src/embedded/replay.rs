//! Making projections from stored events: after a crash from the last checkpoint on, or all anew.

use super::checkpoint::Chains;
use super::effective::Lookup;
use super::log::scan;
use super::log::segment::LogIndex;
use super::meters::Meters;
use super::projection::charges::ChargeRollUps;
use super::projection::claims::{ClaimEntry, Claims, HashKey};
use super::projection::corrections::{Corrections, Fate};
use super::projection::delta::UsageDelta;
use super::projection::metered::MeterRollUps;
use super::projection::stretch::{Loaded, Stretch};
use super::worth::{RollUpsMut, Worth};
use crate::StoreError;
use crate::correction::{Correction, correction, is_correction};
use std::sync::Arc;
use usage_domain::event::StoredEvent;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign};

/// The roll-ups, and what is not yet in a checkpoint of them.
#[derive(Default)]
pub(crate) struct Projections {
    pub(crate) charges: ChargeRollUps,
    pub(crate) metered: MeterRollUps,
    pub(crate) meters: Meters,
    pub(crate) corrections: Corrections,
    pub(crate) delta: UsageDelta,
}

impl Projections {
    /// Loads what checkpoints have, and replays the rest of the log, for `claims` as well. Of `meters`,
    /// those are covered which the checkpoints cover.
    pub(crate) fn open(
        chains: &mut Chains,
        claims: &mut Claims,
        log: &LogIndex,
        next: u64,
        key: &HashKey,
        meters: &[Arc<Meter>],
    ) -> Result<Projections, StoreError> {
        if chains.usage.position() > next {
            // The log is the truth: projections of a longer one are of another log.
            tracing::warn!(next, "the projections are of a longer log; they are made anew");
            chains.clear()?;
        }
        let mut loaded = Loaded::default();
        chains.usage.load(|to| log.mark(to), |bytes| Stretch::read(bytes)?.add_to(&mut loaded))?;
        let mut made = Projections {
            charges: loaded.charges,
            metered: loaded.metered,
            corrections: loaded.corrections,
            // A log that is replayed from its beginning covers all.
            meters: Meters::new(
                meters,
                |series| chains.usage.position() == 0 || loaded.covered.contains(&series),
                0,
            ),
            ..Projections::default()
        };
        made.replay(claims, log, key, chains.usage.position())?;
        Ok(made)
    }

    /// Makes all projections anew from the log, covering all meters; `claims` has none yet.
    pub(crate) fn anew(
        claims: &mut Claims,
        log: &LogIndex,
        key: &HashKey,
        meters: &Meters,
    ) -> Result<Projections, StoreError> {
        let all: Vec<_> = meters.set.all().cloned().collect();
        let meters = Meters::new(&all, |_| true, meters.version + 1);
        let mut made = Projections { meters, ..Projections::default() };
        made.replay(claims, log, key, 0)?;
        Ok(made)
    }

    /// Adds the log's events from `usage` on, and to the claims those that they lack.
    fn replay(
        &mut self,
        claims: &mut Claims,
        log: &LogIndex,
        key: &HashKey,
        usage: u64,
    ) -> Result<(), StoreError> {
        let mut lookup = Lookup::default();
        scan::replay(log, usage.min(claims.next()), |stored, claim| {
            if stored.sequence >= claims.next() {
                let hash = key.claim(&claim.source, &claim.id);
                claims.replay(ClaimEntry { hash, sequence: stored.sequence }, &|to| log.mark(to));
            }
            if stored.sequence >= usage {
                self.add(claims, log, key, &mut lookup, &stored)?;
            }
            Ok(())
        })
    }

    fn add(
        &mut self,
        claims: &Claims,
        log: &LogIndex,
        key: &HashKey,
        lookup: &mut Lookup,
        stored: &StoredEvent,
    ) -> Result<(), StoreError> {
        let event = &stored.event;
        match correction(event.borrowed()) {
            None => {
                let worth = Worth::of(event.borrowed(), &self.meters.set);
                self.apply(&event.subject, (event.time, stored.sequence), &worth, Sign::Added);
            }
            Some(Ok(wanted)) => {
                let hash = key.claim(&wanted.source, &wanted.id);
                let candidates = claims.candidates(hash)?;
                let target = find(log, lookup, &candidates, &wanted)?;
                let usage = |target: &StoredEvent| {
                    target.sequence < stored.sequence && !is_correction(&target.event.event_type)
                };
                if let Some(target) = target.filter(usage) {
                    let before = self.corrections.fate(target.sequence);
                    let effect = Effect::of(target, before, &wanted, stored.sequence, &self.meters, |by| {
                        lookup.amended(log, by)
                    })?;
                    if let Some(effect) = effect {
                        self.correct(&effect);
                    }
                }
            }
            // It was stored before corrections were known, and corrects nothing.
            Some(Err(_)) => {}
        }
        Ok(())
    }

    fn correct(&mut self, effect: &Effect) {
        let (event, order) = (&effect.target.event, (effect.target.event.time, effect.target.sequence));
        self.apply(&event.subject, order, &effect.before, Sign::Removed);
        self.apply(&event.subject, order, &effect.after, Sign::Added);
        self.corrections.note(effect.target.sequence, effect.fate);
        self.delta.corrections.push((effect.target.sequence, effect.fate));
    }

    fn apply(&mut self, subject: &str, order: Order, worth: &Worth, sign: Sign) {
        // What is not covered is added up behind, from the whole log.
        let mut uncovered = MeterRollUps::default();
        let mut into = RollUpsMut {
            charges: &mut self.charges,
            metered: &mut self.metered,
            delta: &mut self.delta,
            meters: &self.meters,
            uncovered: &mut uncovered,
        };
        into.apply(subject, order, worth, sign);
    }
}

/// Which of these events of the log a correction means.
fn find(
    log: &LogIndex,
    lookup: &mut Lookup,
    candidates: &[u64],
    wanted: &Correction,
) -> Result<Option<StoredEvent>, StoreError> {
    for sequence in candidates {
        let stored = lookup.event(log, *sequence)?;
        if stored.event.source == wanted.source && stored.event.id == wanted.id {
            return Ok(Some(stored.clone()));
        }
    }
    Ok(None)
}

/// What a correction changes.
pub(crate) struct Effect {
    /// The event that it corrects, as sent.
    pub(crate) target: StoredEvent,
    /// What that counted for before, and counts for from now on.
    pub(crate) before: Worth,
    pub(crate) after: Worth,
    pub(crate) fate: Fate,
}

impl Effect {
    /// What the correction of sequence `by` changes; `None` where that is nothing, because the event was
    /// taken back before. `amended` gives the data of an earlier amendment.
    pub(crate) fn of(
        target: StoredEvent,
        before: Option<Fate>,
        wanted: &Correction,
        by: u64,
        meters: &Meters,
        amended: impl FnOnce(u64) -> Result<Option<String>, StoreError>,
    ) -> Result<Option<Effect>, StoreError> {
        let mut event = target.event.clone();
        match before {
            Some(Fate::Voided) => return Ok(None),
            Some(Fate::Amended(by)) => event.data = amended(by)?,
            None => {}
        }
        let before = Worth::of(event.borrowed(), &meters.set);
        let (after, fate) = match &wanted.data {
            None => (Worth::default(), Fate::Voided),
            Some(data) => {
                event.data = Some(data.clone());
                (Worth::of(event.borrowed(), &meters.set), Fate::Amended(by))
            }
        };
        Ok(Some(Effect { target, before, after, fate }))
    }
}
