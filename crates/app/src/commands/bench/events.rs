//! What is sent: usage events, each a function of the seed, its sender and its number.
//!
//! An event that was sent can so be made again, for repeats, without being kept. Making one must cost
//! next to nothing beside what the service does with it: texts are copied, and ids, subjects, moments and
//! values written into them; nothing is formatted or allocated per event.

use super::moments::{self, Moments, pair};
use super::random::{self, Random, scaled};
use super::texts::{GROUPS, SUBJECT_DIGITS, Text, VALUE};
use super::uuid;
use crate::args::{Ids, Times};

/// How late a live event is at most, in microseconds.
pub(super) const LATEST: u64 = 60_000_000;
/// A million: shares are given in millionths.
const MILLION: u64 = 1_000_000;

/// What the events of a run are like.
pub(super) struct Plan {
    texts: Vec<Text>,
    pub(super) customers: u64,
    ids: Ids,
    when: When,
    repeats: u64,
    /// Events in a batch, which share one reading of the clock.
    chunk: u64,
    seed: u64,
}

/// What is asked of a plan.
pub(super) struct Wanted {
    pub(super) meters: usize,
    pub(super) customers: u64,
    pub(super) ids: Ids,
    pub(super) times: Times,
    /// Repeats among a million events.
    pub(super) repeats: u64,
    pub(super) batch: u64,
    pub(super) seed: u64,
}

/// Where the moments of events lie, in microseconds since 1970.
enum When {
    Live,
    Between(u64, u64),
}

impl Plan {
    /// A plan of a run that begins at this moment, in microseconds since 1970.
    pub(super) fn new(wanted: &Wanted, now: u64) -> Plan {
        let last_month = moments::month_of(moments::month_of(now).0 - 1);
        Plan {
            texts: (0..wanted.meters * GROUPS).map(Text::new).collect(),
            customers: wanted.customers,
            ids: wanted.ids,
            when: match wanted.times {
                Times::Live => When::Live,
                Times::Backfill => When::Between(last_month.0, last_month.1),
            },
            repeats: wanted.repeats,
            chunk: wanted.batch,
            seed: wanted.seed,
        }
    }

    /// The month that is asked for after a run which ended at this moment.
    pub(super) fn month(&self, now: u64) -> (u64, u64) {
        match self.when {
            When::Live => moments::month_of(now),
            When::Between(from, to) => (from, to),
        }
    }

    /// How many different kinds of events there are: a meter's groups, meter by meter.
    pub(super) fn kinds(&self) -> usize {
        self.texts.len()
    }

    /// The sender of a number.
    pub(super) fn maker(&self, number: u64) -> Maker<'_> {
        let mut keys = Random::new(random::at(self.seed, number));
        Maker {
            plan: self,
            keys: [keys.next(), keys.next(), keys.next()],
            made: 0,
            fresh: 0,
            clocks: Vec::new(),
            moments: Moments::default(),
            sums: vec![Sum::default(); self.kinds()],
        }
    }
}

/// What events of a kind add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) events: u64,
    /// Their values, in thousandths.
    pub(super) value: u64,
}

impl std::ops::AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        self.events += other.events;
        self.value += other.value;
    }
}

/// Makes a sender's events.
pub(super) struct Maker<'a> {
    plan: &'a Plan,
    /// Of ids, of what else is in an event, and of which are repeated.
    keys: [u64; 3],
    /// Events made, repeats among them.
    made: u64,
    /// Different events made.
    fresh: u64,
    /// The moment at which each chunk of different events was begun.
    clocks: Vec<u64>,
    moments: Moments,
    sums: Vec<Sum>,
}

