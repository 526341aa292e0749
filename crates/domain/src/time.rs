//! Moments, months and periods.
//!
//! A moment is nanoseconds of UTC; a period is half-open `[start, end)` and carries the time zone
//! that its days are of. Nothing here reads a clock: the present is always an argument.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, in the years 1970 to 2261.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text or a number is not a moment, a month or a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not in the form of RFC 3339.
    #[error("\"{0}\" is not an RFC 3339 time, such as 2026-11-01T00:00:00Z")]
    NotATime(String),
    /// A date that the calendar has, but outside the years that are kept.
    #[error("\"{0}\" is outside the years 1970 to 2261")]
    OutOfRange(String),
    /// Not a month.
    #[error("\"{0}\" is not a month of the years 1970 to 2261, such as 2026-11")]
    NotAMonth(String),
    /// Not a name in the IANA time zone database.
    #[error("\"{0}\" is not an IANA time zone, such as UTC or Europe/Berlin")]
    UnknownZone(String),
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

impl Timestamp {
    /// The first moment that is kept.
    pub const MIN: Timestamp = Timestamp(0);
    /// The end of what is kept: 2262-01-01T00:00:00Z. No event is at or after it.
    pub const MAX: Timestamp = Timestamp(9_214_646_400_000_000_000);

    /// The moment `nanos` nanoseconds after 1970-01-01T00:00:00Z, if it is in the years kept.
    #[must_use]
    pub fn from_nanos(nanos: i64) -> Option<Timestamp> {
        (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&nanos).then_some(Timestamp(nanos))
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn nanos(self) -> i64 {
        self.0
    }

    /// The calendar month that this moment is in, in `zone`.
    #[must_use]
    pub fn month(self, zone: &Zone) -> Month {
        let date = zone.0.to_datetime(self.jiff()).date();
        Month { year: date.year(), month: date.month() }
    }

    /// The day of `zone`'s calendar that this moment is in.
    #[must_use]
    pub fn day(self, zone: &Zone) -> Period {
        let date = zone.0.to_datetime(self.jiff()).date();
        let end = date.tomorrow().ok().and_then(|next| Timestamp::start_of_day(next, zone).ok());
        Period {
            start: Timestamp::start_of_day(date, zone).unwrap_or(Timestamp::MIN),
            end: end.unwrap_or(Timestamp::MAX),
        }
    }

    /// The span of `seconds` (a divisor of a day) of `zone`'s clock that this moment is in. A change of the
    /// zone's offset ends a span and begins another.
    #[must_use]
    pub fn span(self, zone: &Zone, seconds: i64) -> Period {
        let offset = i64::from(zone.0.to_offset(self.jiff()).seconds()) * 1_000_000_000;
        let length = seconds * 1_000_000_000;
        let start = (self.0 + offset).div_euclid(length) * length - offset;
        let nanos = |time: jiff::Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        let after = Timestamp(self.0 + 1).jiff();
        let changed = zone.0.preceding(after).next().map_or(i64::MIN, |change| nanos(change.timestamp()));
        let changes =
            zone.0.following(self.jiff()).next().map_or(i64::MAX, |change| nanos(change.timestamp()));
        Period {
            start: Timestamp(start.max(changed).max(Timestamp::MIN.0)),
            end: Timestamp((start + length).min(changes).min(Timestamp::MAX.0)),
        }
    }

    /// The moment at midnight, or the first after it, of a day of `zone`'s calendar.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] for a day outside the years kept.
    pub fn start_of_day(date: Date, zone: &Zone) -> Result<Timestamp, TimeError> {
        date.to_zoned(zone.0.clone())
            .ok()
            .and_then(|zoned| i64::try_from(zoned.timestamp().as_nanosecond()).ok())
            .and_then(Timestamp::from_nanos)
            .ok_or_else(|| TimeError::OutOfRange(date.to_string()))
    }

    /// The beginning of a day that is written as `2026-11-01`; `None` for a text that is no date.
    #[must_use]
    pub fn on_date(text: &str, zone: &Zone) -> Option<Result<Timestamp, TimeError>> {
        let plain = |(index, byte): (usize, u8)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        let is_date = text.len() == 10 && text.bytes().enumerate().all(plain);
        is_date.then(|| {
            let date: Date = text.parse().map_err(|_| TimeError::NotATime(short(text)))?;
            Timestamp::start_of_day(date, zone)
        })
    }

    /// The same time of day so many days later in a zone, or the first moment after it that there is; the
    /// last moment that is kept, where that is beyond it.
    #[must_use]
    pub fn plus_days(self, days: u32, zone: &Zone) -> Timestamp {
        if days == 0 {
            return self;
        }
        let later = self.jiff().to_zoned(zone.0.clone()).checked_add(jiff::Span::new().days(days));
        let nanos = later.ok().and_then(|later| i64::try_from(later.timestamp().as_nanosecond()).ok());
        nanos.and_then(Timestamp::from_nanos).unwrap_or(Timestamp::MAX)
    }

    fn jiff(self) -> jiff::Timestamp {
        // Every i64 of nanoseconds is within jiff's range of years, -9999 to 9999.
        jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339; digits after the ninth of a second are refused, not dropped.
    fn from_str(text: &str) -> Result<Timestamp, TimeError> {
        if let Some(time) = plain(text.as_bytes()) {
            return Ok(time);
        }
        let not_a_time = || TimeError::NotATime(short(text));
        // The calendar's reader takes more forms than RFC 3339 has.
        if !has_form(text.as_bytes()) {
            return Err(not_a_time());
        }
        let time: jiff::Timestamp = text.parse().map_err(|_| not_a_time())?;
        i64::try_from(time.as_nanosecond())
            .ok()
            .and_then(Timestamp::from_nanos)
            .filter(|time| *time < Timestamp::MAX)
            .ok_or_else(|| TimeError::OutOfRange(short(text)))
    }
}

/// `2026-11-01T12:30:00Z`, with or without up to nine digits of a second, as nearly all times are; `None` for
/// any other text, which is then read with care.
fn plain(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(19)?;
    let marks = [head[4], head[7], head[10], head[13], head[16]];
    if marks != *b"--T::" {
        return None;
    }
    let number = |from: usize, to: usize| {
        head[from..to]
            .iter()
            .try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // The 29th of February, leap seconds and years that are not kept are for whoever knows the calendar.
    let days = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let usual = (1970..=2261).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
    if !usual || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match tail {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
            let mut nanos = 0;
            for place in 0..9 {
                let digit = digits
                    .get(place)
                    .map_or(Some(0), |byte| byte.is_ascii_digit().then(|| i64::from(byte - b'0')))?;
                nanos = nanos * 10 + digit;
            }
            nanos
        }
        _ => return None,
    };
    // Days since 1970-01-01, with March as the first month (Howard Hinnant's `days_from_civil`).
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Timestamp::from_nanos(seconds * 1_000_000_000 + fraction)
}

/// Whether a text is written as RFC 3339 has it: date, `T` (or `t`, or a space), time with seconds, perhaps a
/// fraction, and `Z` (or `z`) or an offset such as `+05:30`. Whether the calendar has it, is not asked here.
fn has_form(text: &[u8]) -> bool {
    let Some((head, tail)) = text.split_at_checked(19) else { return false };
    let in_place = |(index, byte): (usize, &u8)| match index {
        4 | 7 => *byte == b'-',
        10 => matches!(byte, b'T' | b't' | b' '),
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    };
    let offset = match tail.strip_prefix(b".") {
        None => tail,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &fraction[digits..]
        }
    };
    head.iter().enumerate().all(in_place)
        && match offset {
            b"Z" | b"z" => true,
            [b'+' | b'-', hours @ .., b':', b'0'..=b'5', b'0'..=b'9'] => {
                matches!(hours, [b'0' | b'1', b'0'..=b'9'] | [b'2', b'0'..=b'3'])
            }
            _ => false,
        }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A time zone of the IANA database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone where none is named.
    #[must_use]
    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// Its IANA name, such as `Europe/Berlin`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl FromStr for Zone {
    type Err = TimeError;

    fn from_str(name: &str) -> Result<Zone, TimeError> {
        TimeZone::get(name).map(Zone).map_err(|_| TimeError::UnknownZone(short(name)))
    }
}

/// A calendar month, such as 2026-11.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of a year; `None` outside 1 to 12 or the years kept.
    #[must_use]
    pub fn new(year: i16, month: i8) -> Option<Month> {
        ((1970..=2261).contains(&year) && (1..=12).contains(&month)).then_some(Month { year, month })
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.year
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.month
    }

