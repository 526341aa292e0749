//! How long cells of everybody are: beside its quarter-hours a run has the hours and the days that they add up
//! to, so that a month by day is read from a few cells.
//!
//! Longer cells say nothing that quarter-hours do not: they follow from them whenever a run is written, and
//! nobody adds to them. Sums that grow with their events, as those of distinct values do, have none: they
//! would be written three times.

use super::whole::EVERYBODY_NUMBER;
use super::{Cell, merge};
use crate::StoreError;
use crate::embedded::projection::rollup::CellKey;
use crate::embedded::projection::slot::Slot;
use std::iter::Peekable;
use usage_domain::meter::Aggregation;
use usage_domain::time::Period;

/// Where a slot says its length: quarter-hours have fewer bits.
const MARK: u32 = 24;

/// The length of a cell of everybody. In the order of keys, longer ones come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Length {
    Quarter,
    Hour,
    Day,
}

impl Length {
    /// All of them; each is made of cells of the next.
    pub(crate) const FROM_LONGEST: [Length; 3] = [Length::Day, Length::Hour, Length::Quarter];

    /// The longest cells that a meter of this aggregation has.
    pub(crate) fn longest(aggregation: Aggregation) -> Length {
        if aggregation == Aggregation::UniqueCount { Length::Quarter } else { Length::Day }
    }

    fn quarters(self) -> u32 {
        match self {
            Length::Quarter => 1,
            Length::Hour => 4,
            Length::Day => 96,
        }
    }

    fn mark(self) -> u32 {
        match self {
            Length::Quarter => 0,
            Length::Hour => 1 << MARK,
            Length::Day => 2 << MARK,
        }
    }

    /// The length of the cell of this slot.
    pub(crate) fn of(slot: Slot) -> Length {
        match slot.0 >> MARK {
            0 => Length::Quarter,
            1 => Length::Hour,
            _ => Length::Day,
        }
    }

    /// The cell of this length that a quarter-hour is in.
    pub(crate) fn cell(self, quarter: Slot) -> Slot {
        Slot(self.mark() | (quarter.0 - quarter.0 % self.quarters()))
    }

    /// The slot of a stored figure, if a cell of everybody has it.
    pub(super) fn stored(figure: u32) -> Option<Slot> {
        let quarter = Slot::stored_quarter(figure & ((1 << MARK) - 1))?;
        Length::FROM_LONGEST.into_iter().map(|length| length.cell(quarter)).find(|slot| slot.0 == figure)
    }

    /// The first quarter-hour of the cell of this slot, and its last.
    pub(crate) fn stretch(slot: Slot) -> (Slot, Slot) {
        let first = slot.0 & ((1 << MARK) - 1);
        (Slot(first), Slot(first + Length::of(slot).quarters() - 1))
    }

    /// When the cell of this slot is.
    pub(crate) fn period(slot: Slot) -> Period {
        Length::stretch(slot).0.quarters(Length::of(slot).quarters())
    }
}

/// Longer cells in the making.
struct Longer {
    length: Length,
    done: Vec<Cell>,
    /// What the last of them is made of.
    open: Vec<Cell>,
}

impl Longer {
    fn new(length: Length) -> Longer {
        Longer { length, done: Vec::new(), open: Vec::new() }
    }

    /// Adds a shorter cell; they come in order.
    fn add(&mut self, (key, sum): &Cell) {
        if sum.is_set() {
            return;
        }
        let key = CellKey { slot: self.length.cell(Length::stretch(key.slot).0), ..*key };
        if self.open.last().is_some_and(|(last, _)| last.slot != key.slot) {
            self.close();
        }
        self.open.push((key, sum.clone()));
    }

    fn close(&mut self) {
        merge::fold(&mut self.open);
        self.done.append(&mut self.open);
    }

    fn finish(mut self) -> Vec<Cell> {
        self.close();
        self.done
    }
}

/// Cells in order, and behind everybody's quarter-hours the longer cells that follow from them.
pub(super) struct WithLonger<I: Iterator> {
    cells: Peekable<I>,
    hours: Option<Longer>,
    made: std::vec::IntoIter<Cell>,
}

impl<I: Iterator<Item = Result<Cell, StoreError>>> WithLonger<I> {
    /// `cells` has quarter-hours only.
    pub(super) fn new(cells: I) -> WithLonger<I> {
        let hours = Some(Longer::new(Length::Hour));
        WithLonger { cells: cells.peekable(), hours, made: Vec::new().into_iter() }
    }
}

impl<I: Iterator<Item = Result<Cell, StoreError>>> Iterator for WithLonger<I> {
    type Item = Result<Cell, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(hours) = &mut self.hours {
            match self.cells.peek() {
                Some(Err(_)) => return self.cells.next(),
                Some(Ok(cell)) if cell.0.subject == EVERYBODY_NUMBER => {
                    hours.add(cell);
                    return self.cells.next();
                }
                _ => self.made = longer(self.hours.take()).into_iter(),
            }
        }
        self.made.next().map(Ok).or_else(|| self.cells.next())
    }
}

/// The hours, and the days that they add up to.
fn longer(hours: Option<Longer>) -> Vec<Cell> {
    let (mut made, mut days) = (hours.map(Longer::finish).unwrap_or_default(), Longer::new(Length::Day));
    made.iter().for_each(|cell| days.add(cell));
    made.append(&mut days.finish());
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use usage_domain::time::Timestamp;

    #[test]
    fn a_longer_cell_has_the_quarter_hours_of_its_time() {
        let quarter = Slot::quarter_of("2026-11-22T13:47:15Z".parse::<Timestamp>().unwrap());
        for (length, start, end) in [
            (Length::Quarter, "2026-11-22T13:45:00Z", "2026-11-22T14:00:00Z"),
            (Length::Hour, "2026-11-22T13:00:00Z", "2026-11-22T14:00:00Z"),
            (Length::Day, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        ] {
            let slot = length.cell(quarter);
            let period = Length::period(slot);
            assert_eq!((period.start.to_string(), period.end.to_string()), (start.into(), end.into()));
            assert_eq!(Length::of(slot), length);
            assert_eq!(Length::stored(slot.0), Some(slot));
            let (first, last) = Length::stretch(slot);
            assert!((first..=last).contains(&quarter));
        }
        let day = Length::Day.cell(quarter).0;
        for figure in [day + 1, day | 1 << 24, Length::Hour.cell(quarter).0 + 1, u32::MAX, 1 << 26] {
            assert_eq!(Length::stored(figure), None, "{figure}");
        }
    }
}
