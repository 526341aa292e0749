//! What a set of events of one meter adds up to. Sets that have no event in common merge, in any order
//! and any parts, and an event that is taken back merges as well: a sum of sums never differs from a
//! recount of the events, unless it says that it does not know ([`State::is_known`]).

use super::Aggregation;
use super::value::MeterValue;
use crate::decimal::{Decimal, DecimalError};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;

/// What events of one meter, of the same dimensions, add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// How often anything changed here: it grows with every event, correction included.
    pub changes: u64,
    /// Events that count. Of a set that only takes events back, less than zero.
    pub events: i64,
    /// The minutes since 1970 of the earliest and the latest event, those taken back included.
    pub minutes: (u32, u32),
    /// What their values add up to.
    pub sums: Sums,
}

/// What values add up to, for each way of adding them up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sums {
    /// Nothing beyond their count.
    Count,
    /// Their sum.
    Sum(Decimal),
    /// Their sum, and the sum of each times the nanoseconds since 1970 of its event: enough for the area
    /// below the level that they are changes of, in whatever order they came.
    Level(Box<(Decimal, Decimal)>),
    /// The smallest that was added and the smallest that was taken back.
    Min(Box<Extreme>),
    /// The largest of both.
    Max(Box<Extreme>),
    /// The latest of both.
    Latest(Box<Latest>),
    /// How often each was there: more or less than zero times.
    Unique(Box<BTreeMap<String, i64>>),
}

/// The extremes of what was added and of what was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extreme {
    /// Of everything ever added.
    pub added: Option<Decimal>,
    /// Of everything ever taken back.
    pub removed: Option<Decimal>,
}

/// A moment and the order of storage.
pub type Order = (Timestamp, u64);

/// The latest of what was added and of what was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Latest {
    /// Of everything ever added.
    pub added: Option<(Order, Decimal)>,
    /// Of everything ever taken back.
    pub removed: Option<Order>,
}

/// Whether an event comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It counts from now on.
    Added,
    /// It counts no more.
    Removed,
}

impl Sign {
    fn of(self, value: Decimal) -> Decimal {
        if self == Sign::Added { value } else { value.negate() }
    }
}

impl State {
    /// What a single event adds up to, or what taking it back does.
    ///
    /// # Errors
    /// None for the figures of events, which have at most 20 digits before and 18 after the point.
    pub fn of(
        aggregation: Aggregation,
        value: &MeterValue,
        order: Order,
        sign: Sign,
    ) -> Result<State, DecimalError> {
        let (time, _) = order;
        let minute = u32::try_from(time.nanos() / MINUTE).unwrap_or(u32::MAX);
        let number = match value {
            MeterValue::Number(number) => *number,
            MeterValue::Nothing | MeterValue::Text(_) => Decimal::ZERO,
        };
        let extreme = || match sign {
            Sign::Added => Box::new(Extreme { added: Some(number), removed: None }),
            Sign::Removed => Box::new(Extreme { added: None, removed: Some(number) }),
        };
        let sums = match aggregation {
            Aggregation::Count => Sums::Count,
            Aggregation::Sum | Aggregation::Avg => Sums::Sum(sign.of(number)),
            Aggregation::WeightedSum | Aggregation::UnitHours => {
                let nanos = Decimal::from(time.nanos().unsigned_abs());
                Sums::Level(Box::new((sign.of(number), sign.of(number.mul(nanos)?))))
            }
            Aggregation::Min => Sums::Min(extreme()),
            Aggregation::Max => Sums::Max(extreme()),
            Aggregation::Latest => Sums::Latest(Box::new(match sign {
                Sign::Added => Latest { added: Some((order, number)), removed: None },
                Sign::Removed => Latest { added: None, removed: Some(order) },
            })),
            Aggregation::UniqueCount => {
                let text = match value {
                    MeterValue::Text(text) => text.clone(),
                    MeterValue::Number(_) | MeterValue::Nothing => number.to_string(),
                };
                Sums::Unique(Box::new(BTreeMap::from([(text, if sign == Sign::Added { 1 } else { -1 })])))
            }
        };
        Ok(State {
            changes: 1,
            events: if sign == Sign::Added { 1 } else { -1 },
            minutes: (minute, minute),
            sums,
        })
    }

    /// What both sets add up to.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] beyond 10^16 events. Sums of two kinds do not merge: it is the same error.
    pub fn merge(&mut self, other: &State) -> Result<(), DecimalError> {
        self.sums.merge(&other.sums)?;
        self.changes += other.changes;
        self.events += other.events;
        self.minutes = (self.minutes.0.min(other.minutes.0), self.minutes.1.max(other.minutes.1));
        Ok(())
    }

    /// Whether what the events add up to can be told from here; otherwise only a recount of them can: an
    /// extreme was taken back, and nothing is kept of what was next to it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match &self.sums {
            Sums::Count | Sums::Sum(_) | Sums::Level(_) | Sums::Unique(_) => true,
            _ if self.events == 0 => true,
            Sums::Min(extreme) => {
                extreme.removed.is_none_or(|gone| extreme.added.is_some_and(|least| least < gone))
            }
            Sums::Max(extreme) => {
                extreme.removed.is_none_or(|gone| extreme.added.is_some_and(|most| most > gone))
            }
            Sums::Latest(latest) => {
                let later = |(gone, _): Order| latest.added.is_some_and(|((last, _), _)| last > gone);
                latest.removed.is_none_or(later)
            }
        }
    }
}

