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

/// What became of every event that was corrected, by sequence: each time that it was, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Corrections {
    fates: HashMap<u64, Vec<Fate>>,
}

impl Corrections {
    pub(crate) fn fate(&self, target: u64) -> Option<Fate> {
        self.history(target).last().copied()
    }

    /// All that became of an event, the last of which counts.
    pub(crate) fn history(&self, target: u64) -> &[Fate] {
        self.fates.get(&target).map_or(&[], Vec::as_slice)
    }

    /// Notes what became of an event. The last amendment counts; a void ends it.
    pub(crate) fn note(&mut self, target: u64, fate: Fate) {
        let history = self.fates.entry(target).or_default();
        if history.last() != Some(&Fate::Voided) {
            history.push(fate);
        }
    }
}
