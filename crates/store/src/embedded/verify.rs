//! Verifying: every byte of the log is read and checked, every total recounted from it.

use super::effective::Lookup;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::claims::{ClaimEntry, HashKey};
use super::projection::corrections::{Corrections, Fate};
use super::projection::rollup::{Group, RollUps, Sum};
use super::projection::slot::Slot;
use super::recount::Recount;
use super::repeats::IndexCheck;
use super::shared::Shared;
use crate::StoreError;
use crate::correction::{correction, is_correction};
use std::collections::{BTreeSet, HashMap};
use std::sync::PoisonError;
use usage_domain::care::VerifyReport;
use usage_domain::event::StoredEvent;
use usage_domain::position::Position;

/// The folder of what is written while the log is recounted.
pub(super) const FOLDER: &str = "verify";

/// The most problems that are reported one by one.
pub(super) const MOST_PROBLEMS: usize = 100;

/// Compares the projections with a recount of the log at one position. Ingest goes on meanwhile.
pub(crate) fn verify(shared: &Shared) -> Result<VerifyReport, StoreError> {
    let _one = shared.verifying.lock().unwrap_or_else(PoisonError::into_inner);
    let mut index = IndexCheck::new(shared);
    let (log, charges, view, layers, meters, corrections, next, claims) = {
        let mut state = shared.write();
        state.metered.freeze();
        (
            state.log.clone(),
            state.charges.clone(),
            state.metered.frozen(),
            state.metered.anew(),
            state.meters.clone(),
            state.corrections.clone(),
            state.next,
            state.claims,
        )
    };
    let mut report = VerifyReport {
        position: Position::after(next),
        events: 0,
        records: 0,
        bytes: 0,
        totals: 0,
        problems: Vec::new(),
    };
    let mut recount = Recount::new(shared, layers, &meters)?;
    let (mut corrected, mut lookup) = (Corrected::default(), Lookup::default());
    for record in &log.records {
        report.records += 1;
        let events = match log.segment(record).events(record.offset, None) {
            Ok(events) => events,
            Err(error) => {
                note(&mut report.problems, error.to_string());
                continue;
            }
        };
        for (stored, claim) in events {
            report.events += 1;
            let hash = shared.key.claim(&claim.source, &claim.id);
            index.add(ClaimEntry { hash, sequence: stored.sequence });
            corrected.see(&stored, hash, &shared.key, &corrections);
            match lookup.effective(&log, &corrections, stored) {
                Ok(Some(stored)) => recount.add(&stored)?,
                Ok(None) => {}
                Err(error) => note(&mut report.problems, error.to_string()),
            }
        }
    }
    for segment in &log.segments {
        report.bytes += segment.length()?;
        if let Err(error) = segment.check_name() {
            note(&mut report.problems, error.to_string());
        }
    }
    // A recount of a part compares with nothing.
    if !report.problems.is_empty() {
        return Ok(report);
    }
    index.finish(&log, claims, &mut report.problems);
    if !corrected.agrees(&log, &shared.key)? {
        let text = "the corrections are not those of the log; run 'usage_app rebuild'";
        note(&mut report.problems, text.to_string());
    }
    compare(&charges, &recount.charges, &mut report, |group| group.service.clone(), |_| true);
    if let Err(error) = recount.compare(&view, &mut report) {
        note(&mut report.problems, error.to_string());
    }
    Ok(report)
}

/// What became of events, by the hashes of their claims: as the log says it, and as it is kept.
#[derive(Default)]
struct Corrected {
    said: HashMap<u64, Fate>,
    kept: HashMap<u64, Fate>,
}

impl Corrected {
    fn see(&mut self, stored: &StoredEvent, hash: u64, key: &HashKey, corrections: &Corrections) {
        if let Some(fate) = corrections.fate(stored.sequence) {
            self.kept.insert(hash, fate);
        }
        let Some(wanted) = correction(stored.event.borrowed()) else { return };
        let Ok(wanted) = wanted else { return };
        let fate = if wanted.data.is_some() { Fate::Amended(stored.sequence) } else { Fate::Voided };
        let said = self.said.entry(key.claim(&wanted.source, &wanted.id)).or_insert(fate);
        if *said != Fate::Voided {
            *said = fate;
        }
    }

    /// Whether what is kept is what the log says. A correction that was stored before corrections were known
    /// may name what is not there, or another correction: that changes nothing.
    fn agrees(&self, log: &LogIndex, key: &HashKey) -> Result<bool, StoreError> {
        if self.kept.iter().any(|(hash, fate)| self.said.get(hash) != Some(fate)) {
            return Ok(false);
        }
        let lost = |hash: &u64| self.said.contains_key(hash) && !self.kept.contains_key(hash);
        if !self.said.keys().any(lost) {
            return Ok(true);
        }
        let mut agrees = true;
        scan::replay(log, 0, |stored, claim| {
            let hash = key.claim(&claim.source, &claim.id);
            agrees &= !lost(&hash) || is_correction(&stored.event.event_type);
            Ok(())
        })?;
        Ok(agrees)
    }
}

/// Adds what the roll-ups have otherwise than the log to the report's problems.
pub(crate) fn compare<G: Group, S: Sum>(
    kept: &RollUps<G, S>,
    counted: &RollUps<G, S>,
    report: &mut VerifyReport,
    name: impl Fn(&G) -> String,
    wanted: impl Fn(&G) -> bool,
) {
    let (kept, counted) = (kept.by_name(), counted.by_name());
    report.totals += counted.len() as u64;
    let keys: BTreeSet<(&str, Slot, &G)> = kept.keys().chain(counted.keys()).copied().collect();
    for key in keys.into_iter().filter(|(_, _, group)| wanted(group)) {
        let (has, should) = (kept.get(&key), counted.get(&key));
        let same = match (has, should) {
            (Some(has), Some(should)) => has.is_that_of(should),
            // What was taken back leaves a cell behind.
            (Some(has), None) => has.is_nothing(),
            (None, _) => false,
        };
        if !same {
            let (subject, slot, group) = key;
            let start = if subject.is_empty() { slot.quarter().start } else { slot.period().start };
            let shown = |sum: Option<&&S>| sum.map_or("nothing".to_string(), |sum| sum.shown());
            let (whose, has, should) = (name(group), shown(has), shown(should));
            let text = format!(
                "{whose} of subject {subject} from {start}: the log has {should}, the roll-up {has}; run 'usage_app rebuild'"
            );
            note(&mut report.problems, text);
        }
    }
}

pub(crate) fn note(problems: &mut Vec<String>, problem: String) {
    if problems.len() < MOST_PROBLEMS {
        problems.push(problem);
    }
}
