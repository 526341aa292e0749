//! The numbers of subjects that have usage: one for each, for as long as the store is open.
//!
//! Whoever serves a request looks numbers up; the writer alone gives new ones, to subjects whose events are
//! committed. A number is never taken back, so that a number that was looked up stays right.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

/// Subjects by number.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    names: RwLock<Texts>,
    hasher: DefaultHashBuilder,
}

/// Texts, one behind the other, and where to find each.
#[derive(Debug, Default)]
struct Texts {
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// Their numbers, with hashes so that growing need not look at the texts.
    numbers: HashTable<(u32, u32)>,
}

impl Texts {
    fn get(&self, number: u32) -> &str {
        &self.all[self.place(number)]
    }

    fn place(&self, number: u32) -> Range<usize> {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[number]
    }

    /// The number of the first text of this hash: hardly ever there is another one.
    fn likely(&self, hash: u32) -> Option<u32> {
        self.numbers.find(spread(hash), |(known, _)| *known == hash).map(|(_, number)| *number)
    }

    fn find(&self, hash: u32, name: &str) -> Option<u32> {
        let same = |(known, number): &(u32, u32)| *known == hash && self.get(*number) == name;
        self.numbers.find(spread(hash), same).map(|(_, number)| *number)
    }

    fn count(&self) -> u32 {
        // 2^32 subjects do not fit in memory.
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }
}

/// A hash for the table: one that differs in its high bits as well.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Subjects {
    fn hash(&self, name: &str) -> u32 {
        let hash = self.hasher.hash_one(name);
        // Its high half is as good as the whole.
        u32::try_from(hash >> 32).unwrap_or(0)
    }

    fn read<T>(&self, read: impl FnOnce(&Texts) -> T) -> T {
        read(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of a subject that has one.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let hash = self.hash(name);
        self.read(|names| names.find(hash, name))
    }

    /// The numbers of many, of those that have one.
    pub(crate) fn find_all<'a>(&self, wanted: impl Iterator<Item = &'a str>) -> Vec<Option<u32>> {
        let wanted: Vec<(u32, &str)> = wanted.map(|name| (self.hash(name), name)).collect();
        self.read(|names| {
            // What is looked at is larger than the caches. Step by step for all of them, the processor waits
            // for several places in memory at a time.
            let likely: Vec<Option<u32>> = wanted.iter().map(|(hash, _)| names.likely(*hash)).collect();
            let places: Vec<_> =
                likely.iter().map(|number| number.map(|number| names.place(number))).collect();
            let each = wanted.into_iter().zip(likely).zip(places);
            each.map(
                |(((hash, name), number), place)| {
                    if names.all.get(place?) == Some(name) { number } else { names.find(hash, name) }
                },
            )
            .collect()
        })
    }

    /// The number of a subject, a new one where it has none.
    pub(crate) fn number(&self, name: &str) -> u32 {
        let hash = self.hash(name);
        if let Some(number) = self.read(|names| names.find(hash, name)) {
            return number;
        }
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        let number = names.count();
        names.all.push_str(name);
        let end = names.all.len();
        names.ends.push(end);
        names.numbers.insert_unique(spread(hash), (hash, number), |(hash, _)| spread(*hash));
        number
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.read(Texts::count)
    }

    pub(crate) fn name(&self, number: u32) -> String {
        self.read(|names| names.get(number).to_string())
    }

    /// The names of the numbers from `first` up to `end`.
    pub(crate) fn range(&self, first: u32, end: u32) -> Vec<String> {
        self.read(|names| (first..end).map(|number| names.get(number).to_string()).collect())
    }
}
