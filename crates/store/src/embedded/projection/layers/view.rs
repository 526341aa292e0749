//! Reading cells at one position of the log, without a lock: what the layers had at a moment.

use super::Cell;
use super::day::{Days, meets};
use super::front::Front;
use super::length::Length;
use super::merge::{Cells, Merged, fold, folded};
use super::run::Run;
use super::subjects::Subjects;
use super::whole::EVERYBODY_NUMBER;
use crate::StoreError;
use crate::embedded::projection::metered::{MeterRollUps, Series};
use crate::embedded::projection::rollup::CellKey;
use crate::embedded::projection::slot::Slot;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use usage_domain::time::Period;

/// Subjects whose numbers differ by so much have their cells in one block, or in the next.
const NEAR: u32 = 8;

/// Which cells are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Subjects that follow each other.
    pub(super) subjects: Range<u32>,
    /// The first slot and the last.
    pub(super) slots: (Slot, Slot),
    /// Groups by number.
    pub(super) groups: Arc<Vec<bool>>,
}

impl Wanted {
    /// The cells of these subjects that a period may have something of.
    pub(super) fn new(subjects: Range<u32>, period: Period, groups: Arc<Vec<bool>>) -> Wanted {
        // The cell of everybody begins no earlier than that of a subject.
        let everybody = subjects.start == EVERYBODY_NUMBER && subjects.end == EVERYBODY_NUMBER + 1;
        let first = if everybody { Slot::quarter_of(period.start) } else { Slot::of(period.start) };
        Wanted { subjects, slots: (first, Slot::quarter_of(period.end)), groups }
    }

    pub(super) fn wants(&self, group: u32) -> bool {
        self.groups.get(group as usize).copied().unwrap_or(false)
    }

    pub(super) fn has(&self, key: &CellKey) -> bool {
        self.subjects.contains(&key.subject)
            && (self.slots.0..=self.slots.1).contains(&key.slot)
            && self.wants(key.group)
    }

    /// Whether no wanted cell has this key or a larger one.
    pub(super) fn is_past(&self, key: &CellKey) -> bool {
        let last = self.subjects.end.saturating_sub(1);
        key.subject >= self.subjects.end || (key.subject == last && key.slot > self.slots.1)
    }
}

/// The layers at a moment, but for the front.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(super) subjects: Arc<Subjects>,
    pub(super) frozen: Vec<Arc<Front>>,
    pub(super) runs: Arc<Vec<Arc<Run>>>,
    /// The groups that are asked for, in the order of their numbers.
    pub(super) series: Vec<(u32, Arc<Series>)>,
    pub(super) groups: Arc<Vec<bool>>,
    /// Wanted cells of the front, in order, but for those of everybody.
    pub(super) latest: Vec<Cell>,
    pub(super) everybody: Days,
    /// How many subjects there are.
    pub(super) count: u32,
}

impl View {
    /// How many subjects there are, everybody included.
    pub(crate) fn subjects(&self) -> u32 {
        self.count
    }

