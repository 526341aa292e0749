//! A subject's cells, in the order of slot and group.
//!
//! They are kept in runs of bounded length: usage mostly comes in the order of time, so that nearly every
//! new cell is put last, but usage of long ago must not move all that came since. Everybody's cells are
//! millions.

use super::slot::Slot;

/// The most cells of a run.
const MOST_CELLS: usize = 512;

/// A cell: its slot, its group and what it adds up to.
pub(crate) type Cell<S> = (Slot, u32, S);

#[derive(Debug, Clone)]
pub(crate) struct Row<S> {
    /// None of them is empty.
    runs: Vec<Vec<Cell<S>>>,
}

impl<S> Default for Row<S> {
    fn default() -> Row<S> {
        Row { runs: Vec::new() }
    }
}

impl<S> Row<S> {
    /// The sum of this slot and group, if it has one; otherwise `new` is put in its place.
    pub(crate) fn find_or_put(&mut self, slot: Slot, group: u32, new: impl FnOnce() -> S) -> Option<&mut S> {
        let wanted = (slot, group);
        let key = |cell: &Cell<S>| (cell.0, cell.1);
        let begun = |run: &Vec<Cell<S>>| run.first().is_some_and(|first| key(first) <= wanted);
        let mut at = self.runs.partition_point(begun).saturating_sub(1);
        let mut between = match self.runs.get(at).map(|run| run.binary_search_by_key(&wanted, key)) {
            Some(Ok(found)) => return Some(&mut self.runs[at][found].2),
            Some(Err(between)) => between,
            None => {
                self.runs = vec![Vec::new()];
                0
            }
        };
        if self.runs[at].len() >= MOST_CELLS {
            // At the very end, full runs stay full.
            let is_last = at + 1 == self.runs.len() && between == self.runs[at].len();
            let kept = if is_last { between } else { MOST_CELLS / 2 };
            let behind = self.runs[at].split_off(kept);
            self.runs.insert(at + 1, behind);
            if between > kept || is_last {
                (at, between) = (at + 1, between - kept);
            }
        }
        self.runs[at].insert(between, (slot, group, new()));
        None
    }

    /// The cells from the slot `first` on, in their order.
    pub(crate) fn from(&self, first: Slot) -> impl Iterator<Item = &Cell<S>> {
        let before = |run: &Vec<Cell<S>>| run.last().is_some_and(|last| last.0 < first);
        let runs = &self.runs[self.runs.partition_point(before)..];
        let skipped = runs.first().map_or(0, |run| run.partition_point(|cell| cell.0 < first));
        runs.iter().flatten().skip(skipped)
    }

    /// All cells, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Cell<S>> {
        self.runs.iter().flatten()
    }

    pub(crate) fn len(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    /// Forgets the cells of other groups.
    pub(crate) fn retain(&mut self, wanted: impl Fn(u32) -> bool) {
        for run in &mut self.runs {
            run.retain(|cell| wanted(cell.1));
        }
        self.runs.retain(|run| !run.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn no_run_is_long_and_cells_that_come_in_order_fill_them() {
        for backwards in [false, true] {
            let mut row = Row::default();
            for place in 0..20_000u32 {
                let slot = if backwards { 20_000 - place } else { place };
                assert!(row.find_or_put(Slot(slot), 7, || place).is_none());
            }
            assert_eq!(row.len(), 20_000);
            assert!(row.runs.iter().all(|run| (1..=MOST_CELLS).contains(&run.len())));
            assert!(row.iter().is_sorted_by_key(|cell| cell.0));
            let fewest = 20_000usize.div_ceil(MOST_CELLS);
            assert!(row.runs.len() <= if backwards { 2 * fewest } else { fewest }, "{}", row.runs.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_row_has_what_was_put_into_it(
            cells in prop::collection::vec((0..400u32, 0..5u32), 1..4000),
            first in 0..450u32,
            kept in 0..5u32,
        ) {
            let (mut row, mut model) = (Row::default(), BTreeMap::new());
            for (place, (slot, group)) in cells.into_iter().enumerate() {
                match row.find_or_put(Slot(slot), group, || vec![place]) {
                    Some(places) => places.push(place),
                    None => prop_assert!(!model.contains_key(&(slot, group))),
                }
                model.entry((slot, group)).or_insert_with(Vec::new).push(place);
            }
            let of = |cell: &Cell<Vec<usize>>| ((cell.0.0, cell.1), cell.2.clone());
            let expected: Vec<_> = model.clone().into_iter().collect();
            prop_assert_eq!(row.iter().map(of).collect::<Vec<_>>(), expected);
            let expected: Vec<_> = model.range((first, 0)..).map(|(key, places)| (*key, places.clone())).collect();
            prop_assert_eq!(row.from(Slot(first)).map(of).collect::<Vec<_>>(), expected);
            row.retain(|group| group == kept);
            model.retain(|(_, group), _| *group == kept);
            prop_assert_eq!(row.len(), model.len());
            prop_assert_eq!(row.iter().map(of).collect::<BTreeMap<_, _>>(), model);
        }
    }
}
