//! What the bugs need to know: what became of requests, as far as the store around the real one saw it.

use std::collections::{BTreeMap, BTreeSet};
use usage_domain::event::UsageEvent;
use usage_domain::meter::{Meter, MeterId};
use usage_domain::verdict::Verdict;
use usage_store::{StoreError, correction};

/// What the bugs need to know.
#[derive(Default)]
pub(super) struct Memory {
    /// Events that were stored before the store was last opened, and since.
    pub(super) before: BTreeSet<(String, String)>,
    pub(super) since: BTreeSet<(String, String)>,
    /// Events that were stored since the store was last opened, with the nodes that took them.
    by_node: Vec<(usize, UsageEvent)>,
    /// Events whose commit failed, and those of them that count once too often.
    pub(super) failed: BTreeSet<(String, String)>,
    pub(super) twice: Vec<UsageEvent>,
    /// What was stored, and what of it was taken back before the store was last opened, and since.
    pub(super) stored: BTreeMap<(String, String), UsageEvent>,
    pub(super) voided: Vec<UsageEvent>,
    pub(super) voided_since: Vec<UsageEvent>,
    /// The meter of which earlier events are being added up.
    pub(super) covering: Option<MeterId>,
    /// What meters do not count, and what they count once too often.
    pub(super) uncounted: BTreeMap<MeterId, Vec<UsageEvent>>,
    pub(super) overcounted: BTreeMap<MeterId, Vec<UsageEvent>>,
    /// What deleted meters had counted, by the type of events.
    pub(super) left: BTreeMap<String, Vec<UsageEvent>>,
}

pub(super) fn claim(event: &UsageEvent) -> (String, String) {
    (event.source.clone(), event.id.clone())
}

impl Memory {
    /// The store is opened: what was so far was before.
    pub(super) fn opened(&mut self) {
        let since = std::mem::take(&mut self.since);
        self.before.extend(since);
        let voided = std::mem::take(&mut self.voided_since);
        self.voided.extend(voided);
        self.by_node.clear();
        self.covering = None;
    }

    /// Remembers what became of a request.
    pub(super) fn remember(
        &mut self,
        node: usize,
        events: Vec<UsageEvent>,
        answer: &Result<Vec<Verdict>, StoreError>,
    ) {
        for (place, event) in events.into_iter().enumerate() {
            match answer {
                Err(_) => {
                    self.failed.insert(claim(&event));
                }
                Ok(verdicts) if verdicts[place] == Verdict::Accepted => {
                    self.since.insert(claim(&event));
                    self.stored.insert(claim(&event), event.clone());
                    self.by_node.push((node, event.clone()));
                    if let Some(meter) = self.covering {
                        self.uncounted.entry(meter).or_default().push(event.clone());
                    }
                    if let Some(Ok(void)) = correction(event.borrowed())
                        && void.data.is_none()
                    {
                        let target = self.stored.get(&(void.source, void.id)).cloned();
                        self.voided_since.extend(target);
                    }
                    if self.failed.remove(&claim(&event)) {
                        self.twice.push(event);
                    }
                }
                Ok(_) => {}
            }
        }
    }

    /// What came to other nodes than this since the store was last opened, as far as it is wanted.
    pub(super) fn of_others(&self, node: usize, wanted: impl Fn(&UsageEvent) -> bool) -> Vec<UsageEvent> {
        let of_others = self.by_node.iter().filter(|(taken_by, event)| *taken_by != node && wanted(event));
        of_others.map(|(_, event)| event.clone()).collect()
    }

    /// What a void takes back.
    pub(super) fn target(&self, void: &UsageEvent) -> Option<UsageEvent> {
        let void = correction(void.borrowed())?.ok()?;
        self.stored.get(&(void.source, void.id)).cloned()
    }

    /// What is stored and was not taken back.
    pub(super) fn counting(&self) -> Vec<UsageEvent> {
        let is_voided = |event: &&UsageEvent| {
            self.voided.iter().chain(&self.voided_since).any(|voided| claim(voided) == claim(event))
        };
        self.stored.values().filter(|event| !is_voided(event)).cloned().collect()
    }

    /// A meter is ended: what it had counted may be in somebody's way.
    pub(super) fn deleted(&mut self, meter: &Meter) {
        self.left.insert(meter.draft.event_type.clone(), self.counting());
    }
}
