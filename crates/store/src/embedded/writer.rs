//! The writer: one thread owns the end of the log.
//!
//! It takes all requests that are waiting as one group. *The group is staged, committed, then
//! published to readers by one step of the log position, then acknowledged.* Nothing of an
//! uncommitted group is visible to a bill or to duplicate detection, and a failed commit leaves
//! memory as it was.

use super::checkpoint::Checkpointer;
use super::cover::Cover;
use super::known::{Lookups, stage};
use super::log::append::Appender;
use super::log::segment::{RecordRef, Segment};
use super::prepare::Prepared;
use super::projection::claims::{ClaimEntry, Claims};
use super::projection::delta::UsageDelta;
use super::projection::layers::Scratch;
use super::projection::metered::{MeterRollUps, Series};
use super::replay::Projections;
use super::rows::Rows;
use super::shared::Shared;
use super::stage::{Fates, RowFate, Staged};
use super::worth::{RollUpsMut, Worth};
use crate::StoreError;
use crate::format::record;
use crate::format::table::BlockToWrite;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use tokio::sync::oneshot;
use usage_domain::care::RebuildReport;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::Sign;
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;

/// The most events that one group takes, unless a single request has more.
const GROUP_EVENTS: usize = 50_000;
/// The same for their bytes.
const GROUP_BYTES: usize = 64 << 20;
/// A group of fewer events lets others add to it first, who wait for the processor.
const SMALL_GROUP: usize = 256;

/// Bytes that the room for records keeps.
const MOST_KEPT: usize = 16 << 20;

/// Cells that are added under one writing lock when a meter is covered.
const CELLS_AT_ONCE: usize = 4096;

/// The folder in which the roll-ups are made anew.
pub(super) const ANEW: &str = "usage-anew";

/// What the writer is asked for.
pub(crate) enum Command {
    /// Store these, and answer.
    Append(Prepared, Reply),
    /// Add usage up for this meter from now on; the answer is what is to be added up behind.
    Watch(Arc<Meter>, SyncSender<Cover>),
    /// That was added up: the meter is covered from now on.
    Cover(u32, MeterRollUps, SyncSender<()>),
    /// Add nothing up for the meter of these sums any more.
    Forget(u32, SyncSender<()>),
    /// Make the projections anew from the log.
    Rebuild(oneshot::Sender<Result<RebuildReport, StoreError>>),
    /// The same as closing; nobody waits for an answer.
    Stop,
    /// Say when all that was asked before is done.
    Settle(oneshot::Sender<()>),
    /// Write a checkpoint of everything and stop.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The verdicts, with the request's events: its own thread frees them, not the one that all wait for.
type Reply = oneshot::Sender<Result<(Vec<Verdict>, Prepared), StoreError>>;

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) appender: Appender,
    pub(crate) claims: Claims,
    pub(crate) delta: UsageDelta,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) next: u64,
    pub(crate) lookups: Lookups,
    /// Where records are put together.
    pub(crate) bytes: Vec<u8>,
    /// The usage since they are watched of meters that are not covered.
    pub(crate) uncovered: MeterRollUps,
}

