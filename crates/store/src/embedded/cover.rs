//! Adding up a meter's usage of before it was watched, from the log, beside everything else.

use super::effective::Lookup;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::corrections::Corrections;
use super::projection::metered::{MeterRollUps, SeriesRef, state_of};
use super::shared::Shared;
use super::writer::Command;
use crate::StoreError;
use crate::measure::{MeterSet, meter};
use std::sync::Arc;
use std::sync::mpsc::{Sender, sync_channel};
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::Sign;
use usage_domain::time::Period;

/// Events that are added up at once when a meter is made: about a second's work.
const COVERED_AT_ONCE: u64 = 200_000;

/// Has meters watched and covered.
pub(crate) struct Covering {
    pub(crate) shared: Arc<Shared>,
    pub(crate) commands: Sender<Command>,
}

impl Covering {
    /// Has usage added up for a meter from now on, and what the log has before: at once where that is
    /// little, otherwise behind. Until that is done, the meter's usage is read from the log.
    pub(crate) fn start(&self, meter: Arc<Meter>) -> Result<(), StoreError> {
        let (reply, answer) = sync_channel(1);
        self.send(Command::Watch(meter, reply))?;
        let cover = answer.recv().map_err(|_| StoreError::Closed)?;
        if cover.next <= COVERED_AT_ONCE {
            return self.cover(&cover);
        }
        let behind = Covering { shared: self.shared.clone(), commands: self.commands.clone() };
        let work = move || {
            if let Err(error) = behind.cover(&cover) {
                tracing::warn!(%error, "a meter's earlier usage was not added up; it is read from the log");
            }
        };
        let failed = |source| StoreError::Catalog(format!("no thread could be started: {source}"));
        std::thread::Builder::new().name("cover".into()).spawn(work).map(drop).map_err(failed)
    }

    fn cover(&self, cover: &Cover) -> Result<(), StoreError> {
        let Some(made) = cover.add_up(&self.shared)? else { return Ok(()) };
        let (reply, answer) = sync_channel(1);
        self.send(Command::Cover(cover.meter.series, made, reply))?;
        answer.recv().map_err(|_| StoreError::Closed)
    }

    /// Has nothing added up for the meter of these sums any more.
    pub(crate) fn forget(&self, series: u32) -> Result<(), StoreError> {
        let (reply, answer) = sync_channel(1);
        self.send(Command::Forget(series, reply))?;
        answer.recv().map_err(|_| StoreError::Closed)
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        self.commands.send(command).map_err(|_| StoreError::Closed)
    }
}

/// What is to be added up: the first `next` events of the log, as corrected at that position. What is
/// corrected later is added and taken back by the writer.
pub(crate) struct Cover {
    pub(crate) meter: Arc<Meter>,
    pub(crate) log: LogIndex,
    pub(crate) corrections: Arc<Corrections>,
    pub(crate) next: u64,
}

impl Cover {
    /// Adds it up; `None` where the store closes meanwhile.
    pub(crate) fn add_up(&self, shared: &Shared) -> Result<Option<MeterRollUps>, StoreError> {
        let mut made = MeterRollUps::default();
        let set = MeterSet::new([self.meter.clone()]);
        let mut lookup = Lookup::default();
        let mut closing = false;
        scan::each(&self.log, None, Period::ALWAYS, self.next, |stored| {
            closing |= shared.is_closing();
            if closing || stored.event.event_type != self.meter.draft.event_type {
                return Ok(());
            }
            let Some(stored) = lookup.effective(&self.log, &self.corrections, stored)? else { return Ok(()) };
            for (of, measured) in meter(stored.event.borrowed(), &set) {
                let Ok(measured) = measured else { continue };
                let order = (stored.event.time, stored.sequence);
                let state = state_of(of, &measured.value, order, Sign::Added);
                let series = SeriesRef { meter: of.series, dimensions: &measured.dimensions };
                made.measure(&stored.event.subject, stored.event.time, &series, &state);
            }
            Ok(())
        })?;
        Ok((!closing).then_some(made))
    }
}