impl Sums {
    fn merge(&mut self, other: &Sums) -> Result<(), DecimalError> {
        match (self, other) {
            (Sums::Count, Sums::Count) => {}
            (Sums::Sum(sum), Sums::Sum(more)) => *sum = sum.add(*more)?,
            (Sums::Level(level), Sums::Level(more)) => {
                **level = (level.0.add(more.0)?, level.1.add(more.1)?);
            }
            (Sums::Min(kept), Sums::Min(more)) => {
                kept.added = pick(kept.added, more.added, Ord::min);
                kept.removed = pick(kept.removed, more.removed, Ord::min);
            }
            (Sums::Max(kept), Sums::Max(more)) => {
                kept.added = pick(kept.added, more.added, Ord::max);
                kept.removed = pick(kept.removed, more.removed, Ord::max);
            }
            (Sums::Latest(kept), Sums::Latest(more)) => {
                kept.added = pick(kept.added, more.added, |a, b| if rank(a) > rank(b) { a } else { b });
                kept.removed = pick(kept.removed, more.removed, Ord::max);
            }
            (Sums::Unique(kept), Sums::Unique(more)) => {
                for (text, times) in more.iter() {
                    add_times(kept, text, *times);
                }
            }
            _ => return Err(DecimalError::Overflow),
        }
        Ok(())
    }
}

/// What the latest value is told by: of one moment the largest counts, so that neither the order in which
/// events came nor how they were put together matters.
fn rank(((time, sequence), value): (Order, Decimal)) -> (Timestamp, Decimal, u64) {
    (time, value, sequence)
}

/// Counts a value more or fewer times; one that is there no times at all is forgotten.
fn add_times(counts: &mut BTreeMap<String, i64>, text: &str, times: i64) {
    match counts.get_mut(text) {
        Some(count) if *count + times == 0 => {
            counts.remove(text);
        }
        Some(count) => *count += times,
        None => {
            counts.insert(text.to_string(), times);
        }
    }
}

fn pick<T: Copy>(a: Option<T>, b: Option<T>, better: impl Fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(better(a, b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(value: i64) -> MeterValue {
        MeterValue::Number(Decimal::new(value, 1))
    }

    fn value(aggregation: Aggregation, value: i64) -> MeterValue {
        match aggregation {
            Aggregation::Count => MeterValue::Nothing,
            Aggregation::UniqueCount => MeterValue::Text(value.to_string()),
            _ => number(value),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000).unwrap()
    }

    fn merged(states: impl IntoIterator<Item = State>) -> Option<State> {
        states.into_iter().reduce(|mut all, state| {
            all.merge(&state).unwrap();
            all
        })
    }

    #[test]
    fn of_values_of_one_moment_the_largest_is_the_latest_in_whatever_order_they_were_stored() {
        let latest =
            |v, sequence, sign| State::of(Aggregation::Latest, &number(v), (at(7), sequence), sign).unwrap();
        for order in [[0, 1], [1, 0]] {
            let mut state =
                merged([(3, order[0]), (5, order[1])].map(|(v, s)| latest(v, s, Sign::Added))).unwrap();
            let Sums::Latest(last) = &state.sums else { panic!("{state:?}") };
            assert_eq!(last.added.map(|(_, value)| value), Some(Decimal::new(5, 1)));
            state.merge(&latest(3, order[0], Sign::Removed)).unwrap();
            assert!(!state.is_known(), "which of them is left, only the events tell");
        }
    }

    #[test]
    fn an_extreme_that_was_taken_back_is_not_known_until_it_is_surpassed() {
        let max = |v, sign| State::of(Aggregation::Max, &number(v), (at(v), 0), sign).unwrap();
        let mut state = max(5, Sign::Added);
        for (value, sign, known) in [
            (3, Sign::Added, true),
            (3, Sign::Removed, true),
            (4, Sign::Added, true),
            (5, Sign::Removed, false),
            (4, Sign::Added, false),
            (6, Sign::Added, true),
        ] {
            state.merge(&max(value, sign)).unwrap();
            assert_eq!(state.is_known(), known, "{value} {sign:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_known_after_taking_events_back_is_what_the_rest_adds_up_to(
            which in 0..Aggregation::ALL.len(),
            values in prop::collection::vec((0i64..6, 0i64..300), 1..20),
            removed in prop::collection::vec(any::<bool>(), 20),
            parts in 1usize..5,
        ) {
            let aggregation = Aggregation::ALL[which].0;
            let of = |(place, (v, time)): (usize, &(i64, i64)), sign| {
                State::of(aggregation, &value(aggregation, *v), (at(*time), place as u64), sign).unwrap()
            };
            let added: Vec<State> = values.iter().enumerate().map(|each| of(each, Sign::Added)).collect();
            let gone: Vec<State> = values.iter().enumerate().filter(|(i, _)| removed[*i]).map(|each| of(each, Sign::Removed)).collect();
            // In parts, and backwards: the order must not matter.
            let all: Vec<State> = added.into_iter().chain(gone).rev().collect();
            let chunks = all.chunks(parts).map(|chunk| merged(chunk.to_vec()).unwrap());
            let state = merged(chunks).unwrap();
            let rest = merged(values.iter().enumerate().filter(|(i, _)| !removed[*i]).map(|each| of(each, Sign::Added)));
            prop_assert_eq!(state.events, rest.as_ref().map_or(0, |rest| rest.events));
            if let Some(rest) = rest && state.is_known() {
                match (&state.sums, &rest.sums) {
                    (Sums::Min(a), Sums::Min(b)) | (Sums::Max(a), Sums::Max(b)) => prop_assert_eq!(a.added, b.added),
                    (Sums::Latest(a), Sums::Latest(b)) => prop_assert_eq!(a.added, b.added),
                    (a, b) => prop_assert_eq!(a, b),
                }
            }
        }
    }
}
