//! Making projections from stored events: after a crash from the last checkpoint on, or all anew.

use super::checkpoint;
use super::effective::Lookup;
use super::log::scan;
use super::log::segment::LogIndex;
use super::meters::Meters;
use super::projection::cells::Cells;
use super::projection::charges::ChargeRollUps;
use super::projection::claims::{ClaimEntry, Claims, HashKey};
use super::projection::corrections::{Corrections, Fate};
use super::projection::delta::UsageDelta;
use super::projection::layers::{Chain, Layers, Tail};
use super::projection::metered::MeterRollUps;
use super::projection::stretch::{Loaded, Stretch};
use super::targets::Targets;
use super::worth::{RollUpsMut, Worth};
use crate::StoreError;
use crate::correction::{Correction, correction, is_correction};
use std::sync::Arc;
use usage_domain::event::StoredEvent;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign};

/// Corrections that are looked up together when the log is replayed.
const CORRECTED_AT_ONCE: usize = 4096;

/// The roll-ups, and what is not yet in a checkpoint of them.
#[derive(Default)]
pub(crate) struct Projections {
    pub(crate) charges: ChargeRollUps,
    pub(crate) metered: Layers,
    pub(crate) meters: Meters,
    pub(crate) corrections: Corrections,
    pub(crate) delta: UsageDelta,
}

impl Projections {
    /// Loads what checkpoints have, and replays the rest of the log, for `claims` as well. Of `meters`,
    /// those are covered which the checkpoints cover.
    pub(crate) fn open(
        chain: &Chain,
        claims: &mut Claims,
        (log, next): (&LogIndex, u64),
        key: &HashKey,
        meters: &[Arc<Meter>],
        every: u64,
    ) -> Result<Projections, StoreError> {
        let (mut loaded, mut metered) = (Loaded::default(), Layers::default());
        // The log is the truth: projections of a longer one are of another log.
        let mark = |to| if to > next { Ok(None) } else { log.mark(to) };
        chain.load(mark, |tail| {
            let Tail { subjects: (_, subjects), series: (_, series), stretch } = tail;
            metered.name(&subjects, series)?;
            Stretch::read(&stretch)?.add_to(&mut loaded)
        })?;
        metered.thaw(&[], chain.list());
        let position = chain.position();
        let mut made = Projections {
            charges: loaded.charges,
            metered,
            corrections: loaded.corrections,
            // A log that is replayed from its beginning covers all.
            meters: Meters::new(meters, |series| position == 0 || loaded.covered.contains(&series), 0),
            ..Projections::default()
        };
        made.replay(claims, log, key, (chain, every))?;
        Ok(made)
    }

    /// Makes all projections anew from the log, covering all meters, under the numbers that subjects and groups
    /// have; `claims` and `chain` have nothing yet.
    pub(crate) fn anew(
        claims: &mut Claims,
        log: &LogIndex,
        key: &HashKey,
        meters: &Meters,
        metered: Layers,
        (chain, every): (&Chain, u64),
    ) -> Result<Projections, StoreError> {
        let all: Vec<_> = meters.set.all().cloned().collect();
        let meters = Meters::new(&all, |_| true, meters.version + 1);
        let mut made = Projections { meters, metered, ..Projections::default() };
        made.replay(claims, log, key, (chain, every))?;
        Ok(made)
    }

    /// Adds the log's events behind the chain, and to the claims those that they lack.
    fn replay(
        &mut self,
        claims: &mut Claims,
        log: &LogIndex,
        key: &HashKey,
        (chain, every): (&Chain, u64),
    ) -> Result<(), StoreError> {
        // Corrections wait for others, so that what they mean is looked up together. It stands before them, and
        // what is added up in between does not depend on the order.
        let (mut waiting, usage) = (Vec::new(), chain.position());
        let mut due = usage.saturating_add(every);
        scan::replay(log, usage.min(claims.next()), |stored, claim| {
            if stored.sequence >= due
                && let Some(mark) = log.mark(stored.sequence)?
            {
                // A log may have more cells than fit in memory.
                self.correct_all(claims, log, key, &mut waiting)?;
                self.spill(chain, stored.sequence, mark);
                due = stored.sequence.saturating_add(every);
            }
            if stored.sequence >= claims.next() {
                let hash = key.claim(&claim.source, &claim.id);
                claims.replay(ClaimEntry { hash, sequence: stored.sequence }, &|to| log.mark(to));
            }
            if stored.sequence >= usage {
                self.add(&stored, &mut waiting);
                if waiting.len() >= CORRECTED_AT_ONCE {
                    self.correct_all(claims, log, key, &mut waiting)?;
                }
            }
            Ok(())
        })?;
        self.correct_all(claims, log, key, &mut waiting)
    }

    /// Writes what there is up to a position as a run. Where that fails, it stays in memory.
    fn spill(&mut self, chain: &Chain, to: u64, mark: u32) {
        let fronts = self.metered.freeze();
        self.delta.fold();
        let name = |subjects: &[u32], groups: &[u32]| {
            let subjects = subjects.iter().map(|number| self.charges.subject(*number).clone());
            let groups = groups.iter().map(|number| self.charges.group(*number).clone());
            (subjects.collect(), groups.collect())
        };
        let charges = Cells::of(&self.delta.charges, name).encode();
        let stretch = checkpoint::stretch(&self.meters.covered(), &self.delta, charges);
        let tail = checkpoint::tail(chain, &self.metered, &stretch);
        match checkpoint::write(chain, to, mark, &tail, &fronts) {
            Ok(stored) => {
                self.metered.thaw(&fronts, chain.add(&stored));
                self.delta = UsageDelta::default();
            }
            Err(error) => tracing::warn!(%error, "a checkpoint failed; it is tried again"),
        }
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
