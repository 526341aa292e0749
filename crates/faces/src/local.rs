//! Periods as people write them: days of the customer's zone, the last one included.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// A period from one moment to another (RFC 3339, the second not in it): `2026-11-01 to 2026-11-30`; where
/// it begins or ends within a day, with the time. What is no moment or no zone is shown as it is.
pub(crate) fn period(from: &str, to: &str, zone: &str) -> String {
    period_in(from, to, zone).unwrap_or_else(|| format!("{from} to {to}"))
}

fn period_in(from: &str, to: &str, zone: &str) -> Option<String> {
    let zone = TimeZone::get(zone).ok()?;
    let at = |moment: &str| Some(moment.parse::<Timestamp>().ok()?.to_zoned(zone.clone()));
    let (from, to) = (at(from)?, at(to)?);
    let last =
        if is_midnight(&to) { to.checked_sub(1.day()).ok()?.strftime("%Y-%m-%d") } else { minute(&to) };
    let first = if is_midnight(&from) { from.strftime("%Y-%m-%d") } else { minute(&from) };
    Some(format!("{first} to {last}"))
}

/// A moment with its day and minute in a zone: `2026-12-01 09:30`.
pub(crate) fn moment(at: &str, zone: &str) -> String {
    let zoned = || Some(at.parse::<Timestamp>().ok()?.to_zoned(TimeZone::get(zone).ok()?));
    zoned().map_or_else(|| at.to_string(), |zoned| minute(&zoned).to_string())
}

fn is_midnight(at: &Zoned) -> bool {
    at.time() == Time::midnight()
}

fn minute(at: &Zoned) -> jiff::fmt::strtime::Display<'_> {
    at.strftime("%Y-%m-%d %H:%M")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_shown_in_days_of_its_zone() {
        let table = [
            ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "UTC", "2026-11-01 to 2026-11-30"),
            ("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", "Europe/Berlin", "2026-11-01 to 2026-11-30"),
            ("2026-11-16T09:30:00.5Z", "2026-12-01T00:00:00Z", "UTC", "2026-11-16 09:30 to 2026-11-30"),
            ("2026-11-01T00:00:00Z", "2026-11-16T09:30:00Z", "UTC", "2026-11-01 to 2026-11-16 09:30"),
            ("a", "b", "UTC", "a to b"),
            ("2026-11-01T00:00:00Z", "b", "No/Where", "2026-11-01T00:00:00Z to b"),
        ];
        for (from, to, zone, shown) in table {
            assert_eq!(period(from, to, zone), shown);
        }
    }

    #[test]
    fn a_moment_is_shown_in_its_zone() {
        assert_eq!(moment("2026-12-01T08:30:59Z", "Europe/Berlin"), "2026-12-01 09:30");
        assert_eq!(moment("soon", "UTC"), "soon");
    }
}
