//! The meters that a store adds usage up for, and how far it is with each.
//!
//! From the moment on at which a meter is *watched*, every event is added up for it. What the log had
//! before is added up behind; only then is the meter *covered*, and its cells are read. Until then its
//! usage is read from the log, and never from a part.

use crate::measure::MeterSet;
use std::sync::Arc;
use usage_domain::meter::Meter;

/// Meters that are watched, at a moment of the writer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters {
    pub(crate) set: MeterSet,
    /// The numbers of the sums that are covered.
    covered: Vec<u32>,
    /// Another one for every change, so that what was measured with others is noticed.
    pub(crate) version: u64,
}

impl Meters {
    /// These meters, of which some are covered already.
    pub(crate) fn new(meters: &[Arc<Meter>], covered: impl Fn(u32) -> bool, version: u64) -> Meters {
        let covered = meters.iter().map(|meter| meter.series).filter(|series| covered(*series)).collect();
        Meters { set: MeterSet::new(meters.iter().cloned()), covered, version }
    }

    /// Those that are covered.
    pub(crate) fn only_covered(&self) -> Meters {
        let meters: Vec<_> = self.set.all().filter(|meter| self.covers(meter.series)).cloned().collect();
        Meters::new(&meters, |_| true, self.version)
    }

    /// The numbers of the sums that are covered.
    pub(crate) fn covered(&self) -> Vec<u32> {
        self.covered.clone()
    }

    pub(crate) fn covers(&self, series: u32) -> bool {
        self.covered.contains(&series)
    }

    pub(crate) fn has(&self, series: u32) -> bool {
        self.set.all().any(|meter| meter.series == series)
    }

    /// The same with one more, which is not covered yet.
    pub(crate) fn with(&self, meter: Arc<Meter>) -> Meters {
        let meters: Vec<_> = self.set.all().cloned().chain([meter]).collect();
        Meters::new(&meters, |series| self.covers(series), self.version + 1)
    }

    /// The same without one.
    pub(crate) fn without(&self, series: u32) -> Meters {
        let meters: Vec<_> = self.set.all().filter(|meter| meter.series != series).cloned().collect();
        Meters::new(&meters, |series| self.covers(series), self.version + 1)
    }

    /// The same, with one covered from now on.
    pub(crate) fn covering(&self, series: u32) -> Meters {
        let meters: Vec<_> = self.set.all().cloned().collect();
        // What an event is worth does not change by that: the version stays.
        Meters::new(&meters, |each| each == series || self.covers(each), self.version)
    }
}
