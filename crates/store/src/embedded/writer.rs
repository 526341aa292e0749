//! The writer: one thread owns the end of the log.
//!
//! It takes all requests that are waiting as one group. *The group is staged, committed, then
//! published to readers by one step of the log position, then acknowledged.* Nothing of an
//! uncommitted group is visible to a bill or to duplicate detection, and a failed commit leaves
//! memory as it was.

use super::checkpoint::Checkpointer;
use super::log::append::Appender;
use super::log::scan;
use super::log::segment::{RecordRef, Segment};
use super::prepare::{Prepared, Row};
use super::projection::claims::{ClaimEntry, Claims};
use super::projection::delta::Delta;
use super::replay::{Projections, Wanted};
use super::shared::Shared;
use crate::StoreError;
use crate::format::block::Claim;
use crate::format::record::{self, BlockToWrite};
use hashbrown::HashTable;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use usage_domain::care::RebuildReport;
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;

/// The most events that one group takes, unless a single request has more.
const GROUP_EVENTS: usize = 50_000;
/// The same for their bytes.
const GROUP_BYTES: usize = 64 << 20;

/// What the writer is asked for.
pub(crate) enum Command {
    /// Store these, and answer.
    Append(Prepared, Reply),
    /// Make the projections anew from the log.
    Rebuild(oneshot::Sender<Result<RebuildReport, StoreError>>),
    /// Write a checkpoint of everything and stop.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The verdicts, with the request's events: its own thread frees them, not the one that all wait for.
type Reply = oneshot::Sender<Result<(Vec<Verdict>, Prepared), StoreError>>;

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) appender: Appender,
    pub(crate) claims: Claims,
    pub(crate) delta: Delta,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) next: u64,
    /// The record whose claims were last read, for the retry of a whole request.
    pub(crate) last_claims: Option<(u64, Vec<Claim>)>,
}