impl Writer {
    /// Works until the last sender is gone or it is told to close.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        let mut waiting = None;
        while let Some(command) = waiting.take().or_else(|| commands.recv().ok()) {
            match command {
                Command::Append(first, reply) => waiting = self.group(first, reply, commands),
                Command::Watch(meter, reply) => {
                    let _ = reply.send(self.watch(meter));
                }
                Command::Cover(series, before, reply) => {
                    self.cover(series, before);
                    let _ = reply.send(());
                }
                Command::Forget(series, reply) => {
                    self.forget(series);
                    let _ = reply.send(());
                }
                Command::Rebuild(reply) => {
                    let _ = reply.send(self.rebuild());
                }
                Command::Stop => break,
                Command::Settle(reply) => {
                    let _ = reply.send(());
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
        let (mut other, mut before) = (None, 0);
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
                // Where the processor is idle this takes no time; where it is not, those who have it are about
                // to send, and a group of many costs each of them less.
                Err(_) if before < group.len() && weight.events < SMALL_GROUP => {
                    before = group.len();
                    thread::yield_now();
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
        self.claims.freeze_if_full(&|to| self.shared.read().log.mark(to));
        self.checkpointer.take_if_due(&mut self.delta, self.next);
        other
    }

    /// Stages, commits and publishes a group; the answers have one list of verdicts per request.
    fn commit(&mut self, batches: &[Prepared]) -> Result<Vec<Vec<Verdict>>, StoreError> {
        let staged = stage(batches, self.next, &self.claims, &mut self.lookups, &self.shared)?;
        if staged.events > 0 {
            let stored_at = batches.iter().map(|b| b.received).max().unwrap_or(Timestamp::MIN);
            let blocks: Vec<_> = batches.iter().zip(&staged.batches).filter_map(block_to_write).collect();
            let bytes = &mut self.bytes;
            record::encode_into(bytes, self.next, staged.events, staged.times, stored_at, &blocks);
            let appended = self.appender.append(self.next, bytes);
            if bytes.capacity() > MOST_KEPT {
                *bytes = Vec::new();
            }
            let appended = appended?;
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
        let meters = state.meters.clone();
        let state = &mut *state;
        let mut into = RollUpsMut {
            charges: &mut state.charges,
            metered: &mut state.metered,
            delta: &mut self.delta,
            meters: &meters,
            uncovered: &mut self.uncovered,
        };
        for (batch, fates) in batches.iter().zip(&staged.batches) {
            // Measured with other meters than are watched now: what it is worth is read again.
            let again = batch.meters.version != meters.version;
            let mut rows = Rows::new(&mut into, batch);
            for ((row, number), fate) in batch.rows().zip(&batch.numbers).zip(&fates.rows) {
                let RowFate::New = fate else { continue };
                self.claims.insert(ClaimEntry { hash: row.claim, sequence });
                let order = (row.time, sequence);
                if again && row.correction.is_none() {
                    let worth = Worth::of(batch.event(row), &meters.set);
                    let (subject, _) = batch.subject_and_time(row);
                    rows.into.apply(subject, order, &worth, Sign::Added);
                } else {
                    rows.add(row, *number, order);
                }
                sequence += 1;
            }
            rows.finish();
        }
        for effect in &staged.effects {
            let (_, target) = effect.order;
            into.apply(&effect.subject, effect.order, &effect.before, Sign::Removed);
            into.apply(&effect.subject, effect.order, &effect.after, Sign::Added);
            Arc::make_mut(&mut state.corrections).note(target, effect.fate);
            into.delta.corrections.push((target, effect.fate));
        }
        state.log.segments.extend(opened);
        state.log.records.push(record);
        state.next = sequence;
        state.claims = self.claims.digest();
        self.next = sequence;
    }

    /// Adds usage up for a meter from now on.
    fn watch(&mut self, meter: Arc<Meter>) -> Cover {
        let mut state = self.shared.write();
        state.meters = Arc::new(state.meters.with(meter.clone()));
        Cover { meter, log: state.log.clone(), corrections: state.corrections.clone(), next: self.next }
    }

    /// A meter's usage of before it was watched joins what came since: it is covered.
    fn cover(&mut self, series: u32, mut before: MeterRollUps) {
        let meters = self.shared.read().meters.clone();
        if !meters.has(series) || meters.covers(series) {
            // It was deleted meanwhile, or everything was made anew.
            return;
        }
        let mut others = MeterRollUps::default();
        for (subject, slot, group, sum) in self.uncovered.all() {
            let into = if group.meter == series { &mut before } else { &mut others };
            into.add(subject, slot, group, sum);
        }
        self.uncovered = others;
        // Part by part, so that no reader waits long. Nobody reads these cells before the meter is covered.
        let mut cells = before.all().peekable();
        while cells.peek().is_some() {
            let mut state = self.shared.write();
            for (subject, slot, group, sum) in cells.by_ref().take(CELLS_AT_ONCE) {
                state.metered.add(subject, slot, group, sum);
            }
        }
        self.shared.write().meters = Arc::new(meters.covering(series));
    }

    /// Adds nothing up any more for the meter of these sums, and forgets what was.
    fn forget(&mut self, series: u32) {
        let without = Arc::new(self.shared.read().meters.without(series));
        self.shared.write().meters = without;
        let others = |of: &Series| of.meter != series;
        self.uncovered.retain(0, usize::MAX, others);
        // The cells of meters that are no more are not read; they go when runs are merged.
    }

    fn rebuild(&mut self) -> Result<RebuildReport, StoreError> {
        let (log, meters, layers) = {
            let state = self.shared.read();
            (state.log.clone(), state.meters.clone(), state.metered.anew())
        };
        let mut anew = self.claims.anew()?;
        let parent = self.shared.runs.folder().to_path_buf();
        let faults = self.checkpointer.chain().faults().clone();
        let mut scratch = Scratch::new(&parent, ANEW, faults, layers)?;
        scratch.make()?;
        let layers = std::mem::take(&mut scratch.layers);
        let chain = (&scratch.chain, self.shared.every);
        let made = Projections::anew(&mut anew.claims, &log, &self.shared.key, &meters, layers, chain)?;
        let mut metered = made.metered;
        // Whatever becomes of the files: the roll-ups that they were part of are forgotten with them.
        let cleared = self.checkpointer.replace_with(&scratch.chain);
        metered.thaw(&[], self.checkpointer.chain().list());
        let replaced = self.claims.replace_with(anew, &|to| log.mark(to));
        let totals = made.charges.count() + metered.count()?;
        self.delta = made.delta;
        self.uncovered = MeterRollUps::default();
        let mut state = self.shared.write();
        state.charges = made.charges;
        state.metered = metered;
        state.meters = Arc::new(made.meters);
        state.corrections = Arc::new(made.corrections);
        state.claims = self.claims.digest();
        drop(state);
        replaced?;
        cleared?;
        self.checkpoint_all()?;
        let position = usage_domain::position::Position::after(self.next);
        Ok(RebuildReport { position, events: self.next, totals })
    }

    fn checkpoint_all(&mut self) -> Result<(), StoreError> {
        let usage = self.checkpointer.finish(&mut self.delta, self.next);
        self.claims.finish(&|to| self.shared.read().log.mark(to)).and(usage)
    }
}

pub(crate) fn block_to_write<'a>((batch, fates): (&'a Prepared, &Fates)) -> Option<BlockToWrite<'a>> {
    let fates = &fates.rows;
    let known = |(_, fate): &(u32, &RowFate)| !matches!(fate, RowFate::New);
    let skipped: Vec<u32> = (0u32..).zip(fates).filter(known).map(|(row, _)| row).collect();
    (skipped.len() < fates.len()).then_some(BlockToWrite {
        received: batch.received,
        rows: fates.len(),
        skipped,
        sections: &batch.sections,
    })
}

/// One verdict per event of a request, in the order sent.
pub(crate) fn verdicts(batch: &Prepared, fates: Fates) -> Vec<Verdict> {
    let mut verdicts = batch.verdicts.clone();
    for (row, fate) in batch.rows().zip(fates.rows) {
        verdicts[row.place] = Some(match fate {
            RowFate::New | RowFate::Withheld => Verdict::Accepted,
            RowFate::Known { same: true, .. } => Verdict::Duplicate,
            RowFate::Known { same: false, .. } => Verdict::Conflict,
            RowFate::Refused(reason) => Verdict::Rejected(reason),
        });
    }
    for (repeat, same) in batch.repeats.iter().zip(fates.repeats) {
        verdicts[repeat.place] = Some(match &verdicts[repeat.first] {
            Some(Verdict::Rejected(reason)) => Verdict::Rejected(reason.clone()),
            _ if same => Verdict::Duplicate,
            _ => Verdict::Conflict,
        });
    }
    // Every event is a row, a repeat or was rejected.
    verdicts.into_iter().map(|verdict| verdict.unwrap_or(Verdict::Accepted)).collect()
}
