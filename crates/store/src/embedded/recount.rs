//! The log, counted again, however many cells that makes: what does not fit in memory is written beside the
//! projections and goes when all is compared.

use super::meters::Meters;
use super::projection::charges::ChargeRollUps;
use super::projection::delta::UsageDelta;
use super::projection::layers::{Cell, EVERYBODY_NUMBER, Layers, Length, Merged, Scratch, Tail, View};
use super::projection::metered::{MeterRollUps, Series};
use super::projection::rollup::Sum;
use super::verify::{FOLDER, MOST_PROBLEMS, note};
use super::worth::{RollUpsMut, Worth};
use super::{checkpoint, shared::Shared};
use crate::StoreError;
use crate::embedded::faults::Faults;
use usage_domain::care::VerifyReport;
use usage_domain::event::StoredEvent;
use usage_domain::meter::aggregate::{Sign, State};

/// What the events of the log add up to.
pub(super) struct Recount<'a> {
    pub(super) charges: ChargeRollUps,
    metered: Scratch,
    meters: &'a Meters,
    /// Events and cells that are in memory at a time.
    most: u64,
}

impl<'a> Recount<'a> {
    /// A recount under the numbers of `layers`.
    pub(super) fn new(
        shared: &Shared,
        layers: Layers,
        meters: &'a Meters,
    ) -> Result<Recount<'a>, StoreError> {
        // A disk that fails here says so.
        let metered = Scratch::new(shared.runs.folder(), FOLDER, Faults::default(), layers)?;
        Ok(Recount { charges: ChargeRollUps::default(), metered, meters, most: shared.every })
    }

    /// Adds an event.
    pub(super) fn add(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        let worth = Worth::of(stored.event.borrowed(), &self.meters.set);
        let mut into = RollUpsMut {
            charges: &mut self.charges,
            metered: &mut self.metered.layers,
            delta: &mut UsageDelta::default(),
            meters: self.meters,
            uncovered: &mut MeterRollUps::default(),
        };
        into.apply(&stored.event.subject, (stored.event.time, stored.sequence), &worth, Sign::Added);
        if self.metered.layers.pending() as u64 >= self.most {
            return self.spill(stored.sequence + 1);
        }
        Ok(())
    }

    fn spill(&mut self, to: u64) -> Result<(), StoreError> {
        self.metered.make()?;
        let Scratch { chain, layers, .. } = &mut self.metered;
        let fronts = layers.freeze();
        let (subjects, groups) = chain.named();
        let names = layers.names((subjects, groups));
        let tail = Tail { subjects: (subjects, names.0), series: (groups, names.1), stretch: Vec::new() };
        let stored = checkpoint::write(chain, to, 0, &tail, &fronts)?;
        layers.thaw(&fronts, chain.add(&stored));
        Ok(())
    }

    /// Adds what the cells of meters have otherwise than the log to the report's problems.
    pub(super) fn compare(mut self, kept: &View, report: &mut VerifyReport) -> Result<(), StoreError> {
        self.metered.layers.freeze();
        let counted = self.metered.layers.frozen();
        let mut pairs = Pairs { kept: kept.all()?.peekable(), counted: counted.all()?.peekable() };
        while let Some((kept, should)) = pairs.next()? {
            let Some(key) = kept.as_ref().or(should.as_ref()).map(|(key, _)| *key) else { continue };
            let is_own = Length::of(key.slot) == Length::Quarter;
            report.totals += u64::from(is_own && should.is_some());
            let (kept, should) = (kept.map(|(_, sum)| sum.state()), should.map(|(_, sum)| sum.state()));
            if is_same(kept.as_ref(), should.as_ref()) || report.problems.len() >= MOST_PROBLEMS {
                continue;
            }
            let series: Series = self.metered.layers.series(key.group);
            if !self.meters.covers(series.meter) {
                continue;
            }
            let everybody = key.subject == EVERYBODY_NUMBER;
            let period = if everybody { Length::period(key.slot) } else { key.slot.period() };
            let shown = |sum: Option<State>| sum.map_or("nothing".to_string(), |sum| sum.shown());
            let (subject, has, should) = (counted.name(key.subject), shown(kept), shown(should));
            note(
                &mut report.problems,
                format!(
                    "meter {} {:?} of subject {subject} from {}: the log has {should}, the roll-up {has}; run 'usage_app rebuild'",
                    series.meter, series.dimensions, period.start
                ),
            );
        }
        Ok(())
    }
}

/// Whether a cell is what the recount came to.
fn is_same(kept: Option<&State>, counted: Option<&State>) -> bool {
    match (kept, counted) {
        (Some(kept), Some(counted)) => kept.is_that_of(counted),
        // What was taken back leaves a cell behind.
        (Some(kept), None) => kept.is_nothing(),
        (None, Some(_)) => false,
        (None, None) => true,
    }
}

/// A cell of either list, or of both.
type Pair = (Option<Cell>, Option<Cell>);

/// Two lists of cells side by side.
struct Pairs {
    kept: std::iter::Peekable<Merged>,
    counted: std::iter::Peekable<Merged>,
}

impl Pairs {
    /// The next cell of either, or of both.
    fn next(&mut self) -> Result<Option<Pair>, StoreError> {
        let key = |list: &mut std::iter::Peekable<Merged>| match list.peek() {
            Some(Ok((key, _))) => Some(*key),
            // What failed comes first.
            _ => None,
        };
        let failed = |list: &mut std::iter::Peekable<Merged>| matches!(list.peek(), Some(Err(_)));
        let both = (key(&mut self.kept), key(&mut self.counted));
        let (take_kept, take_counted) = match both {
            (Some(a), Some(b)) => (a <= b, b <= a),
            (a, b) => (a.is_some(), b.is_some()),
        };
        let kept = if take_kept || failed(&mut self.kept) { self.kept.next().transpose()? } else { None };
        let counted =
            if take_counted || failed(&mut self.counted) { self.counted.next().transpose()? } else { None };
        Ok((kept.is_some() || counted.is_some()).then_some((kept, counted)))
    }
}
