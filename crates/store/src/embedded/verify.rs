//! Verifying: every byte of the log is read and checked, every total recounted from it.

use super::projection::claims::{ClaimEntry, HashKey};
use super::projection::rollup::RollUps;
use super::replay::{Projections, Wanted};
use super::shared::Shared;
use crate::StoreError;
use std::collections::{BTreeSet, HashSet};
use usage_domain::care::VerifyReport;
use usage_domain::position::Position;
use usage_domain::usage::Totals;

/// The most problems that are reported one by one.
const MOST_PROBLEMS: usize = 100;

/// Compares the roll-ups with a recount of the log at one position. Ingest goes on meanwhile.
pub(crate) fn verify(shared: &Shared) -> Result<VerifyReport, StoreError> {
    let (log, rollups, next, claims) = {
        let state = shared.read();
        (state.log.clone(), state.rollups.clone(), state.next, state.claims)
    };
    let mut report = VerifyReport {
        position: Position::after(next),
        events: 0,
        records: 0,
        bytes: 0,
        totals: 0,
        problems: Vec::new(),
    };
    let (mut recount, mut digest) = (Projections::default(), 0u64);
    let mut seen: HashSet<(u64, u64)> = HashSet::new();
    // Two hashes of different keys: a repeated pair is a repeated claim but for one in 2^128.
    let other = HashKey(shared.key.0.map(|byte| !byte));
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
            digest = digest.wrapping_add(ClaimEntry { hash, sequence: stored.sequence }.digest());
            if !seen.insert((hash, other.claim(&claim.source, &claim.id))) {
                let text = format!("event {} of {} stands in the log twice", claim.id, claim.source);
                note(&mut report.problems, text);
            }
            recount.add(&shared.key, &stored, &claim, Wanted::USAGE);
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
    if digest != claims {
        let text = "the index of duplicates is not that of the log; run 'usage_app rebuild'";
        note(&mut report.problems, text.to_string());
    }
    compare(&rollups, &recount.rollups, &mut report);
    Ok(report)
}

/// Adds what the roll-ups have otherwise than the log to the report's problems.
pub(crate) fn compare(kept: &RollUps, counted: &RollUps, report: &mut VerifyReport) {
    let (kept, counted) = (kept.by_name(), counted.by_name());
    report.totals = counted.len() as u64;
    let names: BTreeSet<_> = kept.keys().chain(counted.keys()).collect();
    let amount = |totals: Option<&Totals>| totals.map_or("nothing".to_string(), |t| t.amount.to_string());
    for name in names {
        let (has, should) = (kept.get(name), counted.get(name));
        if has != should {
            let (subject, slot, group) = name;
            let (service, start) = (&group.service, slot.period().start);
            let (has, should) = (amount(has), amount(should));
            let text = format!(
                "{service} of subject {subject} from {start}: the log has {should}, the roll-up {has}; run 'usage_app rebuild'"
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
