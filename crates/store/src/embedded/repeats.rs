//! Verifying the duplicate index: it has the claims of the log and no others, and no claim stands in the
//! log twice. However long the log is, only what no run has yet is held in memory.

use super::log::segment::LogIndex;
use super::projection::claims::{ClaimEntry, Merged, Run, RunReader};
use super::shared::Shared;
use super::verify::{MOST_PROBLEMS, note};
use crate::StoreError;
use std::sync::Arc;

/// The index at a moment, beside the claims of the log as they are read.
pub(super) struct IndexCheck {
    runs: Arc<Vec<Arc<Run>>>,
    /// The log's sum of digests for the stretch of each run that was read so far.
    sums: Vec<u64>,
    /// The log's claims that no run has.
    latest: Vec<ClaimEntry>,
}

impl IndexCheck {
    /// Takes the runs as they are; to be called before the position is taken up to which the log is read.
    pub(super) fn new(shared: &Shared) -> IndexCheck {
        IndexCheck { runs: shared.runs.list(), sums: Vec::new(), latest: Vec::new() }
    }

    /// Adds the next claim of the log.
    pub(super) fn add(&mut self, entry: ClaimEntry) {
        let ended = |run: &Arc<Run>| run.head.span.to <= entry.sequence;
        while self.sums.is_empty() || self.runs.get(self.sums.len() - 1).is_some_and(ended) {
            self.sums.push(0);
        }
        if let Some(sum) = self.sums.last_mut() {
            *sum = sum.wrapping_add(entry.digest());
        }
        if self.sums.len() > self.runs.len() {
            self.latest.push(entry);
        }
    }

    /// Compares what was read with the index, of which `digest` is the sum of digests, and reads all
    /// runs. Needs a log that was read without problems.
    pub(super) fn finish(mut self, log: &LogIndex, digest: u64, problems: &mut Vec<String>) {
        self.sums.resize(self.runs.len() + 1, 0);
        let mut kept: Vec<u64> = self.runs.iter().map(|run| run.head.digest).collect();
        // What the sum has beyond the runs is that of the tables in memory.
        kept.push(kept.iter().fold(digest, |rest, run| rest.wrapping_sub(*run)));
        if kept != self.sums {
            let text = "the index of duplicates is not that of the log; run 'usage_app rebuild'";
            note(problems, text.to_string());
        }
        if let Err(error) = self.repeats(log, problems) {
            note(problems, error.to_string());
        }
    }

    /// Looks for claims that stand in the log twice: their hashes are neighbours in the order of hashes.
    fn repeats(mut self, log: &LogIndex, problems: &mut Vec<String>) -> Result<(), StoreError> {
        self.latest.sort_unstable();
        let mut sources: Vec<Box<dyn Iterator<Item = Result<ClaimEntry, StoreError>>>> = Vec::new();
        for run in self.runs.iter() {
            sources.push(Box::new(RunReader::new(run.clone())));
        }
        sources.push(Box::new(self.latest.into_iter().map(Ok)));
        let mut same: Vec<ClaimEntry> = Vec::new();
        for entry in Merged::new(sources)? {
            let entry = entry?;
            if same.first().is_some_and(|first| first.hash != entry.hash) {
                compare(log, &same, problems)?;
                same.clear();
            }
            if same.len() <= MOST_PROBLEMS {
                same.push(entry);
            }
        }
        compare(log, &same, problems)
    }
}

/// Notes which of these events, whose claims have one hash, have one claim.
fn compare(log: &LogIndex, same: &[ClaimEntry], problems: &mut Vec<String>) -> Result<(), StoreError> {
    if same.len() < 2 || problems.len() >= MOST_PROBLEMS {
        return Ok(());
    }
    let mut claims = Vec::with_capacity(same.len());
    for entry in same {
        let Some(record) = log.holding(entry.sequence) else { continue };
        let place = usize::try_from(entry.sequence - record.first).unwrap_or(usize::MAX);
        let found = log.segment(&record).claims(record.offset)?;
        claims.extend(found.into_iter().nth(place).map(|claim| (claim.source, claim.id)));
    }
    claims.sort();
    for pair in claims.windows(2).filter(|pair| pair[0] == pair[1]) {
        let (source, id) = &pair[0];
        note(problems, format!("event {id} of {source} stands in the log twice"));
    }
    Ok(())
}
