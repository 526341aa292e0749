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
use super::projection::metered::{EVERYBODY, MeterRollUps, Series};
use super::projection::stretch::{Loaded, Stretch};
use super::targets::Targets;
use super::worth::{RollUpsMut, Worth};
use crate::StoreError;
use crate::correction::{Correction, correction, is_correction};
use std::collections::HashSet;
use std::sync::Arc;
use usage_domain::event::StoredEvent;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign};

/// Changes after which those of a cell are made one: a log may have far more of them than cells.
const MOST_CHANGES: usize = 1 << 20;

/// Corrections that are looked up together when the log is replayed.
const CORRECTED_AT_ONCE: usize = 4096;

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
        // Sums of meters that are no more stay in the files until these are made anew.
        let covered: HashSet<u32> = loaded.covered.iter().copied().collect();
        let live: HashSet<u32> = meters.iter().map(|m| m.series).filter(|s| covered.contains(s)).collect();
        loaded.metered.retain(0, usize::MAX, |of: &Series| live.contains(&of.meter));
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
        // Corrections wait for others, so that what they mean is looked up together. It stands before them, and
        // what is added up in between does not depend on the order.
        let (mut waiting, mut most) = (Vec::new(), MOST_CHANGES);
        scan::replay(log, usage.min(claims.next()), |stored, claim| {
            if stored.sequence >= claims.next() {
                let hash = key.claim(&claim.source, &claim.id);
                claims.replay(ClaimEntry { hash, sequence: stored.sequence }, &|to| log.mark(to));
            }
            if stored.sequence >= usage {
                self.add(&stored, &mut waiting);
                if self.delta.len() >= most {
                    self.delta.fold(self.metered.number_of(EVERYBODY).unwrap_or(0));
                    most = MOST_CHANGES.max(2 * self.delta.len());
                }
                if waiting.len() >= CORRECTED_AT_ONCE {
                    self.correct_all(claims, log, key, &mut waiting)?;
                }
            }
            Ok(())
        })?;
        self.correct_all(claims, log, key, &mut waiting)
    }

    fn add(&mut self, stored: &StoredEvent, waiting: &mut Vec<(u64, Correction)>) {
        let event = &stored.event;
        match correction(event.borrowed()) {
            None => {
                let worth = Worth::of(event.borrowed(), &self.meters.set);
                self.apply(&event.subject, (event.time, stored.sequence), &worth, Sign::Added);
            }
            Some(Ok(wanted)) => waiting.push((stored.sequence, wanted)),
            // It was stored before corrections were known, and corrects nothing.
            Some(Err(_)) => {}
        }
    }

    /// Does what these corrections, by their sequences, ask for.
    fn correct_all(
        &mut self,
        claims: &Claims,
        log: &LogIndex,
        key: &HashKey,
        waiting: &mut Vec<(u64, Correction)>,
    ) -> Result<(), StoreError> {
        let mut lookup = Lookup::default();
        let wanted = waiting.iter().map(|(_, wanted)| wanted);
        let mut targets = Targets::find(wanted, (claims, key), (log, &self.corrections), &mut lookup)?;
        for (by, wanted) in waiting.drain(..) {
            let target = targets.event(key.claim(&wanted.source, &wanted.id), &wanted);
            let usage =
                |target: &&StoredEvent| target.sequence < by && !is_correction(&target.event.event_type);
            let Some(target) = target.filter(usage) else { continue };
            let before = self.corrections.fate(target.sequence);
            let effect = Effect::of(target.clone(), before, &wanted, by, &self.meters, |by| {
                match targets.amended(by) {
                    Some(data) => Ok(data.clone()),
                    None => lookup.amended(log, by),
                }
            })?;
            if let Some(effect) = effect {
                self.correct(&effect);
                targets.amend(by, wanted.data);
            }
        }
        Ok(())
    }

    fn correct(&mut self, effect: &Effect) {
        let (_, target) = effect.order;
        self.apply(&effect.subject, effect.order, &effect.before, Sign::Removed);
        self.apply(&effect.subject, effect.order, &effect.after, Sign::Added);
        self.corrections.note(target, effect.fate);
        self.delta.corrections.push((target, effect.fate));
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

/// What a correction changes.
pub(crate) struct Effect {
    /// The subject of the event that it corrects, its time and its sequence.
    pub(crate) subject: String,
    pub(crate) order: Order,
    /// What that event counted for before, and counts for from now on.
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
        let (sequence, mut event) = (target.sequence, target.event);
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
        let order = (event.time, sequence);
        Ok(Some(Effect { subject: event.subject, order, before, after, fate }))
    }
}
