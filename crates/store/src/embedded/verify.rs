//! Verifying: every byte of the log is read and checked, every total recounted from it.

use super::projection::rollup::RollUps;
use super::repeats::Recount;
use super::replay::{self, Projections};
use super::shared::Shared;
use crate::StoreError;
use std::collections::BTreeSet;
use usage_domain::care::VerifyReport;
use usage_domain::position::Position;
use usage_domain::usage::Totals;

/// The most problems that are reported one by one.
pub(super) const MOST_PROBLEMS: usize = 100;

/// Compares the roll-ups and the index of duplicates with a recount of the log at one position. Ingest goes on meanwhile.
pub(crate) fn verify(shared: &Shared) -> Result<VerifyReport, StoreError> {
    let mut index = Recount::new(shared);
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
    let mut recount = Projections::default();
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
            index.add(replay::entry(&shared.key, &stored, &claim));
            recount.add(&stored);
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
    compare(&rollups, &recount.rollups, &mut report);
    Ok(report)
}

/// Adds what the roll-ups have otherwise than the log to the report's problems.
fn compare(kept: &RollUps, counted: &RollUps, report: &mut VerifyReport) {
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

pub(super) fn note(problems: &mut Vec<String>, problem: String) {
    if problems.len() < MOST_PROBLEMS {
        problems.push(problem);
    }
}