    /// How many months it is after the first one of year 0: months in a row differ by one.
    #[must_use]
    pub fn index(self) -> i64 {
        i64::from(self.year) * 12 + i64::from(self.month) - 1
    }

    /// The month after this one; `None` behind the years kept.
    #[must_use]
    pub fn next(self) -> Option<Month> {
        if self.month == 12 { Month::new(self.year + 1, 1) } else { Month::new(self.year, self.month + 1) }
    }

    /// The month before this one; `None` before the years kept.
    #[must_use]
    pub fn previous(self) -> Option<Month> {
        if self.month == 1 { Month::new(self.year - 1, 12) } else { Month::new(self.year, self.month - 1) }
    }

    /// The last day of the month, 28 to 31.
    #[must_use]
    pub fn last_day(self) -> i8 {
        jiff::civil::date(self.year, self.month, 1).days_in_month()
    }

    /// A day of the month, its last where the month has no such day.
    #[must_use]
    pub fn day_or_last(self, day: i8) -> Date {
        jiff::civil::date(self.year, self.month, day.clamp(1, self.last_day()))
    }

    /// From the first local midnight of the month to that of the next.
    #[must_use]
    pub fn period(self, zone: &Zone) -> Period {
        let next = if self.month == 12 {
            Month { year: self.year + 1, month: 1 }
        } else {
            Month { year: self.year, month: self.month + 1 }
        };
        let first = |month: Month, outside: Timestamp| {
            let day = jiff::civil::date(month.year, month.month, 1);
            Timestamp::start_of_day(day, zone).unwrap_or(outside)
        };
        Period { start: first(self, Timestamp::MIN), end: first(next, Timestamp::MAX) }
    }
}

