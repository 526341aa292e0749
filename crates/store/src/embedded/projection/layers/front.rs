//! The latest usage, in memory: what no run has yet.
//!
//! An event of a count or a sum of a small figure, as nearly all are, is put behind the others, with where the
//! one before of its subject is: two steps, whatever there is already. A subject of which many came has
//! them added up to cells now and then, so that it is read quickly. All other usage is added to cells at once,
//! as that of everybody is.

use super::day::Days;
use super::packed::{Packed, Small};
use super::whole::EVERYBODY_NUMBER;
use super::{Cell, merge};
use crate::embedded::projection::rollup::CellKey;
use crate::embedded::projection::row::Row;
use crate::embedded::projection::slot::Slot;
use hashbrown::HashMap;

/// Minutes of a quarter-hour.
const QUARTER: u32 = 15;
/// Events of a subject after which they are added up.
const MOST_APART: u32 = 128;

/// A slot and the last that matters.
pub(super) type Slots = (Slot, Slot);
/// All slots.
pub(super) const ALL: Slots = (Slot(0), Slot(u32::MAX));

/// An event: a count or a small figure.
#[derive(Debug, Clone, Copy)]
struct Plain {
    /// One more than the place of the one before of its subject; 0 where it is the first.
    before: u32,
    group: u32,
    /// The minute of its time since 1970.
    minute: u32,
    scale: u8,
    is_sum: bool,
    is_removed: bool,
    value: i64,
}

/// The events of a subject that are not added up.
#[derive(Debug, Clone, Copy, Default)]
struct Latest {
    /// One more than the place of the last.
    last: u32,
    count: u32,
}

/// Usage that is in memory.
#[derive(Debug, Default)]
pub(crate) struct Front {
    plain: Vec<Plain>,
    /// By subject.
    latest: Vec<Latest>,
    /// Cells that were added up, by subject.
    rows: HashMap<u32, Row<Packed>>,
    everybody: Days,
    /// How many cells `rows` have.
    cells: usize,
}

impl Front {
    /// How much there is: events and cells.
    pub(crate) fn len(&self) -> usize {
        self.plain.len() + self.cells + self.everybody.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more than the largest number of a subject that has usage here.
    pub(crate) fn subjects(&self) -> u32 {
        let subjects = u32::try_from(self.latest.len()).unwrap_or(u32::MAX);
        if self.everybody.len() == 0 { subjects } else { subjects.max(EVERYBODY_NUMBER + 1) }
    }

    /// Adds what an event of this subject and group adds to its own cell.
    pub(crate) fn event(&mut self, subject: u32, group: u32, sum: Packed) {
        match sum {
            Packed::Small(small @ Small { changes: 1, events: 1 | -1, .. }) => {
                self.small(subject, group, &small);
            }
            sum => {
                let (minute, _) = match &sum {
                    Packed::Small(small) => small.minutes,
                    Packed::Full(state) => state.minutes,
                };
                let slot = Slot(minute / QUARTER).as_cell();
                self.cell(CellKey { subject, slot, group }, sum);
            }
        }
    }

    /// The same of a single event of a small figure.
    pub(crate) fn small(&mut self, subject: u32, group: u32, small: &Small) {
        self.reach(subject);
        let latest = self.latest[subject as usize];
        let Small { value, events, minutes: (minute, _), scale, is_sum, .. } = *small;
        let before = latest.last;
        self.plain.push(Plain { before, group, minute, scale, is_sum, is_removed: events < 0, value });
        // Far fewer than 2^32 come between two checkpoints.
        let last = u32::try_from(self.plain.len()).unwrap_or(u32::MAX);
        self.latest[subject as usize] = Latest { last, count: latest.count + 1 };
        if latest.count + 1 >= MOST_APART {
            self.add_up(subject);
        }
    }

    fn reach(&mut self, subject: u32) {
        if self.latest.len() <= subject as usize {
            self.latest.resize(subject as usize + 1, Latest::default());
        }
    }

    /// Adds to a cell of everybody.
    pub(crate) fn everybody(&mut self, quarter: Slot, group: u32, sum: Packed) {
        self.everybody.add(quarter, group, sum);
    }

    /// What it has of everybody.
    pub(super) fn days(&self) -> &Days {
        &self.everybody
    }

    /// Adds to a cell.
    pub(crate) fn cell(&mut self, key: CellKey, sum: Packed) {
        let CellKey { subject, slot, group } = key;
        if subject == EVERYBODY_NUMBER {
            return self.everybody(slot, group, sum);
        }
        self.reach(subject);
        match self.rows.entry(subject).or_default().find_or_put(slot, group, || sum.clone()) {
            Some(kept) => kept.merge(&sum),
            None => self.cells += 1,
        }
    }

    /// Makes cells of the events of a subject.
    fn add_up(&mut self, subject: u32) {
        let mut cells = Vec::new();
        self.chain(subject, ALL, &|_| true, &mut cells);
        merge::fold(&mut cells);
        self.latest[subject as usize] = Latest::default();
        for (key, sum) in cells {
            self.cell(key, sum);
        }
    }

    /// The cells of a subject's events that are not added up.
    fn chain(&self, subject: u32, slots: Slots, wanted: &impl Fn(u32) -> bool, into: &mut Vec<Cell>) {
        let mut next = self.latest.get(subject as usize).map_or(0, |latest| latest.last);
        while let Some(place) = next.checked_sub(1) {
            let event = &self.plain[place as usize];
            next = event.before;
            let slot = Slot(event.minute / QUARTER).as_cell();
            if (slots.0..=slots.1).contains(&slot) && wanted(event.group) {
                into.push((CellKey { subject, slot, group: event.group }, event.packed()));
            }
        }
    }

    /// A subject's cells of wanted groups from one slot to another, in no order; some several times, which add
    /// up.
    pub(crate) fn cells_of(
        &self,
        subject: u32,
        slots: Slots,
        wanted: impl Fn(u32) -> bool,
        into: &mut Vec<Cell>,
    ) {
        if subject == EVERYBODY_NUMBER {
            return self.everybody.quarters(slots, wanted, into);
        }
        self.chain(subject, slots, &wanted, into);
        if let Some(row) = self.rows.get(&subject) {
            let some = row.from(slots.0).take_while(|(slot, _, _)| *slot <= slots.1);
            let some = some.filter(|(_, group, _)| wanted(*group));
            into.extend(
                some.map(|(slot, group, sum)| (CellKey { subject, slot: *slot, group: *group }, sum.clone())),
            );
        }
    }
}

impl Plain {
    fn packed(&self) -> Packed {
        Packed::Small(Small {
            value: self.value,
            changes: 1,
            events: if self.is_removed { -1 } else { 1 },
            minutes: (self.minute, self.minute),
            scale: self.scale,
            is_sum: self.is_sum,
        })
    }
}
