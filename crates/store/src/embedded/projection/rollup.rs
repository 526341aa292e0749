//! Roll-ups: what the charges of the log add up to, per subject, cell of time and group.
//!
//! They equal a recount of the log up to their position, always. They are changed by the writer
//! alone, and only with events that are committed.

use super::slot::Slot;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use usage_domain::charge::{Charge, ChargeGroup};
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::Totals;

/// One cell: a subject, a slot of time and a group, each by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CellKey {
    pub(crate) subject: u32,
    pub(crate) slot: Slot,
    pub(crate) group: u32,
}

/// Totals of the whole log by cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct RollUps {
    subjects: Names<String>,
    groups: Names<ChargeGroup>,
    /// By subject: its cells in the order of slot and group. Usage mostly comes in the order of time, so
    /// that nearly every new cell is put last.
    cells: Vec<Vec<(Slot, u32, Totals)>>,
}

/// Things that were seen, numbered in the order of their first appearance.
#[derive(Debug, Clone)]
struct Names<T> {
    numbers: HashMap<T, u32>,
    names: Vec<T>,
}

impl<T> Default for Names<T> {
    fn default() -> Names<T> {
        Names { numbers: HashMap::default(), names: Vec::new() }
    }
}

impl<T: Eq + std::hash::Hash + Clone> Names<T> {
    fn number(&mut self, name: &T) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // 2^32 different names do not fit in memory.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.clone(), number);
        self.names.push(name.clone());
        number
    }
}

/// What a subject's usage in a period consists of: whole cells, and cells that the period cuts.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) totals: BTreeMap<ChargeGroup, Totals>,
    /// Parts of cells: their usage is in the log.
    pub(crate) edges: Vec<(String, Period)>,
}

impl RollUps {
    /// Adds a charge, and says where.
    pub(crate) fn add(&mut self, subject: &String, time: Timestamp, charge: &Charge) -> (CellKey, Totals) {
        let totals = Totals::of(charge);
        let key = self.add_totals(subject, Slot::of(time), &charge.group, &totals);
        (key, totals)
    }

    /// Adds totals to a cell, and says which.
    pub(crate) fn add_totals(
        &mut self,
        subject: &String,
        slot: Slot,
        group: &ChargeGroup,
        totals: &Totals,
    ) -> CellKey {
        let subject = self.subjects.number(subject);
        let group = self.groups.number(group);
        let place = subject as usize;
        if place == self.cells.len() {
            self.cells.push(Vec::new());
        }
        let cells = &mut self.cells[place];
        match cells.binary_search_by_key(&(slot, group), |cell| (cell.0, cell.1)) {
            Ok(found) => merge(&mut cells[found].2, totals),
            Err(between) => cells.insert(between, (slot, group, *totals)),
        }
        CellKey { subject, slot, group }
    }

    /// Reads one subject's usage in a period.
    pub(crate) fn read(&self, subject: &str, period: Period, reading: &mut Reading) {
        let Some(number) = self.subjects.numbers.get(subject) else { return };
        let first = Slot::of(period.start);
        let mut edge = None;
        let cells = &self.cells[*number as usize];
        let begin = cells.partition_point(|cell| cell.0 < first);
        for (slot, group, totals) in &cells[begin..] {
            let cell = slot.period();
            if cell.start >= period.end {
                break;
            }
            match period.intersection(&cell) {
                Some(part) if part == cell => {
                    merge(
                        reading.totals.entry(self.groups.names[*group as usize].clone()).or_default(),
                        totals,
                    );
                }
                // Several groups may share the cell; its part is read once, for all of them.
                Some(part) if edge != Some(part) => {
                    edge = Some(part);
                    reading.edges.push((subject.to_string(), part));
                }
                _ => {}
            }
        }
    }

    /// How often one subject's usage in a period has changed; `None` where the period cuts a cell.
    pub(crate) fn changes(&self, subject: &str, period: Period) -> Option<u64> {
        let Some(number) = self.subjects.numbers.get(subject) else { return Some(0) };
        let cells = &self.cells[*number as usize];
        let begin = cells.partition_point(|cell| cell.0 < Slot::of(period.start));
        let mut changes = 0;
        for (slot, _, totals) in &cells[begin..] {
            let cell = slot.period();
            if cell.start >= period.end {
                break;
            }
            match period.intersection(&cell) {
                Some(part) if part == cell => changes += totals.changes,
                Some(_) => return None,
                None => {}
            }
        }
        Some(changes)
    }

    /// Every subject that ever had usage.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &String> {
        self.subjects.names.iter()
    }

    pub(crate) fn subject(&self, number: u32) -> &String {
        &self.subjects.names[number as usize]
    }

    pub(crate) fn group(&self, number: u32) -> &ChargeGroup {
        &self.groups.names[number as usize]
    }

    /// Every cell by name, for comparing: the numbers of two roll-ups may differ.
    pub(crate) fn by_name(&self) -> BTreeMap<(&str, Slot, &ChargeGroup), Totals> {
        let mut all = BTreeMap::new();
        for (subject, cells) in self.subjects.names.iter().zip(&self.cells) {
            for (slot, group, totals) in cells {
                all.insert((subject.as_str(), *slot, self.group(*group)), *totals);
            }
        }
        all
    }

    /// How many cells there are.
    pub(crate) fn cells(&self) -> u64 {
        self.cells.iter().map(|cells| cells.len() as u64).sum()
    }
}

/// Adds totals up. A charge has at most 20 digits before and 36 after the point, so that the sum of
/// fewer than 10^20 of them fits: more than any log holds.
#[expect(clippy::expect_used, reason = "a stated invariant: sums of charges fit")]
pub(crate) fn merge(into: &mut Totals, more: &Totals) {
    into.merge(more).expect("sums of fewer than 10^20 charges fit");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(amount: i64) -> Charge {
        let group = ChargeGroup {
            service: "S".into(),
            description: None,
            unit: None,
            unit_price: None,
            currency: None,
            has_quantity: false,
        };
        Charge {
            group,
            quantity: usage_domain::decimal::Decimal::ZERO,
            amount: usage_domain::decimal::Decimal::new(amount, 0),
        }
    }

    #[test]
    fn a_period_that_cuts_a_cell_reads_the_rest_from_the_log() {
        let mut rollups = RollUps::default();
        let (alice, at) = ("alice".to_string(), |text: &str| text.parse::<Timestamp>().unwrap());
        for (time, amount) in [
            ("2026-11-21T10:00:00Z", 1),
            ("2026-11-22T10:00:00Z", 2),
            ("2026-11-22T12:00:00Z", 4),
            ("2026-11-23T00:00:00Z", 8),
        ] {
            rollups.add(&alice, at(time), &charge(amount));
        }
        let mut reading = Reading::default();
        let period = Period { start: at("2026-11-20T05:00:00Z"), end: at("2026-11-22T11:00:00Z") };
        rollups.read("alice", period, &mut reading);
        let whole: Vec<_> = reading.totals.values().map(|t| (t.events, t.amount.to_string())).collect();
        assert_eq!(whole, [(1, "1".to_string())]);
        let cut = Period { start: at("2026-11-22T00:00:00Z"), end: at("2026-11-22T11:00:00Z") };
        assert_eq!(reading.edges, [("alice".to_string(), cut)]);
    }
}