impl FromStr for Month {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Month, TimeError> {
        let wrong = || TimeError::NotAMonth(short(text));
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        let parsed = year.parse().ok().zip(month.parse().ok());
        parsed.and_then(|(year, month)| Month::new(year, month)).ok_or_else(wrong)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A half-open span of time: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment in it.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Period {
    /// All of time that is kept.
    pub const ALWAYS: Period = Period { start: Timestamp::MIN, end: Timestamp::MAX };

    /// Whether `time` is in it.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }

    /// What both have in common, if that is anything.
    #[must_use]
    pub fn intersection(&self, other: &Period) -> Option<Period> {
        let common = Period { start: self.start.max(other.start), end: self.end.min(other.end) };
        (common.start < common.end).then_some(common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_is_from_local_midnight_to_local_midnight() {
        for (month, zone, start, end) in [
            ("2026-11", "UTC", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2023-02", "UTC", "2023-02-01T00:00:00Z", "2023-03-01T00:00:00Z"),
            ("2024-02", "UTC", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2026-12", "UTC", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            // Summer time ends on 25 October 2026 in Berlin, on 1 November in New York.
            ("2026-10", "Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
            ("2026-11", "America/New_York", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"),
            ("2026-01", "Pacific/Kiritimati", "2025-12-31T10:00:00Z", "2026-01-31T10:00:00Z"),
            ("2026-01", "Pacific/Pago_Pago", "2026-01-01T11:00:00Z", "2026-02-01T11:00:00Z"),
            ("2026-01", "Asia/Kathmandu", "2025-12-31T18:15:00Z", "2026-01-31T18:15:00Z"),
            ("1970-01", "Europe/Berlin", "1970-01-01T00:00:00Z", "1970-01-31T23:00:00Z"),
            ("2261-12", "UTC", "2261-12-01T00:00:00Z", "2262-01-01T00:00:00Z"),
        ] {
            let period = month.parse::<Month>().unwrap().period(&zone.parse().unwrap());
            let shown = (period.start.to_string(), period.end.to_string());
            assert_eq!(shown, (start.to_string(), end.to_string()), "{month} in {zone}");
        }
    }

    #[test]
    fn times_outside_the_years_kept_and_texts_that_are_none_are_refused() {
        use TimeError::{NotATime, OutOfRange};
        for (text, error) in [
            ("1969-12-31T23:59:59.999999999Z", OutOfRange as fn(String) -> TimeError),
            ("2262-01-01T00:00:00Z", OutOfRange),
            ("9999-01-01T00:00:00Z", OutOfRange),
            ("2026-11-01", NotATime),
            ("2026-13-01T00:00:00Z", NotATime),
            ("2026-11-01T00:00:00.0000000001Z", NotATime),
            ("yesterday", NotATime),
            // Other forms of ISO 8601, which are no RFC 3339.
            ("20250306T080000Z", NotATime),
            ("2025-03-06T08:00Z", NotATime),
            ("2025-03-06T08:00:00", NotATime),
            ("2025-03-06T08:00:00+0530", NotATime),
            ("2025-03-06T08:00:00+05", NotATime),
            ("2025-03-06T08:00:00,5Z", NotATime),
            ("2025-03-06T08:00:00.Z", NotATime),
            ("2025-03-06T08:00:00+24:00", NotATime),
            ("2025-03-06T08:00:00+05:60", NotATime),
            ("2025-03-06T08:00:00+05:30:15", NotATime),
            ("2025-03-06T08:00:00Z[UTC]", NotATime),
            ("+002025-03-06T08:00:00Z", NotATime),
            ("2025-03-06_08:00:00Z", NotATime),
            ("", NotATime),
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(error(text.to_string())), "{text}");
        }
    }

    #[test]
    fn every_form_of_rfc_3339_is_read() {
        for (text, expected) in [
            ("2025-03-06t08:00:00z", "2025-03-06T08:00:00Z"),
            ("2025-03-06 08:00:00Z", "2025-03-06T08:00:00Z"),
            ("2025-03-06T08:00:00.5+05:30", "2025-03-06T02:30:00.5Z"),
            ("2025-03-06T08:00:00-00:00", "2025-03-06T08:00:00Z"),
            ("2025-03-06T08:00:00-23:59", "2025-03-07T07:59:00Z"),
            ("2024-02-29T08:00:00Z", "2024-02-29T08:00:00Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_day_that_a_month_has_not_becomes_its_last() {
        let february = Month::new(2027, 2).unwrap();
        assert_eq!(february.day_or_last(31).to_string(), "2027-02-28");
        assert_eq!(Month::new(2028, 2).unwrap().day_or_last(31).to_string(), "2028-02-29");
        assert_eq!(february.day_or_last(7).to_string(), "2027-02-07");
    }

    #[test]
    fn months_are_written_with_four_and_two_digits() {
        assert_eq!("2026-09".parse::<Month>().unwrap().to_string(), "2026-09");
        for text in ["2026-9", "2026-13", "2026-00", "1969-12", "2262-01", "26-11", "2026/11", "+026-11"] {
            assert_eq!(text.parse::<Month>(), Err(TimeError::NotAMonth(text.to_string())));
        }
    }

    proptest! {
        #[test]
        fn a_plain_time_is_read_as_the_calendar_reads_it(
            nanos in 0i64..9_214_646_400_000_000_000, digits in 0usize..=9,
        ) {
            let step = 10i64.pow(u32::try_from(9 - digits).unwrap());
            let time = Timestamp(nanos / step * step);
            let text = time.to_string();
            prop_assert_eq!(plain(text.as_bytes()).unwrap_or(time), time);
            prop_assert_eq!(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond(), i128::from(time.0));
        }

        #[test]
        fn what_a_plain_reader_takes_the_calendar_takes(text in "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?Z") {
            if let Some(time) = plain(text.as_bytes()) {
                prop_assert_eq!(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond(), i128::from(time.0));
            }
        }

        #[test]
        fn every_moment_is_in_exactly_the_period_of_its_month(
            nanos in 31_536_000_000_000_000i64..9_180_000_000_000_000_000,
            zone in prop::sample::select(vec!["UTC", "America/St_Johns", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
        ) {
            let zone: Zone = zone.parse().unwrap();
            let time = Timestamp::from_nanos(nanos).unwrap();
            let month = time.month(&zone);
            let period = month.period(&zone);
            prop_assert!(period.contains(time));
            prop_assert!(period.end.month(&zone) > month);
        }
    }
}
