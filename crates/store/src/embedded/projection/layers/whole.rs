//! All layers together, as the store has them at a position of the log.

use super::Cell;
use super::chain::List;
use super::day::Days;
use super::front::Front;
use super::length::Length;
use super::merge::fold;
use super::packed::{Packed, Small};
use super::subjects::Subjects;
use super::view::{View, Wanted};
use crate::StoreError;
use crate::embedded::projection::metered::{EVERYBODY, Series, SeriesRef};
use crate::embedded::projection::rollup::{CellKey, Sum};
use crate::embedded::projection::slot::Slot;
use crate::format::codec::Malformed;
use hashbrown::HashMap;
use std::sync::Arc;
use usage_domain::meter::aggregate::State;
use usage_domain::time::{Period, Timestamp};

/// The number of the subject that stands for everybody.
pub(crate) const EVERYBODY_NUMBER: u32 = 0;

/// Fronts that wait for a checkpoint, after which none is frozen for a reader.
const MOST_FROZEN: usize = 32;

/// The cells of all meters.
#[derive(Debug)]
pub(crate) struct Layers {
    subjects: Arc<Subjects>,
    groups: Groups,
    front: Front,
    /// Fronts that no run has yet, the oldest first.
    frozen: Vec<Arc<Front>>,
    runs: List,
}

/// The groups of cells by number, and how each adds up.
#[derive(Debug, Default, Clone)]
struct Groups {
    numbers: HashMap<Arc<Series>, u32>,
    series: Vec<(Arc<Series>, u8)>,
    /// By the number of the meter's sums.
    by_meter: HashMap<u32, Vec<u32>>,
}

impl Default for Layers {
    fn default() -> Layers {
        let subjects = Subjects::default();
        subjects.number(EVERYBODY);
        Layers {
            subjects: Arc::new(subjects),
            groups: Groups::default(),
            front: Front::default(),
            frozen: Vec::new(),
            runs: List::default(),
        }
    }
}

impl Groups {
    fn add(&mut self, series: Series, kind: u8) -> u32 {
        // 2^32 groups do not fit in memory.
        let number = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
        let series = Arc::new(series);
        self.by_meter.entry(series.meter).or_default().push(number);
        self.numbers.insert(series.clone(), number);
        self.series.push((series, kind));
        number
    }
}

impl Layers {
    /// Layers without cells, under the numbers of these.
    pub(crate) fn anew(&self) -> Layers {
        Layers {
            subjects: self.subjects.clone(),
            groups: self.groups.clone(),
            front: Front::default(),
            frozen: Vec::new(),
            runs: List::default(),
        }
    }

    /// The numbers of subjects, for whoever prepares events.
    pub(crate) fn subjects(&self) -> &Arc<Subjects> {
        &self.subjects
    }

    /// The number of a series, whose sums are of this kind.
    pub(crate) fn group(&mut self, series: &SeriesRef<'_>, kind: u8) -> u32 {
        match self.groups.numbers.get(series) {
            Some(number) => *number,
            None => self.groups.add(series.to_series(), kind),
        }
    }

    /// Adds what an event adds to both its cells.
    pub(crate) fn measure(&mut self, subject: u32, time: Timestamp, group: u32, sum: Packed) {
        self.front.everybody(Slot::quarter_of(time), group, sum.clone());
        self.front.event(subject, group, sum);
    }

    /// Adds what an event of a small figure adds to its subject's cell.
    pub(crate) fn small(&mut self, subject: u32, group: u32, small: &Small) {
        self.front.small(subject, group, small);
    }

    /// Adds to a cell of everybody.
    pub(crate) fn everybody(&mut self, quarter: Slot, group: u32, sum: Small) {
        self.front.everybody(quarter, group, Packed::Small(sum));
    }

    /// Adds to a cell.
    pub(crate) fn add(&mut self, subject: &str, slot: Slot, series: &Series, state: &State) {
        let series = SeriesRef { meter: series.meter, dimensions: &series.dimensions };
        let group = self.group(&series, Sum::kind(state));
        let subject = self.subjects.number(subject);
        self.front.cell(CellKey { subject, slot, group }, Packed::of(state.clone()));
    }

    /// How much there is in the front: events and cells.
    pub(crate) fn pending(&self) -> usize {
        self.front.len()
    }

