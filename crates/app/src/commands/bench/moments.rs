//! Moments as text, written in place. Owns no clock: the moment is given, in microseconds since 1970.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use usage_domain::time::Zone;

/// How long the text is.
pub(super) const LENGTH: usize = 27;
const DAY: u64 = 86_400_000_000;
/// Days that are kept as text.
const KEPT: u64 = 64;

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Writes two digits.
pub(super) fn pair(text: &mut [u8], number: u64) {
    text[..2].copy_from_slice(&PAIRS[(number % 100) as usize]);
}

/// Writes moments; the days around the last one are kept as text.
#[derive(Default)]
pub(super) struct Moments {
    first: u64,
    days: Vec<[u8; 11]>,
}

impl Moments {
    /// Writes a moment as `2026-11-22T10:00:00.123456Z`.
    pub(super) fn write(&mut self, text: &mut [u8], micros: u64) {
        let text = &mut text[..LENGTH];
        let (day, rest) = (micros / DAY, micros % DAY);
        text[..11].copy_from_slice(self.day(day));
        let (seconds, rest) = (rest / 1_000_000, rest % 1_000_000);
        pair(&mut text[11..], seconds / 3600);
        text[13] = b':';
        pair(&mut text[14..], seconds / 60 % 60);
        text[16] = b':';
        pair(&mut text[17..], seconds % 60);
        text[19] = b'.';
        pair(&mut text[20..], rest / 10_000);
        pair(&mut text[22..], rest / 100);
        pair(&mut text[24..], rest);
        text[26] = b'Z';
    }

    /// The moment as text of its own.
    pub(super) fn text(micros: u64) -> String {
        let mut text = [0; LENGTH];
        Moments::default().write(&mut text, micros);
        text.iter().map(|byte| char::from(*byte)).collect()
    }

    fn day(&mut self, day: u64) -> &[u8; 11] {
        if day < self.first || day - self.first >= self.days.len() as u64 {
            self.first = day.saturating_sub(KEPT / 2);
            self.days = (self.first..self.first + KEPT).map(date).collect();
        }
        &self.days[(day - self.first) as usize]
    }
}

/// A day since 1970 as `2026-11-22T`.
fn date(day: u64) -> [u8; 11] {
    let second = i64::try_from(day * 86_400).unwrap_or(i64::MAX);
    let date = Timestamp::from_second(second).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).date();
    let year = u64::from(date.year().unsigned_abs());
    let mut text = *b"0000-00-00T";
    pair(&mut text[0..], year / 100);
    pair(&mut text[2..], year);
    pair(&mut text[5..], u64::from(date.month().unsigned_abs()));
    pair(&mut text[8..], u64::from(date.day().unsigned_abs()));
    text
}

/// The first moment of the month (UTC) that a moment is in, and that of the next.
pub(super) fn month_of(micros: u64) -> (u64, u64) {
    let nanos = i64::try_from(micros * 1000).unwrap_or(i64::MAX);
    let moment =
        usage_domain::time::Timestamp::from_nanos(nanos).unwrap_or(usage_domain::time::Timestamp::MAX);
    let month = moment.month(&Zone::utc()).period(&Zone::utc());
    let micros = |moment: usage_domain::time::Timestamp| moment.nanos().unsigned_abs() / 1000;
    (micros(month.start), micros(month.end))
}

/// The month (UTC) of a moment as `2026-11`.
pub(super) fn month_text(micros: u64) -> String {
    Moments::text(micros)[..7].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_write_them() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_767_225_599_000_001, "2025-12-31T23:59:59.000001Z"),
            (1_772_323_200_123_456, "2026-03-01T00:00:00.123456Z"),
        ] {
            assert_eq!(Moments::text(micros), text);
        }
        let mut moments = Moments::default();
        let (mut earlier, mut later) = ([0; LENGTH], [0; LENGTH]);
        moments.write(&mut later, 1_772_323_200_123_456);
        moments.write(&mut earlier, 1_767_225_599_000_001);
        assert_eq!((&earlier[..10], &later[..10]), (&b"2025-12-31"[..], &b"2026-03-01"[..]));
    }

    #[test]
    fn a_month_is_from_its_first_day_to_the_next_months() {
        for (moment, start, end) in [
            ("2026-11-22T10:00:00Z", "2026-11-01", "2026-12-01"),
            ("2025-12-31T23:59:59Z", "2025-12-01", "2026-01-01"),
            ("2024-02-01T00:00:00Z", "2024-02-01", "2024-03-01"),
        ] {
            let micros = moment.parse::<jiff::Timestamp>().unwrap().as_microsecond().unsigned_abs();
            let (from, to) = month_of(micros);
            let midnight = |day: &str| format!("{day}T00:00:00.000000Z");
            assert_eq!((Moments::text(from), Moments::text(to)), (midnight(start), midnight(end)));
            assert_eq!(month_text(micros), start[..7]);
        }
    }
}
