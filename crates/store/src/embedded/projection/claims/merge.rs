//! Several lists of entries as one, in order, with no more of each in memory than its reader has.

use super::entry::ClaimEntry;
use crate::StoreError;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// The entries of all `sources`, each of which is in order.
pub(crate) struct Merged<S> {
    sources: Vec<S>,
    /// The next entry of each source that has one.
    heads: BinaryHeap<Reverse<(ClaimEntry, usize)>>,
}

impl<S: Iterator<Item = Result<ClaimEntry, StoreError>>> Merged<S> {
    pub(crate) fn new(mut sources: Vec<S>) -> Result<Merged<S>, StoreError> {
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            if let Some(first) = source.next() {
                heads.push(Reverse((first?, number)));
            }
        }
        Ok(Merged { sources, heads })
    }
}

impl<S: Iterator<Item = Result<ClaimEntry, StoreError>>> Iterator for Merged<S> {
    type Item = Result<ClaimEntry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut head = self.heads.peek_mut()?;
        let Reverse((entry, number)) = *head;
        match self.sources[number].next() {
            Some(Ok(next)) => *head = Reverse((next, number)),
            Some(Err(error)) => return Some(Err(error)),
            None => {
                PeekMut::pop(head);
            }
        }
        Some(Ok(entry))
    }
}