    /// Lets another front go on; gives all that no run has.
    pub(crate) fn freeze(&mut self) -> Vec<Arc<Front>> {
        if !self.front.is_empty() {
            self.frozen.push(Arc::new(std::mem::take(&mut self.front)));
        }
        self.frozen.clone()
    }

    /// Lets another front go on for the sake of a reader, unless that was done too often.
    pub(crate) fn freeze_for_reading(&mut self) {
        if self.frozen.len() < MOST_FROZEN {
            self.freeze();
        }
    }

    /// From now on these runs are read, which have what these fronts had.
    pub(crate) fn thaw(&mut self, stored: &[Arc<Front>], runs: List) {
        self.frozen.retain(|front| !stored.iter().any(|other| Arc::ptr_eq(front, other)));
        self.runs = runs;
    }

    /// How many cells there are, whatever number of layers they are in; those that follow from others left out.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        self.freeze();
        let is_own = |(key, _): Cell| Length::of(key.slot) == Length::Quarter;
        self.frozen().all()?.try_fold(0, |count, cell| Ok(count + u64::from(is_own(cell?))))
    }

    /// Names that are not among the first so many subjects and groups.
    pub(crate) fn names(&self, (subjects, groups): (u32, u32)) -> (Vec<String>, Vec<(Series, u8)>) {
        let later = self.groups.series.get(groups as usize..).unwrap_or_default();
        let series = later.iter().map(|(series, kind)| (Series::clone(series), *kind)).collect();
        (self.subjects.range(subjects, self.subjects.count()), series)
    }

    /// Takes over the names of a file, which follow those that there are.
    pub(crate) fn name(&mut self, subjects: &[String], series: Vec<(Series, u8)>) -> Result<(), Malformed> {
        for name in subjects {
            let next = self.subjects.count();
            // Everybody has a number from the beginning on.
            if self.subjects.number(name) != next && !name.is_empty() {
                return Err(Malformed("a subject has two numbers"));
            }
        }
        for (series, kind) in series {
            if self.groups.numbers.contains_key(&series) {
                return Err(Malformed("a group has two numbers"));
            }
            self.groups.add(series, kind);
        }
        Ok(())
    }

    /// Which groups are of such sums, by number.
    pub(crate) fn groups_of(&self, wanted: impl Fn(u32) -> bool) -> Vec<bool> {
        self.groups.series.iter().map(|(series, _)| wanted(series.meter)).collect()
    }

    /// What a group stands for.
    pub(crate) fn series(&self, group: u32) -> Series {
        Series::clone(&self.groups.series[group as usize].0)
    }

    /// A view for the cells of these meters' sums, each named once. Of the front it has those of these subjects
    /// (of all, where `None`) within the period.
    pub(crate) fn view<'a>(
        &self,
        meters: impl Iterator<Item = u32>,
        subjects: Option<impl Iterator<Item = &'a str>>,
        period: Period,
    ) -> View {
        let mut groups = vec![false; self.groups.series.len()];
        let mut series = Vec::new();
        for number in meters.flat_map(|meter| self.groups.by_meter.get(&meter).into_iter().flatten()) {
            groups[*number as usize] = true;
            series.push((*number, self.groups.series[*number as usize].0.clone()));
        }
        series.sort_unstable_by_key(|(number, _)| *number);
        let groups = Arc::new(groups);
        let mut latest: Vec<Cell> = Vec::new();
        let subjects = match subjects {
            Some(names) => self.subjects.find_all(names).into_iter().flatten().collect(),
            None => Vec::from_iter(0..self.front.subjects()),
        };
        let mut everybody = Days::default();
        for subject in subjects {
            let wanted = Wanted::new(subject..subject + 1, period, groups.clone());
            if subject == EVERYBODY_NUMBER {
                everybody = self.front.days().of_groups(|group| wanted.wants(group));
                continue;
            }
            self.front.cells_of(subject, wanted.slots, |group| wanted.wants(group), &mut latest);
        }
        fold(&mut latest);
        View { series, groups, latest, everybody, ..self.frozen() }
    }

    /// A view of all but the front.
    pub(crate) fn frozen(&self) -> View {
        View {
            subjects: self.subjects.clone(),
            frozen: self.frozen.clone(),
            runs: self.runs.clone(),
            series: Vec::new(),
            groups: Arc::default(),
            latest: Vec::new(),
            everybody: Days::default(),
            count: self.subjects.count(),
        }
    }
}
