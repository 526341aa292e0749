//! Several lists of cells as one, in order, with no more of each in memory than its reader has.

use super::Cell;
use super::front::{ALL, Front};
use super::length::WithLonger;
use crate::StoreError;
use crate::embedded::projection::rollup::CellKey;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

/// Cells in the order of their keys, no key twice.
pub(crate) type Cells = Box<dyn Iterator<Item = Result<Cell, StoreError>> + Send>;

/// Puts cells in order and makes those of one key one.
pub(super) fn fold(cells: &mut Vec<Cell>) {
    cells.sort_by_key(|(key, _)| *key);
    cells.dedup_by(|(key, more), (kept, sum)| {
        let same = key == kept;
        if same {
            sum.merge(more);
        }
        same
    });
}

/// The cells of all `sources`, those of one key added up.
pub(crate) struct Merged {
    sources: Vec<Cells>,
    /// What is next of each source.
    next: Vec<Option<Cell>>,
    /// The next key of each source that has one.
    heads: BinaryHeap<Reverse<(CellKey, usize)>>,
    failed: bool,
}

impl Merged {
    pub(crate) fn new(mut sources: Vec<Cells>) -> Result<Merged, StoreError> {
        let mut heads = BinaryHeap::with_capacity(sources.len());
        let mut next = Vec::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            let first = source.next().transpose()?;
            heads.extend(first.as_ref().map(|(key, _)| Reverse((*key, number))));
            next.push(first);
        }
        Ok(Merged { sources, next, heads, failed: false })
    }

    /// The first cell of all, from the source that has it.
    fn pop(&mut self) -> Result<Option<Cell>, StoreError> {
        let Some(mut head) = self.heads.peek_mut() else { return Ok(None) };
        let Reverse((_, number)) = *head;
        let following = self.sources[number].next().transpose()?;
        match &following {
            Some((key, _)) => *head = Reverse((*key, number)),
            None => drop(PeekMut::pop(head)),
        }
        Ok(std::mem::replace(&mut self.next[number], following))
    }

    fn sum(&mut self) -> Result<Option<Cell>, StoreError> {
        let Some((key, mut sum)) = self.pop()? else { return Ok(None) };
        while self.heads.peek().is_some_and(|Reverse((next, _))| *next == key) {
            if let Some((_, more)) = self.pop()? {
                sum.merge(&more);
            }
        }
        Ok(Some((key, sum)))
    }
}

impl Iterator for Merged {
    type Item = Result<Cell, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.sum();
        self.failed = next.is_err();
        next.transpose()
    }
}

/// The cells of a front in order, with longer ones of everybody.
pub(crate) fn folded(front: Arc<Front>) -> Cells {
    let subjects = 0..front.subjects();
    Box::new(WithLonger::new(subjects.flat_map(move |subject| {
        let mut cells = Vec::new();
        front.cells_of(subject, ALL, |_| true, &mut cells);
        fold(&mut cells);
        cells.into_iter().map(Ok)
    })))
}
