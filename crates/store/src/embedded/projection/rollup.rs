//! Roll-ups: what the events of the log add up to, per subject, cell of time and group.
//!
//! They equal a recount of the log up to their position, always. They are changed by the writer
//! alone, and only with events that are committed. Charges and meters have roll-ups of their own: the
//! same table, with other groups and other sums.

use super::row::{Cell, Row};
use super::slot::Slot;
use crate::format::codec::{Malformed, Take};
use hashbrown::{Equivalent, HashMap};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

/// What sums are told apart by, besides subject and time.
pub(crate) trait Group: Clone + Eq + Hash + Ord + Debug + Send + Sync + 'static {
    fn put(&self, out: &mut Vec<u8>);
    fn take(take: &mut Take<'_>) -> Result<Self, Malformed>;
}

/// What the events of a cell add up to.
pub(crate) trait Sum: Clone + PartialEq + Debug + Send + Sync + 'static {
    fn merge(&mut self, more: &Self);
    fn put(&self, out: &mut Vec<u8>);
    /// Reads a stored sum. What does not fit with any other that fits is refused.
    fn take(take: &mut Take<'_>) -> Result<Self, Malformed>;
    /// A figure for the way in which it adds up: sums of one kind merge.
    fn kind(&self) -> u8;
    /// Whether this is what a recount of the log came to.
    fn is_that_of(&self, recount: &Self) -> bool;
    /// The sum where there is none: no sum at all is the same.
    fn is_nothing(&self) -> bool;
    /// How it is shown where it is wrong.
    fn shown(&self) -> String;
}

/// One cell: a subject, a slot of time and a group, each by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CellKey {
    pub(crate) subject: u32,
    pub(crate) slot: Slot,
    pub(crate) group: u32,
}

/// Sums of the whole log by cell.
#[derive(Debug, Clone)]
pub(crate) struct RollUps<G, S> {
    subjects: Names<String>,
    groups: Names<G>,
    /// By subject.
    cells: Vec<Row<S>>,
}

impl<G, S> Default for RollUps<G, S> {
    fn default() -> RollUps<G, S> {
        RollUps { subjects: Names::default(), groups: Names::default(), cells: Vec::new() }
    }
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

impl<T: Eq + Hash + Clone> Names<T> {
    /// The number of a name, which `owned` makes where it is new.
    fn number<Q: Hash + Equivalent<T> + ?Sized>(&mut self, name: &Q, owned: impl FnOnce(&Q) -> T) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // 2^32 different names do not fit in memory.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name = owned(name);
        self.numbers.insert(name.clone(), number);
        self.names.push(name);
        number
    }
}

impl<G: Group, S: Sum> RollUps<G, S> {
    /// Adds to a cell, and says to which.
    pub(crate) fn add(&mut self, subject: &str, slot: Slot, group: &G, sum: &S) -> CellKey {
        let key = CellKey {
            subject: self.subject_number(subject),
            slot,
            group: self.group_number(group, G::clone),
        };
        self.add_to(key, sum);
        key
    }

    /// The number of a subject, which is a new one where it has no usage yet.
    pub(crate) fn subject_number(&mut self, subject: &str) -> u32 {
        let number = self.subjects.number(subject, str::to_string);
        if number as usize == self.cells.len() {
            self.cells.push(Row::default());
        }
        number
    }

    /// The number of a group, which `owned` makes where it is new.
    pub(crate) fn group_number<Q: Hash + Equivalent<G> + ?Sized>(
        &mut self,
        group: &Q,
        owned: impl FnOnce(&Q) -> G,
    ) -> u32 {
        self.groups.number(group, owned)
    }

    /// Adds to the cell of this key, whose numbers are of these roll-ups.
    pub(crate) fn add_to(&mut self, key: CellKey, sum: &S) {
        let CellKey { subject, slot, group } = key;
        if let Some(kept) = self.cells[subject as usize].find_or_put(slot, group, || sum.clone()) {
            kept.merge(sum);
        }
    }

    /// A subject's cells from the slot `first` on, in their order.
    pub(crate) fn cells_of(&self, subject: &str, first: Slot) -> impl Iterator<Item = &Cell<S>> {
        let number = self.subjects.numbers.get(subject);
        number.into_iter().flat_map(move |number| self.cells[*number as usize].from(first))
    }

    /// Forgets the cells of other groups, of so many subjects from the number `first` on; gives the number
    /// of the next subject, if there is one.
    pub(crate) fn retain(&mut self, first: usize, most: usize, wanted: impl Fn(&G) -> bool) -> Option<usize> {
        let kept: Vec<bool> = self.groups.names.iter().map(wanted).collect();
        let end = self.cells.len().min(first.saturating_add(most));
        for row in self.cells.get_mut(first..end).unwrap_or_default() {
            row.retain(|group| kept[group as usize]);
        }
        (end < self.cells.len()).then_some(end)
    }

    /// Every subject that ever had usage.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &String> {
        self.subjects.names.iter()
    }

    /// The place of a subject among those that ever had usage.
    pub(crate) fn place(&self, subject: &str) -> Option<usize> {
        self.subjects.numbers.get(subject).map(|number| *number as usize)
    }

    pub(crate) fn subject(&self, number: u32) -> &String {
        &self.subjects.names[number as usize]
    }

    pub(crate) fn group(&self, number: u32) -> &G {
        &self.groups.names[number as usize]
    }

    /// Every cell, in no order that means anything.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, Slot, &G, &S)> {
        self.subjects.names.iter().zip(&self.cells).flat_map(move |(subject, cells)| {
            cells.iter().map(move |(slot, group, sum)| (subject, *slot, self.group(*group), sum))
        })
    }

    /// Every cell by name, for comparing: the numbers of two roll-ups may differ.
    pub(crate) fn by_name(&self) -> BTreeMap<(&str, Slot, &G), &S> {
        self.all().map(|(subject, slot, group, sum)| ((subject.as_str(), slot, group), sum)).collect()
    }

    /// How many cells there are.
    pub(crate) fn count(&self) -> u64 {
        self.cells.iter().map(|row| row.len() as u64).sum()
    }
}
