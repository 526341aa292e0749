//! What meters answer: every event looked at anew, for every question.
//!
//! Nothing is added up before it is asked for, and nothing is shared with the way in which the product
//! does it. A level is what the integral says: each change counts from its moment to the end.

use super::Model;
use super::question::{Question, passes};
use super::worth::{Worth, worth};
use std::collections::BTreeMap;
use usage_domain::customer::CustomerId;
use usage_domain::decimal::Decimal;
use usage_domain::meter::windows::Window;
use usage_domain::meter::{Aggregation, Meter};
use usage_domain::rounding::quotient;
use usage_domain::time::{Period, Timestamp};

/// Digits after the point of a quotient.
const DIGITS: u8 = 18;
const MINUTE: i64 = 60_000_000_000;
const HOUR: u64 = 3_600_000_000_000;

/// Whose row it is: the start of its window, customer, subject, dimensions; what rows are sorted by.
pub(crate) type Key = (Timestamp, Option<Option<CustomerId>>, Option<String>, Vec<Option<String>>);

/// A row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) end: Timestamp,
    pub(crate) value: Decimal,
    pub(crate) events: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    NoCustomer,
    NoPeriod,
}

/// An event that counts for a meter.
struct Used<'a> {
    time: Timestamp,
    subject: &'a str,
    worth: Worth,
}

