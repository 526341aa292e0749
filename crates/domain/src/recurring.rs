//! Recurring quantities: levels that stay from period to period, such as seats or stored bytes.
//!
//! A change holds from its moment until the next. Owns what of a level is billed in a period: where it
//! ends, what each change is worth by whole days, and what it adds beyond what was billed. Does not own
//! which events are changes, or the average over time, which is a meter's ([`crate::meter`]). No
//! division here is ever rounded.

use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use crate::time::{Period, Timestamp};
use std::num::NonZeroU32;

/// Nanoseconds of a day of 24 hours.
const DAY: i64 = 86_400_000_000_000;

/// A level goes up or, below zero, down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// From when on.
    pub at: Timestamp,
    /// By how much.
    pub by: Decimal,
}

/// The level at the end of `period`: what all changes before then add up to.
///
/// # Errors
/// A level that does not fit.
pub fn at_end(changes: &[Change], period: &Period) -> Result<Decimal, DecimalError> {
    let earlier = changes.iter().filter(|change| change.at < period.end);
    earlier.map(|change| change.by).try_fold(Decimal::ZERO, Decimal::add)
}

/// What the level is worth in `period` by whole days of a period of `days`: a change counts from its
/// day on, that day included, and one from before in all of them. Days are of 24 hours from the
/// start of the period.
///
/// # Errors
/// A level that does not fit.
pub fn by_days(changes: &[Change], period: &Period, days: NonZeroU32) -> Result<Ratio, DecimalError> {
    let mut sum = Decimal::ZERO;
    for change in changes.iter().filter(|change| change.at < period.end) {
        let first = day(period, change.at.max(period.start));
        let left = day(period, period.end) - first;
        sum = sum.add(change.by.mul(Decimal::new(left, 0))?)?;
    }
    Ratio::new(sum, u64::from(days.get()).into())
}

/// What part of a period of `days` something was there, which came and went at `stays`: a day on
/// which it was there at any time counts once.
///
/// # Errors
/// None for periods within the years that are kept.
pub fn days_there(stays: &[Period], period: &Period, days: NonZeroU32) -> Result<Ratio, DecimalError> {
    let mut there: Vec<(i64, i64)> = Vec::new();
    for stay in stays {
        if stay.start < period.end && stay.end > period.start {
            let end = stay.end.min(period.end);
            there.push((day(period, stay.start.max(period.start)), last_day(period, end)));
        }
    }
    there.sort_unstable();
    let (mut counted, mut next) = (0, 0);
    for (first, last) in there {
        let first = first.max(next);
        if last >= first {
            counted += last - first + 1;
            next = last + 1;
        }
    }
    Ratio::new(Decimal::new(counted, 0), u64::from(days.get()).into())
}

/// What a change adds beyond the highest level of a period so far: what was paid for is not paid
/// for again.
///
/// # Errors
/// A level that does not fit.
pub fn above_highest(level: Decimal, highest: Decimal, by: Decimal) -> Result<Decimal, DecimalError> {
    Ok(level.add(by)?.sub(highest)?.max(Decimal::ZERO))
}

/// Which day of `period` a moment is in, from 0.
fn day(period: &Period, at: Timestamp) -> i64 {
    (at.nanos() - period.start.nanos()) / DAY
}

/// The day of the last moment before `end`.
fn last_day(period: &Period, end: Timestamp) -> i64 {
    (end.nanos() - 1 - period.start.nanos()) / DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: &str, to: &str) -> Period {
        Period { start: from.parse().unwrap(), end: to.parse().unwrap() }
    }

    const MAY: NonZeroU32 = NonZeroU32::new(31).unwrap();

    fn may() -> Period {
        period("2023-05-01T00:00:00Z", "2023-06-01T00:00:00Z")
    }

    fn change(at: &str, by: i64) -> Change {
        Change { at: at.parse().unwrap(), by: Decimal::new(by, 0) }
    }

    #[test]
    fn a_level_stays_until_it_changes() {
        let changes = [
            change("2023-03-01T00:00:00Z", 5),
            change("2023-05-26T00:00:00Z", 24),
            change("2023-06-01T00:00:00Z", 7),
        ];
        assert_eq!(at_end(&changes, &may()).unwrap().to_string(), "29");
        assert_eq!(by_days(&changes, &may(), MAY).unwrap().to_string(), "299/31");
    }

    #[test]
    fn a_day_on_which_something_was_there_counts_once() {
        let stay = |from, to| period(from, to);
        for (stays, part) in [
            (vec![stay("2023-04-01T00:00:00Z", "2023-07-01T00:00:00Z")], "1"),
            (vec![stay("2023-04-01T00:00:00Z", "2023-05-01T00:00:00Z")], "0"),
            (vec![stay("2023-05-31T23:59:59Z", "2023-07-01T00:00:00Z")], "1/31"),
            (
                vec![
                    stay("2023-05-02T01:00:00Z", "2023-05-02T02:00:00Z"),
                    stay("2023-05-02T03:00:00Z", "2023-05-02T04:00:00Z"),
                    stay("2023-05-03T23:00:00Z", "2023-05-04T01:00:00Z"),
                ],
                "3/31",
            ),
        ] {
            assert_eq!(days_there(&stays, &may(), MAY).unwrap().to_string(), part);
        }
    }

    #[test]
    fn what_was_paid_for_is_not_paid_for_again() {
        for (level, highest, by, more) in [(0, 0, 10, 10), (4, 10, 10, 4), (4, 10, -2, 0), (10, 10, 1, 1)] {
            let [level, highest, by] = [level, highest, by].map(|n| Decimal::new(n, 0));
            assert_eq!(above_highest(level, highest, by).unwrap(), Decimal::new(more, 0));
        }
    }
}
