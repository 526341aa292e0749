//! From sums and single events to the rows of an answer.
//!
//! Owns how a query is answered, and is the only place that does: stores hand in the sums that they keep,
//! and the events of those times that a sum cannot be cut at ([`Fit::Cut`]). Rows come out the same,
//! whatever was handed in as a sum and whatever event by event.

use super::aggregate::{Order, Sign, State, Sums};
use super::query::{MAX_ROWS, MeterQuery, MeterRow, QueryError};
use super::value::Measurement;
use super::windows::Windows;
use super::{Aggregation, Meter};
use crate::decimal::{Decimal, DecimalError};
use crate::rounding::quotient;
use crate::time::{Period, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// Digits after the point of a quotient.
const QUOTIENT_DIGITS: u8 = 18;
const MINUTE: i64 = 60_000_000_000;
/// Nanoseconds of an hour.
const HOUR: u64 = 3_600_000_000_000;

/// Whose usage is handed in, and for which time it is asked for.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The label of its part.
    pub label: Option<u32>,
    /// The subject, where each has rows of its own.
    pub subject: Option<String>,
    /// The time that it is asked for.
    pub range: Period,
}

/// What became of a sum that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is in the rows, or not asked for.
    Done,
    /// Part of it is asked for, or of several windows, or not known: the events at these times are needed.
    Cut(Period),
}

/// Collects usage into rows.
#[derive(Debug)]
pub struct Collector<'a> {
    meter: &'a Meter,
    query: &'a MeterQuery,
    windows: Option<Windows>,
    rows: HashMap<RowKey, BTreeMap<Option<Timestamp>, Cell>>,
    levels: HashMap<(RowKey, Timestamp, Timestamp), Level>,
    count: usize,
}

/// Whose row it is: label, subject, dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct RowKey(Option<u32>, Option<String>, Vec<Option<String>>);

#[derive(Debug)]
struct Cell {
    window: Period,
    state: State,
}

/// A level of one range of time: where it stood before, and how it changed in each window.
#[derive(Debug, Default)]
struct Level {
    before: Decimal,
    changes: BTreeMap<Option<Timestamp>, (Decimal, Decimal, u64)>,
}

