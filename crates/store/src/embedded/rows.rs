//! Adding the rows of requests to the roll-ups: for each event a few steps, as the writer does this for all
//! of them.
//!
//! What the events of a request add to everybody's cells is added up first: most are of one quarter-hour.

use super::prepare::{Prepared, Row};
use super::projection::layers::{Layers, Packed, Small};
use super::projection::metered::SeriesRef;
use super::projection::rollup::Sum;
use super::projection::slot::Slot;
use super::worth::{MeterCells, RollUpsMut, RowValue};
use usage_domain::meter::aggregate::{Order, Sign};
use usage_domain::meter::{Aggregation, Meter};

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;

/// The rows of one request on their way into the roll-ups.
pub(super) struct Rows<'r, 'a> {
    pub(super) into: &'r mut RollUpsMut<'a, Layers>,
    batch: &'r Prepared,
    /// What is known of the request's series, in their order.
    known: Vec<Option<Known>>,
}

/// What is known of a series.
#[derive(Clone, Copy)]
struct Known {
    group: u32,
    how: How,
    /// What was not yet added to everybody's cell of this quarter-hour.
    everybody: Option<(Slot, Small)>,
}

/// How events of a series are added up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Count,
    Sum,
    Other,
    /// Their meter is watched and not covered.
    Uncovered,
}

impl How {
    fn of(meter: &Meter) -> How {
        match meter.draft.aggregation {
            Aggregation::Count => How::Count,
            Aggregation::Sum | Aggregation::Avg => How::Sum,
            _ => How::Other,
        }
    }
}

impl<'r, 'a> Rows<'r, 'a> {
    pub(super) fn new(into: &'r mut RollUpsMut<'a, Layers>, batch: &'r Prepared) -> Rows<'r, 'a> {
        Rows { into, batch, known: vec![None; batch.series.list.len()] }
    }

    /// Adds what a row is worth; `number` is that of its subject, if it has one yet.
    pub(super) fn add(&mut self, row: &'r Row, number: Option<u32>, order: Order) {
        if let Some(charge) = &row.worth.charge {
            self.into.charge(self.subject(row), order, Some(charge), Sign::Added);
        }
        for (place, value) in row.worth.metered() {
            self.measure(row, number, order, *place, value);
        }
    }

    fn subject(&self, row: &Row) -> &'r str {
        self.batch.subject_and_time(row).0
    }

    fn measure(&mut self, row: &Row, number: Option<u32>, order: Order, place: u32, value: &RowValue) {
        let (meter, dimensions) = &self.batch.series.list[place as usize];
        let known = match self.known[place as usize] {
            Some(known) => known,
            None => self.know(place, value, order),
        };
        if known.how == How::Uncovered {
            let series = SeriesRef { meter: meter.series, dimensions };
            let state = value.state(meter, order);
            let subject = self.subject(row);
            self.into.uncovered.measure(subject, order.0, &series, &state);
            return;
        }
        let number = number.unwrap_or_else(|| self.into.metered.subjects().number(self.subject(row)));
        let metered = &mut *self.into.metered;
        let minute = u32::try_from(order.0.nanos() / MINUTE).unwrap_or(u32::MAX);
        let (value, scale, is_sum) = match (known.how, value) {
            (How::Count, _) => (0, 0, false),
            (How::Sum, RowValue::Figure(digits, scale)) => (*digits, *scale, true),
            _ => {
                let state = value.state(meter, order);
                metered.measure(number, order.0, known.group, Packed::of(state));
                return;
            }
        };
        let small = Small { value, changes: 1, events: 1, minutes: (minute, minute), scale, is_sum };
        metered.small(number, known.group, &small);
        self.everybody(place, Slot::quarter_of(order.0), small);
    }

    /// Finds out about a series.
    fn know(&mut self, place: u32, value: &RowValue, order: Order) -> Known {
        let (meter, dimensions) = &self.batch.series.list[place as usize];
        let known = if self.into.meters.covers(meter.series) {
            let kind = Sum::kind(&value.state(meter, order));
            let series = SeriesRef { meter: meter.series, dimensions };
            let group = MeterCells::group(self.into.metered, &series, kind);
            Known { group, how: How::of(meter), everybody: None }
        } else {
            Known { group: 0, how: How::Uncovered, everybody: None }
        };
        self.known[place as usize] = Some(known);
        known
    }

    /// Adds to everybody's cell, sooner or later.
    fn everybody(&mut self, place: u32, quarter: Slot, small: Small) {
        let Some(known) = &mut self.known[place as usize] else { return };
        let both = match &known.everybody {
            Some((same, sum)) if *same == quarter => sum.plus(&small),
            _ => None,
        };
        let before = known.everybody.replace((quarter, both.unwrap_or(small)));
        if let (None, Some((quarter, sum))) = (both, before) {
            self.into.metered.everybody(quarter, known.group, sum);
        }
    }

    /// Adds what is left.
    pub(super) fn finish(self) {
        for known in self.known.into_iter().flatten() {
            if let Some((quarter, sum)) = known.everybody {
                self.into.metered.everybody(quarter, known.group, sum);
            }
        }
    }
}