impl Writer {
    /// Works until the last sender is gone or it is told to close.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        let mut waiting = None;
        while let Some(command) = waiting.take().or_else(|| commands.recv().ok()) {
            match command {
                Command::Append(first, reply) => waiting = self.group(first, reply, commands),
                Command::Rebuild(reply) => {
                    let _ = reply.send(self.rebuild());
                }
                Command::Close(reply) => {
                    let _ = reply.send(self.checkpoint_all());
                    return;
                }
            }
        }
        if let Err(error) = self.checkpoint_all() {
            tracing::warn!(%error, "no checkpoint was written; the log is replayed when the store opens");
        }
    }

    /// Gathers and commits a group; gives back a command that is none of it.
    fn group(&mut self, first: Prepared, reply: Reply, commands: &Receiver<Command>) -> Option<Command> {
        let mut weight = first.weight();
        let mut group = vec![(first, reply)];
        let mut other = None;
        while weight.events < GROUP_EVENTS && weight.bytes < GROUP_BYTES {
            match commands.try_recv() {
                Ok(Command::Append(prepared, reply)) => {
                    weight.add(prepared.weight());
                    group.push((prepared, reply));
                }
                Ok(command) => {
                    other = Some(command);
                    break;
                }
                Err(_) => break,
            }
        }
        self.shared.queue.release(weight);
        let (batches, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let answers = self.commit(&batches);
        match answers {
            Ok(answers) => {
                for ((reply, verdicts), batch) in replies.into_iter().zip(answers).zip(batches) {
                    let _ = reply.send(Ok((verdicts, batch)));
                }
            }
            // The disk failed all of them.
            Err(error @ StoreError::WriteFailed { .. }) => {
                tracing::error!(%error, "a group of events was not stored");
                for reply in replies {
                    let _ = reply.send(Err(error.repeated()));
                }
            }
            // Some request asks for what cannot be read: that one fails, and no other.
            Err(error) => {
                tracing::error!(%error, "a group of events is stored request by request");
                for (batch, reply) in batches.into_iter().zip(replies) {
                    let answer = self.commit(std::slice::from_ref(&batch));
                    let _ = reply.send(answer.map(|mut answers| (answers.pop().unwrap_or_default(), batch)));
                }
            }
        }
        self.checkpointer.take_if_due(&mut self.delta, self.next);
        other
    }

    /// Stages, commits and publishes a group; the answers have one list of verdicts per request.
    fn commit(&mut self, batches: &[Prepared]) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let staged = self.stage(batches)?;
        if staged.events > 0 {
            let stored_at = batches.iter().map(|b| b.received).max().unwrap_or(Timestamp::MIN);
            let blocks: Vec<_> = batches.iter().zip(&staged.batches).filter_map(block_to_write).collect();
            let bytes = record::encode(self.next, staged.events, staged.times, stored_at, &blocks);
            let appended = self.appender.append(self.next, &bytes)?;
            let record = RecordRef {
                first: self.next,
                events: staged.events,
                segment: appended.segment,
                offset: appended.offset,
                times: staged.times,
            };
            self.publish(batches, &staged, record, appended.opened);
        }
        Ok(batches.iter().zip(staged.batches).map(|(batch, fates)| verdicts(batch, fates)).collect())
    }

    /// Decides for every row whether it is new, without changing anything.
    fn stage(&mut self, batches: &[Prepared]) -> Result<Staged, StoreError> {
        let stored = self.stored(batches)?;
        let mut pending: HashTable<(u64, &Row)> =
            HashTable::with_capacity(batches.iter().map(|batch| batch.rows().len()).sum());
        let mut staged = Staged { batches: Vec::new(), events: 0, times: (Timestamp::MAX, Timestamp::MIN) };
        for (number, batch) in batches.iter().enumerate() {
            let mut fates = Vec::with_capacity(batch.rows().len());
            for (place, row) in batch.rows().enumerate() {
                let same = |(hash, other): &(u64, &Row)| {
                    *hash == row.claim
                        && other.event.source == row.event.source
                        && other.event.id == row.event.id
                };
                let fate = match pending.find(row.claim, same) {
                    Some((_, other)) => Fate::Known { content: other.content },
                    None => match stored.get(&(number, place)) {
                        Some(content) => Fate::Known { content: *content },
                        None => Fate::New,
                    },
                };
                if let Fate::New = fate {
                    pending.insert_unique(row.claim, (row.claim, row), |(hash, _)| *hash);
                    staged.events += 1;
                    let time = row.event.time;
                    staged.times = (staged.times.0.min(time), staged.times.1.max(time));
                }
                fates.push(fate);
            }
            staged.batches.push(fates);
        }
        Ok(staged)
    }

    /// The content hashes of stored events that have the claims of rows, by request and row. They
    /// are looked up in the order of the log, so that no record is read twice.
    fn stored(&mut self, batches: &[Prepared]) -> Result<HashMap<(usize, usize), u64>, StoreError> {
        let mut candidates = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            for (place, row) in batch.rows().enumerate() {
                let found = self.claims.candidates(row.claim);
                candidates.extend(found.map(|sequence| (sequence, number, place)));
            }
        }
        candidates.sort_unstable();
        let mut stored = HashMap::with_capacity(candidates.len());
        for (sequence, number, place) in candidates {
            let (claim, event) = (self.claim_at(sequence)?, &batches[number].row(place).event);
            if claim.source == event.source && claim.id == event.id {
                stored.insert((number, place), claim.content);
            }
        }
        Ok(stored)
    }

    fn claim_at(&mut self, sequence: u64) -> Result<&Claim, StoreError> {
        let known = self
            .last_claims
            .as_ref()
            .is_some_and(|(first, claims)| sequence >= *first && sequence - *first < claims.len() as u64);
        if !known {
            let state = self.shared.read();
            let record = state.log.holding(sequence).ok_or_else(unknown_claim)?;
            let segment = state.log.segment(&record).clone();
            drop(state);
            self.last_claims = Some((record.first, segment.claims(record.offset)?));
        }
        let found = self
            .last_claims
            .as_ref()
            .and_then(|(first, claims)| claims.get(usize::try_from(sequence - first).unwrap_or(usize::MAX)));
        found.ok_or_else(unknown_claim)
    }

    /// Makes a committed group visible, in one step.
    fn publish(
        &mut self,
        batches: &[Prepared],
        staged: &Staged,
        record: RecordRef,
        opened: Option<Arc<Segment>>,
    ) {
        self.claims.reserve(staged.events as usize);
        let mut sequence = self.next;
        let mut state = self.shared.write();
        for (batch, fates) in batches.iter().zip(&staged.batches) {
            for (row, fate) in batch.rows().zip(fates) {
                let Fate::New = fate else { continue };
                let entry = ClaimEntry { hash: row.claim, sequence };
                self.claims.insert(entry);
                self.delta.claims.push(entry);
                if let Some(charge) = &row.charge {
                    self.delta.cells.push(state.rollups.add(&row.event.subject, row.event.time, charge));
                }
                sequence += 1;
            }
        }
        state.log.segments.extend(opened);
        state.log.records.push(record);
        state.next = sequence;
        state.claims = self.claims.digest();
        drop(state);
        self.next = sequence;
    }

    fn rebuild(&mut self) -> Result<RebuildReport, StoreError> {
        let log = self.shared.read().log.clone();
        let mut made = Projections::default();
        let mut events = 0;
        scan::replay(&log, 0, |stored, claim| {
            events += 1;
            made.add(&self.shared.key, &stored, &claim, Wanted::ALL);
            Ok(())
        })?;
        // Whatever becomes of the files: they are forgotten together, and so are the projections
        // that they were part of.
        let cleared = self.checkpointer.clear();
        let totals = made.rollups.cells();
        self.claims = made.claims;
        self.delta = made.delta;
        let mut state = self.shared.write();
        state.rollups = made.rollups;
        state.claims = self.claims.digest();
        drop(state);
        cleared?;
        self.checkpoint_all()?;
        let position = usage_domain::position::Position::after(self.next);
        Ok(RebuildReport { position, events, totals })
    }

    fn checkpoint_all(&mut self) -> Result<(), StoreError> {
        self.checkpointer.finish(&mut self.delta, self.next)
    }
}