impl<'a> Collector<'a> {
    /// Begins an answer.
    ///
    /// # Errors
    /// A query that has none.
    pub fn new(meter: &'a Meter, query: &'a MeterQuery) -> Result<Collector<'a>, QueryError> {
        let level = meter.draft.aggregation.is_level();
        if level && (query.to.is_none() || (query.from.is_none() && query.window.is_none())) {
            return Err(QueryError::NoPeriod);
        }
        let windows = query.window.map(|window| Windows::new(window, query.zone.clone()));
        Ok(Collector { meter, query, windows, rows: HashMap::new(), levels: HashMap::new(), count: 0 })
    }

    /// The origin of usage of one subject at the times of a part; `None` where none of it is asked for.
    #[must_use]
    pub fn origin(&self, subject: &str, label: Option<u32>, period: Period) -> Option<Origin> {
        let range = period.intersection(&self.query.period())?;
        let subject = self.query.by_subject.then(|| subject.to_string());
        Some(Origin { label, subject, range })
    }

    /// The times of which usage matters to `range`: with a level, all that comes before it as well.
    #[must_use]
    pub fn reach(&self, range: Period) -> Period {
        if self.is_level() { Period { start: Timestamp::MIN, end: range.end } } else { range }
    }

    fn is_level(&self) -> bool {
        self.meter.draft.aggregation.is_level()
    }

    /// Hands in what all usage of `dimensions` in `cell` adds up to.
    ///
    /// # Errors
    /// Too many rows, or sums that do not fit.
    pub fn cell(
        &mut self,
        origin: &Origin,
        dimensions: &[Option<String>],
        cell: Period,
        state: &State,
    ) -> Result<Fit, QueryError> {
        if !self.query.passes(dimensions) {
            return Ok(Fit::Done);
        }
        let Some(part) = cell.intersection(&self.reach(origin.range)) else { return Ok(Fit::Done) };
        if self.is_level() && part.end <= origin.range.start && part == cell {
            self.before(origin, dimensions, state)?;
            return Ok(Fit::Done);
        }
        let range = origin.range;
        let window = self.window(range, part.start);
        let within = part == cell && range.contains(part.start) && part.end <= window.end;
        if !within || !state.is_known() {
            return Ok(Fit::Cut(part));
        }
        if state.events == 0 && !self.is_level() {
            // Everything was taken back; its traces must not meet what others added up to.
            return Ok(Fit::Done);
        }
        self.add(origin, dimensions, window, state)?;
        Ok(Fit::Done)
    }

    /// Hands in a single event.
    ///
    /// # Errors
    /// Too many rows, or sums that do not fit.
    pub fn event(&mut self, origin: &Origin, order: Order, measured: &Measurement) -> Result<(), QueryError> {
        let (time, _) = order;
        if !self.query.passes(&measured.dimensions) || time >= origin.range.end {
            return Ok(());
        }
        if time < origin.range.start && !self.is_level() {
            return Ok(());
        }
        let state = State::of(self.meter.draft.aggregation, &measured.value, order, Sign::Added)?;
        if time < origin.range.start {
            return self.before(origin, &measured.dimensions, &state);
        }
        let window = self.window(origin.range, time);
        self.add(origin, &measured.dimensions, window, &state)
    }

    fn window(&mut self, range: Period, time: Timestamp) -> Period {
        match &mut self.windows {
            None => Period { start: range.start, end: range.end.max(time) },
            Some(windows) => windows.of(time),
        }
    }

    fn key(&self, origin: &Origin, dimensions: &[Option<String>]) -> RowKey {
        let asked = self.query.group_by.iter().map(|place| dimensions.get(*place).cloned().flatten());
        RowKey(origin.label, origin.subject.clone(), asked.collect())
    }

    fn before(
        &mut self,
        origin: &Origin,
        dimensions: &[Option<String>],
        state: &State,
    ) -> Result<(), QueryError> {
        let Sums::Level(sums) = &state.sums else { return Ok(()) };
        let level = self.level(origin, dimensions);
        level.before = level.before.add(sums.0)?;
        Ok(())
    }

    fn level(&mut self, origin: &Origin, dimensions: &[Option<String>]) -> &mut Level {
        let key = (self.key(origin, dimensions), origin.range.start, origin.range.end);
        self.levels.entry(key).or_default()
    }

    fn add(
        &mut self,
        origin: &Origin,
        dimensions: &[Option<String>],
        window: Period,
        state: &State,
    ) -> Result<(), QueryError> {
        let start = self.windows.is_some().then_some(window.start);
        if let Sums::Level(sums) = &state.sums {
            let events = u64::try_from(state.events).unwrap_or(0);
            let change = self.level(origin, dimensions).changes.entry(start).or_default();
            *change = (change.0.add(sums.0)?, change.1.add(sums.1)?, change.2 + events);
            return Ok(());
        }
        let key = self.key(origin, dimensions);
        let cells = self.rows.entry(key).or_default();
        match cells.get_mut(&start) {
            Some(cell) => cell.state.merge(state)?,
            None => {
                cells.insert(start, Cell { window, state: state.clone() });
                self.count += 1;
                if self.count > MAX_ROWS {
                    return Err(QueryError::TooManyRows);
                }
            }
        }
        Ok(())
    }

    /// The rows, in order.
    ///
    /// # Errors
    /// Too many rows, or sums that do not fit.
    pub fn finish(mut self) -> Result<Vec<MeterRow>, QueryError> {
        let mut rows = Vec::new();
        for (key, cells) in std::mem::take(&mut self.rows) {
            for cell in cells.into_values().filter(|cell| cell.state.events > 0) {
                let value = self.value(&cell.state)?;
                let window =
                    if self.windows.is_some() { cell.window } else { self.whole(cell.state.minutes) };
                let events = u64::try_from(cell.state.events).unwrap_or(0);
                rows.push(row(key.clone(), window, value, events));
            }
        }
        self.level_rows(&mut rows)?;
        rows.sort_by_cached_key(|row| {
            (row.window.start, row.label, row.subject.clone(), row.dimensions.clone())
        });
        Ok(rows)
    }

    /// The time that is asked for; where it has no bounds, the minutes of the usage.
    fn whole(&self, minutes: (u32, u32)) -> Period {
        let at = |minute: u32| Timestamp::from_nanos(i64::from(minute) * MINUTE).unwrap_or(Timestamp::MAX);
        Period {
            start: self.query.from.unwrap_or_else(|| at(minutes.0)),
            end: self.query.to.unwrap_or_else(|| at(minutes.1.saturating_add(1))),
        }
    }

    fn value(&self, state: &State) -> Result<Decimal, DecimalError> {
        let events = Decimal::from(u64::try_from(state.events).unwrap_or(0));
        Ok(match (&state.sums, self.meter.draft.aggregation) {
            (Sums::Sum(sum), Aggregation::Avg) => quotient(*sum, events, QUOTIENT_DIGITS)?,
            (Sums::Sum(sum), _) => *sum,
            (Sums::Count, _) => events,
            (Sums::Min(extreme) | Sums::Max(extreme), _) => extreme.added.unwrap_or_default(),
            (Sums::Latest(latest), _) => {
                let last = latest.added.map(|(_, value)| value).unwrap_or_default();
                last.max(Decimal::ZERO)
            }
            (Sums::Unique(counts), _) => {
                Decimal::from(counts.values().filter(|times| **times > 0).count() as u64)
            }
            (Sums::Level(_), _) => Decimal::ZERO,
        })
    }

    /// Adds the rows of levels: the area below each, window by window.
    fn level_rows(&mut self, rows: &mut Vec<MeterRow>) -> Result<(), QueryError> {
        let mut areas: BTreeMap<(RowKey, Timestamp), (Period, Decimal, u64)> = BTreeMap::new();
        for ((key, start, end), level) in std::mem::take(&mut self.levels) {
            let range = Period { start, end };
            let mut height = level.before;
            let first = level.changes.keys().next().copied().flatten();
            // A level that stood at zero before its first change has no area before it.
            let mut next = if height.is_zero() { first.unwrap_or(start).max(start) } else { start };
            if height.is_zero() && level.changes.is_empty() {
                continue;
            }
            while next < end {
                let window = self.window(range, next);
                let part = Period { start: window.start.max(start), end: window.end.min(end) };
                let changes = level.changes.get(&self.windows.is_some().then_some(window.start));
                let (sum, moment, events) = changes.copied().unwrap_or_default();
                let held = height.mul(length(part))?;
                let within = sum.mul(nanos(part.end))?.add(moment.negate())?;
                let area = held.add(within)?;
                height = height.add(sum)?;
                // Parts of one row may begin and end within it: it is of all the time that is asked for.
                let asked = self.query.period();
                let (start, whole) = match self.windows {
                    Some(_) => (window.start, window.intersection(&asked).unwrap_or(part)),
                    None => (asked.start, asked),
                };
                let row = areas.entry((key.clone(), start)).or_insert((whole, Decimal::ZERO, 0));
                *row = (whole, row.1.add(area)?, row.2 + events);
                if areas.len() > MAX_ROWS {
                    return Err(QueryError::TooManyRows);
                }
                next = window.end;
                if height.is_zero() {
                    // Nothing changes until the next window that has a change.
                    let later = level
                        .changes
                        .range((std::ops::Bound::Excluded(Some(window.start)), std::ops::Bound::Unbounded));
                    next = later.map(|(at, _)| *at).next().flatten().unwrap_or(end).max(next);
                }
            }
        }
        for ((key, _), (window, area, events)) in areas {
            if area.is_zero() && events == 0 {
                continue;
            }
            let unit = match self.meter.draft.aggregation {
                Aggregation::UnitHours => Decimal::from(HOUR),
                _ => length(window),
            };
            let value = quotient(area, unit, QUOTIENT_DIGITS)?;
            let window = if self.windows.is_some() { self.window(window, window.start) } else { window };
            rows.push(row(key, window, value, events));
        }
        Ok(())
    }
}

fn row(RowKey(label, subject, dimensions): RowKey, window: Period, value: Decimal, events: u64) -> MeterRow {
    MeterRow { window, label, subject, dimensions, value, events }
}

fn nanos(time: Timestamp) -> Decimal {
    Decimal::from(time.nanos().unsigned_abs())
}

fn length(period: Period) -> Decimal {
    Decimal::from((period.end.nanos() - period.start.nanos()).unsigned_abs())
}
