//! Adding up a meter's usage of before it was watched, from the log, beside everything else.

use super::effective::Lookup;
use super::faults::{Faults, Step};
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::corrections::Corrections;
use super::projection::metered::{MeterRollUps, SeriesRef, state_of};
use super::shared::Shared;
use super::writer::Command;
use crate::StoreError;
use crate::measure::{MeterSet, meter};
use std::sync::mpsc::{Sender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::Sign;
use usage_domain::time::Period;

/// How meters are covered.
pub(crate) struct CoverPlan {
    /// Events that are added up at once when a meter is made.
    pub(crate) at_once: u64,
    pub(crate) faults: Faults,
    /// Held by who adds up behind: one at a time reads the whole log.
    pub(crate) one: Mutex<()>,
}

impl CoverPlan {
    fn check(&self) -> Result<(), StoreError> {
        self.faults.check(Step::Cover).map_err(|source| StoreError::Catalog(source.to_string()))
    }
}

/// Has meters watched and covered.
pub(crate) struct Covering {
    pub(crate) shared: Arc<Shared>,
    pub(crate) commands: Sender<Command>,
}

impl Covering {
    /// Has usage added up for a meter from now on, and what the log has before: at once where that is
    /// little, otherwise behind, one meter after the other. Until that is done, and where the log cannot be
    /// read, the meter's usage is read from the log.
    pub(crate) fn start(&self, meter: Arc<Meter>) -> Result<(), StoreError> {
        let (reply, answer) = sync_channel(1);
        self.send(Command::Watch(meter, reply))?;
        let cover = answer.recv().map_err(|_| StoreError::Closed)?;
        if cover.next <= self.shared.covering.at_once {
            self.cover(&cover);
            return Ok(());
        }
        let behind = Covering { shared: self.shared.clone(), commands: self.commands.clone() };
        let work = move || {
            let shared = behind.shared.clone();
            let _one = shared.covering.one.lock().unwrap_or_else(PoisonError::into_inner);
            behind.cover(&cover);
        };
        let failed = |source| StoreError::Catalog(format!("no thread could be started: {source}"));
        std::thread::Builder::new().name("cover".into()).spawn(work).map(drop).map_err(failed)
    }

    /// The meter is there, whatever becomes of this: what the log cannot tell is said by who asks for it.
    fn cover(&self, cover: &Cover) {
        let hand_over = |made| {
            let (reply, answer) = sync_channel(1);
            self.send(Command::Cover(cover.meter.series, made, reply))?;
            answer.recv().map_err(|_| StoreError::Closed)
        };
        match cover.add_up(&self.shared).and_then(hand_over) {
            Ok(()) | Err(StoreError::Closed) => {}
            Err(error) => {
                tracing::warn!(%error, "a meter's earlier usage was not added up; it is read from the log");
            }
        }
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
    /// Adds it up.
    ///
    /// # Errors
    /// [`StoreError::Closed`] where the store closes meanwhile.
    fn add_up(&self, shared: &Shared) -> Result<MeterRollUps, StoreError> {
        let mut made = MeterRollUps::default();
        let set = MeterSet::new([self.meter.clone()]);
        let mut lookup = Lookup::default();
        shared.covering.check()?;
        scan::each(&self.log, None, Period::ALWAYS, self.next, |stored| {
            if shared.is_closing() {
                return Err(StoreError::Closed);
            }
            if stored.event.event_type != self.meter.draft.event_type {
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
        Ok(made)
    }
}