    /// The cells of these subjects that a period may have something of, and of some others whose cells are beside
    /// them, added to the roll-ups of their meters, by the numbers of the meters' sums.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub(crate) fn named<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
        period: Period,
        rollups: &mut HashMap<u32, MeterRollUps>,
    ) -> Result<(), StoreError> {
        let mut numbers: Vec<u32> = self.subjects.find_all(names).into_iter().flatten().collect();
        numbers.sort_unstable();
        for near in numbers.chunk_by(|a, b| b - a <= NEAR) {
            if let (Some(first), Some(last)) = (near.first(), near.last()) {
                self.range(*first..last + 1, period, rollups)?;
            }
        }
        Ok(())
    }

    /// The same of all subjects with these numbers.
    pub(crate) fn range(
        &self,
        subjects: Range<u32>,
        period: Period,
        rollups: &mut HashMap<u32, MeterRollUps>,
    ) -> Result<(), StoreError> {
        let wanted = Wanted::new(subjects, period, self.groups.clone());
        let begin = self.latest.partition_point(|(key, _)| key.subject < wanted.subjects.start);
        let latest = self.latest[begin..].iter().take_while(|(key, _)| !wanted.is_past(key));
        let mut cells: Vec<Cell> = latest.filter(|(key, _)| wanted.has(key)).cloned().collect();
        if wanted.subjects.contains(&EVERYBODY_NUMBER) {
            self.everybody.quarters(wanted.slots, |group| wanted.wants(group), &mut cells);
        }
        for front in &self.frozen {
            for subject in wanted.subjects.start..wanted.subjects.end.min(front.subjects()) {
                front.cells_of(subject, wanted.slots, |group| wanted.wants(group), &mut cells);
            }
        }
        for run in self.runs.iter() {
            run.cells(&wanted, &mut cells)?;
        }
        fold(&mut cells);
        for of_one in cells.chunk_by(|(a, _), (b, _)| a.subject == b.subject) {
            let name = self.subjects.name(of_one[0].0.subject);
            for (key, sum) in of_one {
                // Only wanted cells were taken, and wanted are the groups of these series.
                let Ok(at) = self.series.binary_search_by_key(&key.group, |(number, _)| *number) else {
                    continue;
                };
                let series = &self.series[at].1;
                let rollups = rollups.entry(series.meter).or_default();
                let key = CellKey {
                    subject: rollups.subject_number(&name),
                    slot: key.slot,
                    group: rollups.group_number(&**series, Series::clone),
                };
                rollups.add_to(key, &sum.state());
            }
        }
        Ok(())
    }

    /// The cells of everybody of one length that have something of these stretches of quarter-hours, which are in
    /// order, in the order of their keys. One that is partly outside may lack what is there.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub(crate) fn everybody(
        &self,
        length: Length,
        stretches: &[(Slot, Slot)],
    ) -> Result<Vec<Cell>, StoreError> {
        let everybody = EVERYBODY_NUMBER..EVERYBODY_NUMBER + 1;
        let wanted = |slots| Wanted { subjects: everybody.clone(), slots, groups: self.groups.clone() };
        let wants = |group| self.groups.get(group as usize).copied().unwrap_or(false);
        // Quarter-hours, of which longer cells are made here.
        let (mut cells, mut short) = (Vec::new(), Vec::new());
        self.everybody.cells(length, stretches, wants, &mut cells);
        for front in &self.frozen {
            front.days().cells(length, stretches, wants, &mut cells);
        }
        for run in self.runs.iter() {
            let is_short = run.body.is_short;
            for (first, last) in stretches {
                match is_short {
                    true => run.cells(&wanted((*first, *last)), &mut short)?,
                    false => run.cells(&wanted((length.cell(*first), length.cell(*last))), &mut cells)?,
                }
            }
        }
        let within = short.into_iter().filter(|(key, _): &Cell| meets((key.slot, key.slot), stretches));
        cells.extend(within.map(|(key, sum)| (CellKey { slot: length.cell(key.slot), ..key }, sum)));
        fold(&mut cells);
        Ok(cells)
    }

    /// What a group that was asked for stands for.
    pub(crate) fn series(&self, group: u32) -> Option<&Series> {
        let place = self.series.binary_search_by_key(&group, |(number, _)| *number).ok()?;
        self.series.get(place).map(|(_, series)| &**series)
    }

    /// All cells but those of the front, in the order of their keys.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub(crate) fn all(&self) -> Result<Merged, StoreError> {
        let mut sources: Vec<Cells> = self.runs.iter().map(|run| run.all()).collect();
        sources.extend(self.frozen.iter().map(|front| folded(front.clone())));
        Merged::new(sources)
    }

    /// The name of a subject.
    pub(crate) fn name(&self, subject: u32) -> String {
        self.subjects.name(subject)
    }
}
