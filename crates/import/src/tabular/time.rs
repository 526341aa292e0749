//! Times as people's files write them.

use crate::moment;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use usage_domain::time::{TimeError, Timestamp, Zone};

/// Longest text that is looked at.
const LONGEST: usize = 64;
const NOT_A_TIME: &str = "not a time, such as 2026-11-01T00:00:00Z or 2026-11-01 00:00:00";

/// The zone of times that name none.
#[derive(Debug)]
pub(super) struct Local(TimeZone);

impl Local {
    pub(super) fn new(zone: &Zone) -> Local {
        // A zone is of the database, or UTC.
        Local(TimeZone::get(zone.name()).unwrap_or(TimeZone::UTC))
    }

    /// Reads RFC 3339, also with a blank for the `T`, without seconds, without a zone, or a date alone,
    /// which is its first moment. A local time that comes twice is the first of the two.
    pub(super) fn read(&self, text: &str) -> Result<Timestamp, String> {
        let text = text.trim_ascii();
        if text.len() > LONGEST {
            return Err(NOT_A_TIME.to_string());
        }
        let plain = text.strip_suffix(" UTC").unwrap_or(text);
        let has_zone = plain.len() < text.len()
            || plain.bytes().skip(10).any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'));
        let read = if has_zone {
            let zoned = if plain.len() < text.len() { format!("{plain}Z") } else { text.to_string() };
            moment::read(&zoned)
        } else {
            // jiff reads a zone that a text names in brackets; here there is none.
            let local: DateTime = Some(text)
                .filter(|text| !text.contains('['))
                .and_then(|text| text.parse().ok())
                .ok_or(NOT_A_TIME)?;
            let ambiguous = self.0.to_ambiguous_timestamp(local);
            if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
                let zone = self.0.iana_name().unwrap_or("the zone");
                return Err(format!("a time that {zone} does not have: clocks were put forward"));
            }
            let time = ambiguous.earlier().map_err(|_| NOT_A_TIME)?;
            let nanos = i64::try_from(time.as_nanosecond()).ok().and_then(Timestamp::from_nanos);
            nanos.filter(|time| *time < Timestamp::MAX).ok_or_else(|| TimeError::OutOfRange(String::new()))
        };
        read.map_err(|error| match error {
            TimeError::OutOfRange(_) => "outside the years 1970 to 2261".to_string(),
            _ => NOT_A_TIME.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_of_the_zone_that_is_named() {
        let forward = "a time that Europe/Berlin does not have: clocks were put forward";
        for (zone, text, time) in [
            ("UTC", "2023-11-16 18:17:03.9799600", Ok("2023-11-16T18:17:03.97996Z")),
            ("UTC", "2023-11-16T18:17:03.123456789", Ok("2023-11-16T18:17:03.123456789Z")),
            ("UTC", "2023-11-16 18:17", Ok("2023-11-16T18:17:00Z")),
            ("UTC", "2023-11-16 18:17:00 UTC", Ok("2023-11-16T18:17:00Z")),
            ("Europe/Berlin", "2023-11-16 18:17:00 UTC", Ok("2023-11-16T18:17:00Z")),
            ("Europe/Berlin", "2023-11-16 18:17:00Z", Ok("2023-11-16T18:17:00Z")),
            ("Europe/Berlin", " 2023-11-16T18:17:00-05:00 ", Ok("2023-11-16T23:17:00Z")),
            ("Europe/Berlin", "2023-11-16 18:17:00+00", Ok("2023-11-16T18:17:00Z")),
            ("Europe/Berlin", "2023-11-16 18:17Z", Ok("2023-11-16T18:17:00Z")),
            ("Europe/Berlin", "2023-11-16 18:17:00", Ok("2023-11-16T17:17:00Z")),
            ("Europe/Berlin", "2023-07-16 18:17:00", Ok("2023-07-16T16:17:00Z")),
            ("Europe/Berlin", "2023-11-16", Ok("2023-11-15T23:00:00Z")),
            ("Asia/Kathmandu", "2023-11-16", Ok("2023-11-15T18:15:00Z")),
            // The hour that comes twice when clocks are put back, and the one that is left out.
            ("Europe/Berlin", "2023-10-29 02:30:00", Ok("2023-10-29T00:30:00Z")),
            ("Europe/Berlin", "2023-03-26 02:30:00", Err(forward)),
            ("UTC", "1969-12-31 23:59:59", Err("outside the years 1970 to 2261")),
            ("UTC", "2262-01-01", Err("outside the years 1970 to 2261")),
            ("UTC", "9998-12-31T23:59:59Z", Err("outside the years 1970 to 2261")),
            ("UTC", "2023-02-30 00:00:00", Err(NOT_A_TIME)),
            ("UTC", "2023-11-16 18:17:03.1234567891", Err(NOT_A_TIME)),
            ("UTC", "16/11/2023", Err(NOT_A_TIME)),
            ("UTC", "1700158623", Err(NOT_A_TIME)),
            ("UTC", "2023-11-16T18:17:00[Europe/Berlin]", Err(NOT_A_TIME)),
            ("UTC", "18:17", Err(NOT_A_TIME)),
            ("UTC", "", Err(NOT_A_TIME)),
            ("UTC", &"2".repeat(99), Err(NOT_A_TIME)),
        ] {
            let read = Local::new(&zone.parse().unwrap()).read(text).map(|time| time.to_string());
            assert_eq!(read, time.map(String::from).map_err(String::from), "{text} in {zone}");
        }
    }
}
