//! The log of the model: what was accepted, and what may have survived without an answer.

use super::sent::{Measure, Request, Sent};
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::time::Timestamp;
use usage_engine::ListedEvent;

/// What becomes of an event that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Accepted,
    Duplicate,
    Conflict,
    Rejected,
    /// Not stored, because another of its request is rejected; what is said of it is not looked at.
    Withheld,
}

/// An event that is stored.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) sent: Sent,
    pub(crate) measure: Measure,
    pub(crate) received: Timestamp,
    pub(crate) stored_at: Timestamp,
    /// Its place in the store's log, once that was seen; it never changes.
    pub(crate) sequence: Option<u64>,
}

/// All events that are stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    events: Vec<Known>,
    places: BTreeMap<(String, String), usize>,
    /// Groups of requests without an answer, of which one may be there after a crash, all of it.
    unanswered: Vec<Vec<Known>>,
}

impl Log {
    pub(crate) fn events(&self) -> &[Known] {
        &self.events
    }

    pub(crate) fn count(&self) -> u64 {
        self.events.len() as u64
    }

    pub(crate) fn find(&self, source: &str, id: &str) -> Option<&Known> {
        self.places.get(&(source.to_string(), id.to_string())).map(|place| &self.events[*place])
    }

    /// What becomes of requests that are committed together, and which of their events are new.
    pub(crate) fn judge(&self, group: &[Request]) -> (Vec<Vec<Word>>, Vec<Known>) {
        let mut new: Vec<Known> = Vec::new();
        let mut new_places = BTreeMap::new();
        let stored_at = group.iter().map(|request| request.received).max().unwrap_or(Timestamp::MIN);
        let mut words = Vec::new();
        for request in group {
            let mut judged = Vec::new();
            for sent in &request.events {
                let claim = sent.claim();
                let stands = match (self.places.get(&claim), new_places.get(&claim)) {
                    (Some(place), _) => Some(&self.events[*place].sent),
                    (None, Some(place)) => new.get::<usize>(*place).map(|known| &known.sent),
                    (None, None) => None,
                };
                judged.push(match stands {
                    _ if sent.is_broken() => Word::Rejected,
                    _ if request.is_refused() => Word::Withheld,
                    Some(stands) if stands.says_the_same_as(sent) => Word::Duplicate,
                    Some(_) => Word::Conflict,
                    None => {
                        new_places.insert(claim, new.len());
                        let measure = sent.measure();
                        let received = request.received;
                        new.push(Known { sent: sent.clone(), measure, received, stored_at, sequence: None });
                        Word::Accepted
                    }
                });
            }
            words.push(judged);
        }
        (words, new)
    }

    /// Takes events that were acknowledged.
    pub(crate) fn accept(&mut self, new: Vec<Known>) {
        if !new.is_empty() {
            // Whatever a failing disk kept stands in front of a record now that was acknowledged.
            self.unanswered.clear();
        }
        for known in new {
            self.places.insert(known.sent.claim(), self.events.len());
            self.events.push(known);
        }
    }

    /// Remembers what was refused, and may be there after the store was opened again.
    pub(crate) fn may_survive(&mut self, group: Vec<Known>) {
        if !group.is_empty() {
            self.unanswered.push(group);
        }
    }

    /// Learns the sequences of what a listing shows, and compares it with what was sent.
    pub(crate) fn learn(&mut self, listed: &[ListedEvent]) -> Result<(), String> {
        let taken: BTreeSet<u64> = self.events.iter().filter_map(|known| known.sequence).collect();
        let count = self.count();
        for ListedEvent { stored, .. } in listed {
            let claim = (stored.event.source.clone(), stored.event.id.clone());
            let Some(place) = self.places.get(&claim) else {
                return Err(format!("{} is listed, and nothing of the sort was accepted", claim.1));
            };
            let known = &mut self.events[*place];
            same("an event", &stored.event, &known.sent.event)?;
            same("the arrival of an event", &stored.ingested_at, &known.received)?;
            same("the storing of an event", &stored.stored_at, &known.stored_at)?;
            match known.sequence {
                Some(sequence) => same("a sequence", &stored.sequence, &sequence)?,
                None if stored.sequence >= count || taken.contains(&stored.sequence) => {
                    return Err(format!(
                        "{} has sequence {} of {count}, which is not free",
                        claim.1, stored.sequence
                    ));
                }
                None => known.sequence = Some(stored.sequence),
            }
        }
        Ok(())
    }

    /// Follows what a store has after it was opened again: `more` events more than were acknowledged.
    /// They must be one of the groups without an answer, all of it.
    pub(crate) fn follow(&mut self, more: &[ListedEvent]) -> Result<bool, String> {
        let unanswered = std::mem::take(&mut self.unanswered);
        if more.is_empty() {
            return Ok(false);
        }
        let there: BTreeSet<_> =
            more.iter().map(|l| (l.stored.event.source.clone(), l.stored.event.id.clone())).collect();
        let same = |group: &Vec<Known>| {
            let claims: BTreeSet<_> = group.iter().map(|known| known.sent.claim()).collect();
            claims == there && group.len() == more.len() && self.clone().adopt(group, more).is_ok()
        };
        match unanswered.into_iter().find(same) {
            Some(group) => self.adopt(&group, more).map(|()| true),
            None => Err(format!(
                "{} events are there that were never acknowledged, and they are no request as a whole: {:?}",
                more.len(),
                there.iter().map(|(_, id)| id).collect::<Vec<_>>()
            )),
        }
    }

    fn adopt(&mut self, group: &[Known], more: &[ListedEvent]) -> Result<(), String> {
        self.accept(group.to_vec());
        self.learn(more)
    }
}

/// Compares a figure or a text; `what` says of what.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what} is {is:?} and should be {should:?}")) }
}

/// Compares lists, and tells of their first difference alone.
pub(crate) fn same_list<T: PartialEq + std::fmt::Debug>(
    what: &str,
    is: &[T],
    should: &[T],
) -> Result<(), String> {
    let first = is.iter().zip(should).take_while(|(a, b)| a == b).count();
    same(&format!("number {first} of {what}"), &is.get(first), &should.get(first))
}