impl Model {
    /// The rows that a meter should answer with, in their order.
    pub(crate) fn answer(&self, meter: &Meter, question: &Question) -> Result<Vec<Row>, NoAnswer> {
        let mut question = question.clone();
        if let Some(test) = &question.customer {
            question.customer = Some(test.by_id(&self.catalog).ok_or(NoAnswer::NoCustomer)?);
        }
        let is_level = is_level(meter);
        let has_beginning = question.from.is_some() || question.window.is_some();
        if is_level && (question.to.is_none() || !has_beginning) {
            return Err(NoAnswer::NoPeriod);
        }
        let mut used = self.used(meter);
        used.retain(|used| {
            let passes = |(place, test): &(usize, super::question::Test)| {
                test.passes(used.worth.dimensions[*place].as_deref())
            };
            question.filters.iter().all(passes)
                && question.subject.as_ref().is_none_or(|test| test.passes(Some(used.subject)))
        });
        if is_level {
            return Ok(self.levels(meter, &question, &used));
        }
        let mut rows: BTreeMap<Key, (Timestamp, Vec<&Used<'_>>)> = BTreeMap::new();
        for one in &used {
            let payer = self.catalog.payer(one.subject, one.time);
            if question.period().contains(one.time) && passes(question.customer.as_ref(), payer) {
                let window = window(&question, one.time);
                let key = key(&question, window.start, payer, one);
                rows.entry(key).or_insert((window.end, Vec::new())).1.push(one);
            }
        }
        let row = |(mut key, (mut end, used)): (Key, (Timestamp, Vec<&Used<'_>>))| {
            if question.window.is_none() {
                // Where no time is asked for, it is that of the usage.
                let (first, last) = minutes(used.iter().map(|one| one.time));
                key.0 = question.from.unwrap_or(first);
                end = question.to.unwrap_or(last);
            }
            Row { key, end, value: value(meter.draft.aggregation, &used), events: used.len() as u64 }
        };
        let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(rows)
    }

    /// The minutes of all events that a meter ever looked at, from the first to behind the last.
    pub(crate) fn minutes(&self, meter: &Meter) -> (Timestamp, Timestamp) {
        let events = self.log.events().iter().map(|known| &known.sent.event);
        minutes(events.filter(|event| event.event_type == meter.draft.event_type).map(|event| event.time))
    }

    /// The events that count for a meter, as corrected.
    fn used(&self, meter: &Meter) -> Vec<Used<'_>> {
        let mut all = Vec::new();
        for known in self.log.events() {
            let event = &known.sent.event;
            let is_of = event.event_type == meter.draft.event_type
                && meter.draft.event_from.is_none_or(|from| from <= event.time);
            if let (true, Some(data)) = (is_of, &known.data)
                && let Ok(worth) = worth(&meter.draft, data)
            {
                let (time, subject) = (event.time, event.subject.as_str());
                all.push(Used { time, subject, worth });
            }
        }
        all
    }

    /// How many events count for a meter while nobody pays for them, by subject.
    pub(crate) fn unpaid_of(&self, meter: &Meter) -> BTreeMap<String, u64> {
        let mut unpaid = BTreeMap::new();
        for used in self.used(meter) {
            if self.catalog.payer(used.subject, used.time).is_none() {
                *unpaid.entry(used.subject.to_string()).or_default() += 1;
            }
        }
        unpaid
    }

    /// Who pays for a subject, span by span.
    fn spans(&self, subject: &str) -> Vec<(Period, Option<CustomerId>)> {
        let live = self.catalog.live().flat_map(|customer| self.catalog.payments(customer.number));
        let mut moments = vec![Timestamp::MIN, Timestamp::MAX];
        for payment in live.filter(|payment| payment.subject == subject) {
            moments.extend([payment.from, payment.until]);
        }
        moments.sort_unstable();
        moments.dedup();
        let span = |pair: &[Timestamp]| {
            (Period { start: pair[0], end: pair[1] }, self.catalog.payer(subject, pair[0]))
        };
        moments.windows(2).map(span).collect()
    }

    /// The rows of a level: each change holds from its moment on, as far as it is asked for.
    fn levels(&self, meter: &Meter, question: &Question, used: &[Used<'_>]) -> Vec<Row> {
        let (asked, windows) = (question.period(), windows(question));
        let mut areas: BTreeMap<Key, (Period, Decimal, u64)> = BTreeMap::new();
        for one in used {
            for (span, payer) in self.spans(one.subject) {
                let Some(span) = span.intersection(&asked) else { continue };
                if !passes(question.customer.as_ref(), payer) {
                    continue;
                }
                let held = Period { start: span.start.max(one.time), end: span.end };
                for window in windows.iter().filter(|window| window.end > held.start) {
                    if window.start >= held.end {
                        break;
                    }
                    let Some(part) = held.intersection(window) else { continue };
                    let area = times(one.worth.figure, length(part));
                    let key = key(question, window.start, payer, one);
                    let row = areas.entry(key).or_insert((*window, Decimal::ZERO, 0));
                    row.1 = plus(row.1, area);
                    row.2 += u64::from(part.contains(one.time));
                }
            }
        }
        let mut rows = Vec::new();
        for (key, (window, area, events)) in areas {
            let unit = match meter.draft.aggregation {
                Aggregation::UnitHours => HOUR,
                _ => window.intersection(&asked).map_or(0, length),
            };
            if !area.is_zero() || events > 0 {
                rows.push(Row { key, end: window.end, value: over(area, unit), events });
            }
        }
        rows
    }
}

fn is_level(meter: &Meter) -> bool {
    matches!(meter.draft.aggregation, Aggregation::WeightedSum | Aggregation::UnitHours)
}

fn key(question: &Question, start: Timestamp, payer: Option<CustomerId>, used: &Used<'_>) -> Key {
    let dimensions = question.group_by.iter().map(|place| used.worth.dimensions[*place].clone()).collect();
    let subject = question.by_subject.then(|| used.subject.to_string());
    (start, question.by_customer.then_some(payer), subject, dimensions)
}

/// The window of a moment; the time that is asked for, where there are none.
fn window(question: &Question, time: Timestamp) -> Period {
    let zone = &question.zone;
    match question.window {
        None => question.period(),
        Some(Window::Minute) => time.span(zone, 60),
        Some(Window::Hour) => time.span(zone, 3600),
        Some(Window::Day) => time.day(zone),
        Some(Window::Month) => time.month(zone).period(zone),
    }
}

/// All windows of the time that is asked for.
fn windows(question: &Question) -> Vec<Period> {
    let asked = question.period();
    let (mut all, mut next) = (Vec::new(), asked.start);
    while next < asked.end {
        let window = window(question, next);
        all.push(window);
        next = window.end;
    }
    all
}

fn minutes(times: impl Iterator<Item = Timestamp> + Clone) -> (Timestamp, Timestamp) {
    let minute = |time: Option<Timestamp>| time.map_or(0, |time| time.nanos() / MINUTE);
    let (first, last) = (minute(times.clone().min()), minute(times.max()));
    let at = |minute: i64| Timestamp::from_nanos(minute * MINUTE).unwrap_or(Timestamp::MAX);
    (at(first), at(last + 1))
}

/// What events are together.
fn value(aggregation: Aggregation, used: &[&Used<'_>]) -> Decimal {
    let figures = used.iter().map(|one| one.worth.figure);
    let count = used.len() as u64;
    let sum = || figures.clone().fold(Decimal::ZERO, plus);
    match aggregation {
        Aggregation::Count => Decimal::from(count),
        Aggregation::Sum => sum(),
        Aggregation::Avg => over(sum(), count),
        Aggregation::Min => figures.min().unwrap_or_default(),
        Aggregation::Max => figures.max().unwrap_or_default(),
        Aggregation::Latest => {
            let last = used.iter().max_by_key(|one| (one.time, one.worth.figure));
            last.map_or(Decimal::ZERO, |one| one.worth.figure).max(Decimal::ZERO)
        }
        Aggregation::UniqueCount => {
            let mut texts: Vec<&str> = used.iter().map(|one| one.worth.text.as_str()).collect();
            texts.sort_unstable();
            texts.dedup();
            Decimal::from(texts.len() as u64)
        }
        Aggregation::WeightedSum | Aggregation::UnitHours => Decimal::ZERO,
    }
}

fn length(period: Period) -> u64 {
    (period.end.nanos() - period.start.nanos()).unsigned_abs()
}

// What is drawn here is small enough for all of these.
fn plus(a: Decimal, b: Decimal) -> Decimal {
    a.add(b).unwrap_or_else(|error| panic!("{a} + {b}: {error}"))
}

fn times(a: Decimal, b: u64) -> Decimal {
    a.mul(Decimal::from(b)).unwrap_or_else(|error| panic!("{a} × {b}: {error}"))
}

fn over(a: Decimal, b: u64) -> Decimal {
    quotient(a, Decimal::from(b), DIGITS).unwrap_or_else(|error| panic!("{a} / {b}: {error}"))
}
