//! The log of the model: what was accepted, and what may have survived without an answer.

use super::sent::{Data, Measure, Request, Sent};
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;
use usage_engine::ListedEvent;
use usage_store::Handling;

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
    /// What it contributes as sent.
    pub(crate) measure: Measure,
    /// Its data as corrected; nothing where it was taken back.
    pub(crate) data: Option<Data>,
    /// What it contributes as corrected.
    pub(crate) counts: Measure,
    /// How often a charge came or went with it.
    pub(crate) changes: u64,
    /// Whether it was corrected.
    pub(crate) corrected: bool,
    pub(crate) received: Timestamp,
    pub(crate) stored_at: Timestamp,
    /// Its place in the store's log, once that was seen; it never changes.
    pub(crate) sequence: Option<u64>,
}

impl Known {
    fn new(sent: &Sent, received: Timestamp, stored_at: Timestamp) -> Known {
        let (measure, data) = (sent.measure(), Some(sent.data.clone()));
        let (counts, changes) = (measure.clone(), u64::from(measure.is_charge()));
        let sent = sent.clone();
        Known { sent, measure, data, counts, changes, corrected: false, received, stored_at, sequence: None }
    }

    /// Corrects it: the last amendment counts, and taking it back ends that.
    fn correct(&mut self, data: Option<&Data>) {
        self.corrected = true;
        if self.data.is_none() {
            return;
        }
        let after = data.map_or(Measure::Nothing, |data| self.sent.measure_as(data));
        self.changes += u64::from(self.counts.is_charge()) + u64::from(after.is_charge());
        self.counts = after;
        self.data = data.cloned();
    }
}

/// All events that are stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    events: Vec<Known>,
    places: BTreeMap<(String, String), usize>,
    /// Groups of requests without an answer, of which one may be there after a crash, all of it.
    unanswered: Vec<Vec<Known>>,
    /// Whether sequences have gaps: those of groups that came to nothing.
    has_gaps: bool,
}

impl Log {
    pub(crate) fn new(has_gaps: bool) -> Log {
        Log { has_gaps, ..Log::default() }
    }

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
        let stored_at = group.iter().map(|request| request.received).max().unwrap_or(Timestamp::MIN);
        let mut judging = Judging { log: self, new: Vec::new(), voided: BTreeSet::new(), stored_at };
        let words = group.iter().map(|request| judging.request(request)).collect();
        (words, judging.new)
    }

    /// Takes events that were acknowledged, and then what they correct.
    pub(crate) fn accept(&mut self, new: Vec<Known>) {
        if !new.is_empty() {
            // Whatever a failing disk kept stands in front of a record now that was acknowledged.
            self.unanswered.clear();
        }
        let first = self.events.len();
        for known in new {
            self.places.insert(known.sent.claim(), self.events.len());
            self.events.push(known);
        }
        for place in first..self.events.len() {
            let correction = self.events[place].sent.clone();
            if let Some((claim, data)) = correction.corrects()
                && let Some(target) = self.places.get(claim)
            {
                self.events[*target].correct(data);
            }
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
        let (count, has_gaps) = (self.count(), self.has_gaps);
        let is_beyond = |sequence: u64| !has_gaps && sequence >= count;
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
                None if is_beyond(stored.sequence) || taken.contains(&stored.sequence) => {
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

    /// Those of a listing that nobody was told of.
    pub(crate) fn untold(&self, mut listed: Vec<ListedEvent>) -> Vec<ListedEvent> {
        let count = self.count();
        let is_known = |event: &UsageEvent| self.find(&event.source, &event.id).is_some();
        listed.retain(|l| match self.has_gaps {
            true => !is_known(&l.stored.event),
            false => l.stored.sequence >= count,
        });
        listed
    }

    pub(crate) fn is_unanswered(&self) -> bool {
        !self.unanswered.is_empty()
    }

    /// Follows what a store that goes on has of the groups without an answer: each is there, all of it, or nothing of
    /// it. Gives how many are there.
    pub(crate) fn resolve(&mut self, listed: &[ListedEvent]) -> Result<u64, String> {
        let mut there = 0;
        for group in std::mem::take(&mut self.unanswered) {
            let arrived: BTreeSet<_> =
                group.iter().map(|known| (known.sent.claim(), known.received)).collect();
            let is_of = |l: &&ListedEvent| {
                let event = &l.stored.event;
                arrived.contains(&((event.source.clone(), event.id.clone()), l.stored.ingested_at))
            };
            let more: Vec<ListedEvent> = listed.iter().filter(is_of).cloned().collect();
            if more.is_empty() {
                continue;
            }
            same("the number of events of a group without an answer", &more.len(), &group.len())?;
            self.adopt(&group, &more)?;
            there += 1;
        }
        Ok(there)
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

/// What becomes of requests, one after the other.
struct Judging<'a> {
    log: &'a Log,
    new: Vec<Known>,
    /// What these requests take back.
    voided: BTreeSet<(String, String)>,
    stored_at: Timestamp,
}

impl Judging<'_> {
    fn request(&mut self, request: &Request) -> Vec<Word> {
        if request.is_refused() {
            // Nothing else is looked at.
            let word = |sent: &Sent| if sent.is_broken() { Word::Rejected } else { Word::Withheld };
            return request.events.iter().map(word).collect();
        }
        let before = (self.new.clone(), self.voided.clone());
        let first = self.new.len();
        let mut words = Vec::new();
        let mut firsts: BTreeMap<_, usize> = BTreeMap::new();
        for (place, sent) in request.events.iter().enumerate() {
            let stands = self.find(&sent.claim()).map(|known| &known.sent);
            words.push(match stands {
                _ if sent.is_broken() => Word::Rejected,
                Some(stands) if stands.says_the_same_as(sent) => Word::Duplicate,
                Some(_) => Word::Conflict,
                None => {
                    self.new.push(Known::new(sent, request.received, self.stored_at));
                    Word::Accepted
                }
            });
            if !sent.is_broken() {
                firsts.entry(sent.claim()).or_insert(place);
            }
        }
        // Corrections come after all other events of their request.
        for (place, sent) in request.events.iter().enumerate() {
            if words[place] == Word::Accepted && !self.correct(sent) {
                words[place] = Word::Rejected;
            }
        }
        for (place, sent) in request.events.iter().enumerate() {
            // What is sent twice in a request is refused twice.
            if !sent.is_broken() && words[firsts[&sent.claim()]] == Word::Rejected {
                words[place] = Word::Rejected;
            }
        }
        if request.handling == Handling::Strict && words.contains(&Word::Rejected) {
            (self.new, self.voided) = before;
            return words.into_iter().map(|w| if w == Word::Rejected { w } else { Word::Withheld }).collect();
        }
        let mut judged = self.new.split_off(first);
        judged.retain(|known| words[firsts[&known.sent.claim()]] == Word::Accepted);
        self.new.append(&mut judged);
        words
    }

    fn find(&self, claim: &(String, String)) -> Option<&Known> {
        let new = self.new.iter().find(|known| known.sent.claim() == *claim);
        new.or_else(|| self.log.find(&claim.0, &claim.1))
    }

    /// Whether a correction, if it is one, corrects something.
    fn correct(&mut self, sent: &Sent) -> bool {
        let Some((claim, data)) = sent.corrects() else { return true };
        let Some(target) = self.find(claim) else { return false };
        let is_voided = target.data.is_none() || self.voided.contains(claim);
        if target.sent.is_correction() || (is_voided && data.is_some()) {
            return false;
        }
        if data.is_none() {
            self.voided.insert(claim.clone());
        }
        true
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
