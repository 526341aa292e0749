//! What a front has of everybody: days with their quarter-hours.
//!
//! Whoever reads takes days as they are, and shares the quarter-hours; the writer copies those that it goes on
//! with while somebody still has them.

use super::Cell;
use super::front::Slots;
use super::length::Length;
use super::packed::Packed;
use super::whole::EVERYBODY_NUMBER;
use crate::embedded::projection::rollup::CellKey;
use crate::embedded::projection::slot::Slot;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::sync::Arc;

/// The days of a front, by the first quarter-hour and the group.
#[derive(Debug, Default, Clone)]
pub(super) struct Days {
    days: HashMap<(Slot, u32), Day>,
    /// How many quarter-hours there are.
    count: usize,
}

/// A group's day.
#[derive(Debug, Clone)]
struct Day {
    /// What it adds up to; nothing of sets, which have no long cells.
    sum: Option<Packed>,
    quarters: Arc<Quarters>,
}

/// Quarter-hours of a day, by number, in no order.
#[derive(Debug, Clone, Default)]
struct Quarters {
    numbers: Vec<u8>,
    sums: Vec<Packed>,
}

impl Days {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds to the cell of a quarter-hour.
    pub(super) fn add(&mut self, quarter: Slot, group: u32, sum: Packed) {
        let (first, _) = Length::stretch(Length::Day.cell(quarter));
        // A day has 96.
        let number = u8::try_from(quarter.0 - first.0).unwrap_or(u8::MAX);
        let day = match self.days.entry((first, group)) {
            Entry::Occupied(day) => {
                let day = day.into_mut();
                if let Some(all) = &mut day.sum {
                    all.merge(&sum);
                }
                day
            }
            Entry::Vacant(place) => {
                let all = (!sum.is_set()).then(|| sum.clone());
                place.insert(Day { sum: all, quarters: Arc::default() })
            }
        };
        let quarters = Arc::make_mut(&mut day.quarters);
        match quarters.numbers.iter().position(|other| *other == number) {
            Some(place) => quarters.sums[place].merge(&sum),
            None => {
                quarters.numbers.push(number);
                quarters.sums.push(sum);
                self.count += 1;
            }
        }
    }

    /// Those of some groups.
    pub(super) fn of_groups(&self, wanted: impl Fn(u32) -> bool) -> Days {
        let some = self.days.iter().filter(|((_, group), _)| wanted(*group));
        let days: HashMap<_, _> = some.map(|(key, day)| (*key, day.clone())).collect();
        let count = days.values().map(|day| day.quarters.sums.len()).sum();
        Days { days, count }
    }

    /// Quarter-hours of wanted groups from one slot to another, in no order.
    pub(super) fn quarters(&self, slots: Slots, wanted: impl Fn(u32) -> bool, into: &mut Vec<Cell>) {
        self.cells(Length::Quarter, &[slots], wanted, into);
    }

    /// Cells of a length that have something of these stretches of quarter-hours, which are in order, of wanted
    /// groups; in no order, some several times, which add up.
    pub(super) fn cells(
        &self,
        length: Length,
        stretches: &[Slots],
        wanted: impl Fn(u32) -> bool,
        into: &mut Vec<Cell>,
    ) {
        for ((first, group), day) in &self.days {
            let slot = Length::Day.cell(*first);
            if !wanted(*group) || !meets(Length::stretch(slot), stretches) {
                continue;
            }
            let key = |slot| CellKey { subject: EVERYBODY_NUMBER, slot, group: *group };
            if length == Length::Day {
                into.extend(day.sum.clone().map(|sum| (key(slot), sum)));
                continue;
            }
            for (number, sum) in day.quarters.numbers.iter().zip(&day.quarters.sums) {
                let quarter = Slot(first.0 + u32::from(*number));
                if meets((quarter, quarter), stretches) {
                    into.push((key(length.cell(quarter)), sum.clone()));
                }
            }
        }
    }
}

/// Whether a stretch of quarter-hours has something of these, which are in order.
pub(super) fn meets((first, last): Slots, stretches: &[Slots]) -> bool {
    let after = stretches.partition_point(|(_, end)| *end < first);
    stretches.get(after).is_some_and(|(begin, _)| *begin <= last)
}
