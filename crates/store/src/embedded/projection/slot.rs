//! Cells of time: UTC days, and quarter-hours on the days where a month may begin.
//!
//! Every UTC offset in use is a multiple of a quarter-hour, so these cells add up to the local month
//! of every zone exactly. Where a boundary falls within a cell all the same, the reader asks the log.

use usage_domain::time::{Period, Timestamp};

/// Nanoseconds of a quarter-hour.
const QUARTER: i64 = 900_000_000_000;
/// Quarter-hours of a day.
const DAY: u32 = 96;
/// More quarter-hours than the years kept have.
const MOST_QUARTERS: u32 = 1 << 24;

/// A cell of time, named by its first quarter-hour since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

impl Slot {
    /// The cell that a moment is in.
    pub(crate) fn of(time: Timestamp) -> Slot {
        Slot::quarter_of(time).as_cell()
    }

    /// The quarter-hour that a moment is in, on whatever day.
    pub(crate) fn quarter_of(time: Timestamp) -> Slot {
        // The years kept have fewer than 2^24 quarter-hours.
        Slot(u32::try_from(time.nanos() / QUARTER).unwrap_or(u32::MAX))
    }

    /// The cell that a quarter-hour is in.
    pub(crate) fn as_cell(self) -> Slot {
        if month_may_begin(self.0 / DAY) { self } else { Slot(self.0 / DAY * DAY) }
    }

    /// The quarter-hour of a stored figure, if it is one.
    pub(crate) fn stored_quarter(quarter: u32) -> Option<Slot> {
        (quarter < MOST_QUARTERS).then_some(Slot(quarter))
    }

    /// From its first moment to the first after it, as a quarter-hour.
    pub(crate) fn quarter(self) -> Period {
        self.span(1)
    }

    /// So many quarter-hours from this one on.
    pub(super) fn quarters(self, count: u32) -> Period {
        self.span(count)
    }

    /// The cell of a stored figure, if it is one.
    pub(crate) fn stored(quarter: u32) -> Option<Slot> {
        let slot = Slot(quarter);
        let known =
            quarter < MOST_QUARTERS && (month_may_begin(quarter / DAY) || quarter.is_multiple_of(DAY));
        known.then_some(slot)
    }

    /// From its first moment to the first after it.
    pub(crate) fn period(self) -> Period {
        self.span(if month_may_begin(self.0 / DAY) { 1 } else { DAY })
    }

    fn span(self, quarters: u32) -> Period {
        let at = |quarter: u32| Timestamp::from_nanos(i64::from(quarter) * QUARTER).unwrap_or(Timestamp::MAX);
        Period { start: at(self.0), end: at(self.0 + quarters) }
    }
}

/// Whether a local month of some zone begins within the UTC day: the last and the first of a month.
fn month_may_begin(day: u32) -> bool {
    day_of_month(day) == 1 || day_of_month(day + 1) == 1
}

/// The day of the month, 1 to 31, of the UTC day `day` days after 1970-01-01.
///
/// Howard Hinnant's `civil_from_days`, shortened to what is asked for here.
fn day_of_month(day: u32) -> u32 {
    let shifted = day + 719_468;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    of_year - (153 * month + 2) / 5 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use usage_domain::time::{Month, Zone};

    #[test]
    fn days_are_whole_but_for_the_first_and_the_last_of_a_month() {
        for (time, start, end) in [
            ("2026-11-22T13:14:15Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
            ("2026-11-30T13:14:15Z", "2026-11-30T13:00:00Z", "2026-11-30T13:15:00Z"),
            ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", "2026-12-01T00:15:00Z"),
            ("2024-02-28T23:59:59Z", "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("2023-02-28T23:59:59Z", "2023-02-28T23:45:00Z", "2023-03-01T00:00:00Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:15:00Z"),
            ("2261-12-31T23:59:59Z", "2261-12-31T23:45:00Z", "2262-01-01T00:00:00Z"),
        ] {
            let period = Slot::of(time.parse().unwrap()).period();
            assert_eq!(
                (period.start.to_string(), period.end.to_string()),
                (start.into(), end.into()),
                "{time}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_moment_is_in_its_cell_and_cells_never_straddle_a_local_month(
            nanos in 63_072_000_000_000_000i64..9_214_646_399_999_999_999,
            zone in prop::sample::select(vec!["UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "Australia/Eucla", "Europe/Berlin"]),
        ) {
            let zone: Zone = zone.parse().unwrap();
            let time = Timestamp::from_nanos(nanos).unwrap();
            let cell = Slot::of(time).period();
            prop_assert!(cell.contains(time));
            let month: Month = time.month(&zone);
            prop_assert_eq!(month.period(&zone).intersection(&cell), Some(cell));
        }
    }
}