/// What a group would change.
struct Staged {
    /// By request, then by row.
    batches: Vec<Vec<Fate>>,
    events: u32,
    times: (Timestamp, Timestamp),
}

pub(crate) enum Fate {
    New,
    Known { content: u64 },
}

pub(crate) fn block_to_write<'a>((batch, fates): (&'a Prepared, &Vec<Fate>)) -> Option<BlockToWrite<'a>> {
    let known = |(_, fate): &(u32, &Fate)| matches!(fate, Fate::Known { .. });
    let skipped: Vec<u32> = (0u32..).zip(fates).filter(known).map(|(row, _)| row).collect();
    (skipped.len() < fates.len()).then_some(BlockToWrite {
        received: batch.received,
        rows: fates.len(),
        skipped,
        sections: &batch.sections,
    })
}

/// One verdict per event of a request, in the order sent.
pub(crate) fn verdicts(batch: &Prepared, fates: Vec<Fate>) -> Vec<Verdict> {
    let mut verdicts = batch.verdicts.clone();
    let mut stands = vec![0; verdicts.len()];
    for (row, fate) in batch.rows().zip(fates) {
        let (verdict, content) = match fate {
            Fate::New => (Verdict::Accepted, row.content),
            Fate::Known { content } => (compare(content, row.content), content),
        };
        verdicts[row.place] = Some(verdict);
        stands[row.place] = content;
    }
    for repeat in &batch.repeats {
        verdicts[repeat.place] = Some(compare(stands[repeat.first], repeat.content));
    }
    // Every event is a row, a repeat or was rejected.
    verdicts.into_iter().map(|verdict| verdict.unwrap_or(Verdict::Accepted)).collect()
}

fn compare(stored: u64, sent: u64) -> Verdict {
    if stored == sent { Verdict::Duplicate } else { Verdict::Conflict }
}

fn unknown_claim() -> StoreError {
    StoreError::Catalog(
        "the projections name an event that is not in the log; run 'usage_app rebuild'".into(),
    )
}