impl Maker<'_> {
    /// Adds so many events to a body, at this moment, in microseconds since 1970: as an array, but where
    /// batches are of one event, as it is.
    pub(super) fn add(&mut self, body: &mut Vec<u8>, events: u64, now: u64) {
        if self.plan.chunk == 1 {
            return self.add_next(body, now);
        }
        for index in 0..events {
            body.push(if index == 0 { b'[' } else { b',' });
            self.add_next(body, now);
        }
        body.push(b']');
    }

    /// What was made: each different event once, by kind.
    pub(super) fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// How many of the events made are repeats.
    pub(super) fn repeats(&self) -> u64 {
        self.made - self.fresh
    }

    fn add_next(&mut self, body: &mut Vec<u8>, now: u64) {
        let due = |made: u64| made * self.plan.repeats / MILLION;
        let is_repeat = due(self.made + 1) > due(self.made) && self.fresh > 0;
        self.made += 1;
        if is_repeat {
            let which = scaled(random::at(self.keys[2], self.made), self.fresh);
            self.write(body, which);
            return;
        }
        if self.fresh.is_multiple_of(self.plan.chunk) {
            // Ids of version 7 take a microsecond each: no two chunks may share one.
            let least = self.clocks.last().map_or(0, |last| last + self.plan.chunk);
            self.clocks.push(now.max(least));
        }
        let (kind, value) = self.write(body, self.fresh);
        self.sums[kind] += Sum { events: 1, value };
        self.fresh += 1;
    }

    /// Writes the event of a number; gives its kind and its value.
    fn write(&mut self, body: &mut Vec<u8>, number: u64) -> (usize, u64) {
        let plan = self.plan;
        let high = random::at(self.keys[0], number);
        let mut random = Random::new(high ^ self.keys[1]);
        let low = random.next();
        let kind = random.below(plan.texts.len() as u64) as usize;
        let subject = random.below(plan.customers);
        let value = 1_000_000 + random.below(9_000_000);
        let clock = self.clocks[(number / plan.chunk) as usize];
        let time = match plan.when {
            When::Live => clock - random.below(LATEST),
            When::Between(from, to) => from + random.below(to - from),
        };

        let text = &plan.texts[kind];
        let start = body.len();
        body.extend_from_slice(&text.bytes);
        let event = &mut body[start..];
        match plan.ids {
            Ids::Random => uuid::write_v4(&mut event[text.id..], high, low),
            Ids::Ordered => uuid::write_v7(&mut event[text.id..], clock + number % plan.chunk, low),
        }
        let digits = &mut event[text.subject..text.subject + SUBJECT_DIGITS];
        pair(&mut digits[0..], subject / 10_000);
        pair(&mut digits[2..], subject / 100);
        pair(&mut digits[4..], subject);
        self.moments.write(&mut event[text.time..], time);
        let digits = &mut event[text.value..text.value + VALUE.len()];
        let (whole, part) = (value / 1000, value % 1000);
        pair(&mut digits[0..], whole / 100);
        pair(&mut digits[2..], whole);
        digits[4] = b'.';
        digits[5] = b'0' + (part / 100) as u8;
        pair(&mut digits[6..], part);
        (kind, value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::texts::{TYPES, group, subject};
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use usage_api::event::read_event;
    use usage_domain::event::UsageEvent;

    /// 2026-11-22T10:00:00Z.
    const NOW: u64 = 1_795_341_600_000_000;

    fn wanted() -> Wanted {
        Wanted {
            meters: 3,
            customers: 1000,
            ids: Ids::Random,
            times: Times::Live,
            repeats: 0,
            batch: 100,
            seed: 7,
        }
    }

    /// The texts and the sums of batches, the clock advancing by a millisecond for each.
    fn batches(plan: &Plan, sender: u64, batches: u64) -> (Vec<String>, Vec<Sum>, u64) {
        let (mut maker, mut texts, mut body) = (plan.maker(sender), Vec::new(), Vec::new());
        for batch in 0..batches {
            body.clear();
            maker.add(&mut body, 100, NOW + batch * 1000);
            let text = std::str::from_utf8(&body).unwrap();
            texts.extend(elements(text));
        }
        (texts, maker.sums().to_vec(), maker.repeats())
    }

    fn elements(body: &str) -> Vec<String> {
        let events: Vec<&serde_json::value::RawValue> = serde_json::from_str(body).unwrap();
        events.iter().map(|event| event.get().to_string()).collect()
    }

    fn read(text: &str) -> UsageEvent {
        read_event(text, "2000-01-01T00:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn every_event_is_a_valid_cloudevent_of_about_280_bytes_and_adds_up() {
        let plan = Plan::new(&wanted(), NOW);
        let (texts, sums, repeats) = batches(&plan, 0, 50);
        let (mut found, mut bytes) = (vec![Sum::default(); plan.kinds()], 0);
        for text in &texts {
            bytes += text.len();
            let event = read(text);
            let data: serde_json::Value = serde_json::from_str(event.data.as_ref().unwrap()).unwrap();
            let kind = (0..plan.kinds()).find(|kind| {
                TYPES[kind / GROUPS] == event.event_type
                    && (data["model"].as_str(), data["region"].as_str())
                        == (Some(group(*kind).0), Some(group(*kind).1))
            });
            let value = data["value"].to_string();
            let (whole, part) = value.split_once('.').unwrap_or((&value, ""));
            let value: u64 = format!("{whole}{part:0<3}").parse().unwrap();
            found[kind.unwrap()] += Sum { events: 1, value };
            let number: u64 = event.subject.strip_prefix('c').unwrap().parse().unwrap();
            assert!(number < 1000 && event.subject == subject(number), "{}", event.subject);
        }
        assert_eq!((&found, repeats), (&sums, 0));
        assert!((270..290).contains(&(bytes / texts.len())), "{} bytes", bytes / texts.len());
        assert!(sums.iter().all(|sum| sum.events > 0), "every kind is there: {sums:?}");
    }

    #[test]
    fn ids_are_different_within_a_sender_and_between_senders() {
        for ids in [Ids::Random, Ids::Ordered] {
            let plan = Plan::new(&Wanted { ids, ..wanted() }, NOW);
            let mut seen = BTreeSet::new();
            for sender in 0..3 {
                let texts = batches(&plan, sender, 100).0;
                let own: Vec<String> = texts.iter().map(|text| read(text).id).collect();
                assert!(ids == Ids::Random || own.is_sorted(), "ids of version 7 stand in their order");
                seen.extend(own);
            }
            assert_eq!(seen.len(), 30_000, "{ids:?}");
        }
    }

    #[test]
    fn repeats_are_exactly_their_share_and_the_same_text_as_before() {
        for ids in [Ids::Random, Ids::Ordered] {
            for (repeats, expected) in [(0, 0), (50_000, 250), (333_333, 1666), (900_000, 4500)] {
                let plan = Plan::new(&Wanted { ids, repeats, ..wanted() }, NOW);
                let (texts, sums, made) = batches(&plan, 0, 50);
                let mut by_id = BTreeMap::new();
                let mut again = 0;
                for text in &texts {
                    let known = by_id.entry(read(text).id).or_insert(text);
                    assert_eq!(*known, text, "a repeat has the content of the first");
                    again += u64::from(!std::ptr::eq(*known, text));
                }
                assert_eq!((again, made), (expected, expected), "{repeats} in a million");
                assert_eq!(sums.iter().map(|sum| sum.events).sum::<u64>(), 5000 - expected);
            }
        }
    }

    #[test]
    fn live_moments_are_up_to_a_minute_late_and_backfilled_ones_anywhere_in_the_last_month() {
        let live = Plan::new(&wanted(), NOW);
        let backfill = Plan::new(&Wanted { times: Times::Backfill, ..wanted() }, NOW);
        let minute = ("2026-11-22T09:59:00Z", "2026-11-22T10:00:00.05Z");
        for (plan, (from, to), spread) in
            [(&live, minute, 50), (&backfill, ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"), 30 * 86_400)]
        {
            let times: Vec<_> = batches(plan, 0, 50).0.iter().map(|text| read(text).time).collect();
            let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
            assert!(*least >= from.parse().unwrap() && *most < to.parse().unwrap(), "{least} {most}");
            let seconds = (most.nanos() - least.nanos()) / 1_000_000_000;
            assert!(seconds >= spread, "spread over {seconds} s");
        }
        assert_eq!(moments::month_text(backfill.month(NOW).0), "2026-10");
        assert_eq!(moments::month_text(live.month(NOW).0), "2026-11");
    }

    #[test]
    fn a_seed_repeats_a_run_and_another_does_not() {
        let texts = |seed| batches(&Plan::new(&Wanted { seed, ..wanted() }, NOW), 1, 5).0;
        assert_eq!(texts(1), texts(1));
        assert!(texts(1).iter().zip(texts(2)).all(|(one, other)| *one != other));
    }

    #[test]
    fn a_single_event_is_no_array() {
        let plan = Plan::new(&Wanted { batch: 1, ..wanted() }, NOW);
        let mut body = Vec::new();
        plan.maker(0).add(&mut body, 1, NOW);
        read(std::str::from_utf8(&body).unwrap());
    }
}
