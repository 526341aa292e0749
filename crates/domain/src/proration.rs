//! Proration: what part of a period something lasted, as an exact fraction.
//!
//! Time is counted as it passes, to the nanosecond: a day of 25 hours weighs more than one of 23, and
//! the parts of a period always add up to the whole. Whoever prorates by days gives whole days.

use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use crate::time::Period;

/// The part of `period` that `active` covers, 0 to 1; `None` where they have no moment in common.
///
/// # Errors
/// None for periods within the years that are kept. The error type is that of the arithmetic it uses.
pub fn share(period: &Period, active: &Period) -> Result<Option<Ratio>, DecimalError> {
    let Some(common) = period.intersection(active) else { return Ok(None) };
    Ratio::new(length(&common), length(period)).map(Some)
}

/// How long a period is, in nanoseconds.
fn length(period: &Period) -> Decimal {
    Decimal::new(period.end.nanos() - period.start.nanos(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Month, Timestamp};
    use proptest::prelude::*;

    fn period(from: &str, to: &str) -> Period {
        Period { start: from.parse().unwrap(), end: to.parse().unwrap() }
    }

    #[test]
    fn a_share_is_the_exact_part_of_the_time_that_passes() {
        let january = period("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z");
        let berlin: Month = "2026-10".parse().unwrap();
        let october = berlin.period(&"Europe/Berlin".parse().unwrap());
        for (whole, from, to, part) in [
            (january, "2025-01-16T00:00:00Z", "2025-02-01T00:00:00Z", Some("16/31")),
            (january, "2024-12-01T00:00:00Z", "2025-01-16T00:00:00Z", Some("15/31")),
            (january, "2024-12-01T00:00:00Z", "2025-03-01T00:00:00Z", Some("1")),
            (january, "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z", None),
            (january, "2025-01-01T00:00:00Z", "2025-01-01T00:00:01Z", Some("0.00001/26.784")),
            // October 2026 has 745 hours in Berlin, the first 24 of them before the second day.
            (october, "2026-09-30T22:00:00Z", "2026-10-01T22:00:00Z", Some("24/745")),
        ] {
            let part = part.map(|text| {
                let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
                Ratio::new(numerator.parse().unwrap(), denominator.parse().unwrap()).unwrap()
            });
            assert_eq!(share(&whole, &period(from, to)).unwrap(), part, "{from} to {to}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_a_period_add_up_to_the_whole(
            mut cuts in prop::collection::vec(1_700_000_000_000_000_001i64..1_702_678_399_999_999_999, 0..6),
        ) {
            let (start, end) = (1_700_000_000_000_000_000, 1_702_678_400_000_000_000);
            cuts.extend([start, end]);
            cuts.sort_unstable();
            cuts.dedup();
            let at = |nanos| Timestamp::from_nanos(nanos).unwrap();
            let whole = Period { start: at(start), end: at(end) };
            let parts = cuts.windows(2).map(|pair| {
                let part = Period { start: at(pair[0]), end: at(pair[1]) };
                share(&whole, &part).unwrap().unwrap()
            });
            prop_assert_eq!(Ratio::sum(parts).unwrap(), Ratio::ONE);
        }
    }
}
