//! Which events of the log were corrected, and what became of them.

use hashbrown::HashMap;

/// What became of an event that was corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was taken back, for ever.
    Voided,
    /// Its data is now that of the amendment of this sequence.
    Amended(u64),
}

impl Fate {
    /// How often coming to this changes what an event counts for.
    pub(crate) fn changes(self) -> u64 {
        match self {
            Fate::Voided => 1,
            // It counts no more, and then counts otherwise.
            Fate::Amended(_) => 2,
        }
    }
}

/// What became of every event that was corrected, by sequence: each time that it was, in their order, and
/// how often what it counts for changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Corrections {
    fates: HashMap<u64, (Vec<Fate>, u64)>,
}

impl Corrections {
    pub(crate) fn fate(&self, target: u64) -> Option<Fate> {
        self.history(target).last().copied()
    }

    /// All that became of an event, the last of which counts.
    pub(crate) fn history(&self, target: u64) -> &[Fate] {
        self.fates.get(&target).map_or(&[], |(history, _)| history)
    }

    /// How often what an event counts for was changed: taking it back is one change, amending it is two.
    pub(crate) fn changes(&self, target: u64) -> u64 {
        self.fates.get(&target).map_or(0, |(_, changes)| *changes)
    }

    /// Notes what became of an event in all, after so many changes: of its history, the last alone.
    pub(crate) fn set(&mut self, target: u64, fate: Fate, changes: u64) {
        self.fates.insert(target, (vec![fate], changes));
    }

    /// Notes what became of an event. The last amendment counts; a void ends it.
    pub(crate) fn note(&mut self, target: u64, fate: Fate) {
        let (history, changes) = self.fates.entry(target).or_default();
        if history.last() != Some(&Fate::Voided) {
            history.push(fate);
            *changes += fate.changes();
        }
    }
}
