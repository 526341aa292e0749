//! Times as FOCUS files write them.

use crate::moment;
use usage_domain::time::{TimeError, Timestamp};

/// Longest text that is looked at.
const LONGEST: usize = 64;

/// Reads RFC 3339, also without seconds, with a blank for the `T`, with ` UTC` for the `Z`, or
/// without a zone: FOCUS times are UTC.
pub(super) fn read(text: &str) -> Result<Timestamp, &'static str> {
    if text.len() > LONGEST {
        return Err(NOT_A_TIME);
    }
    let plain = text.strip_suffix(" UTC").unwrap_or(text);
    let has_zone = plain.bytes().skip(10).any(|b| matches!(b, b'Z' | b'z' | b'+' | b'-'));
    let read = if has_zone {
        moment::read(text)
    } else {
        let mut zoned = String::with_capacity(LONGEST + 1);
        zoned.push_str(plain);
        zoned.push('Z');
        moment::read(&zoned)
    };
    read.map_err(|error| match error {
        TimeError::OutOfRange(_) => "outside the years 1970 to 2261",
        _ => NOT_A_TIME,
    })
}

const NOT_A_TIME: &str = "not a time, such as 2024-09-18T23:00:00Z or 2024-09-18 23:00:00";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_utc() {
        for (text, time) in [
            ("2024-09-18 23:00:00", Ok("2024-09-18T23:00:00Z")),
            ("2024-09-18 23:00:00 UTC", Ok("2024-09-18T23:00:00Z")),
            ("2024-09-18T23:00:00", Ok("2024-09-18T23:00:00Z")),
            ("2024-09-18T23:00Z", Ok("2024-09-18T23:00:00Z")),
            ("2024-09-18T23:00:00Z", Ok("2024-09-18T23:00:00Z")),
            ("2024-09-18T23:00:00.123456789Z", Ok("2024-09-18T23:00:00.123456789Z")),
            ("2024-09-18T23:00:00+02:00", Ok("2024-09-18T21:00:00Z")),
            ("2024-09-18T23:00:00-05:00", Ok("2024-09-19T04:00:00Z")),
            ("2024-09-18", Err(NOT_A_TIME)),
            ("2024-02-30 00:00:00", Err(NOT_A_TIME)),
            ("09/18/2024", Err(NOT_A_TIME)),
            ("yesterday", Err(NOT_A_TIME)),
            ("1969-12-31 23:59:59", Err("outside the years 1970 to 2261")),
            ("2262-01-01 00:00:00", Err("outside the years 1970 to 2261")),
            (&"2".repeat(99), Err(NOT_A_TIME)),
        ] {
            assert_eq!(read(text).map(|t| t.to_string()), time.map(String::from), "{text}");
        }
    }
}
