//! Moments: around the present, late, and at the boundaries of days, quarter-hours and months.

use super::ZONES;
use crate::dice::Dice;
use usage_domain::time::{Month, Timestamp, Zone};

pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const HOUR: u64 = 3600 * SECOND;
pub(crate) const DAY: u64 = 24 * HOUR;

/// A moment later or, for less than 0, earlier; the last or the first that an event may have at most.
pub(crate) fn shifted(time: Timestamp, nanos: i64) -> Timestamp {
    let last = Timestamp::MAX.nanos() - 1;
    let nanos = time.nanos().saturating_add(nanos).clamp(0, last);
    Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MIN)
}

fn earlier(time: Timestamp, dice: &mut Dice, most: u64) -> Timestamp {
    shifted(time, -i64::try_from(dice.below(most)).unwrap_or(0))
}

/// The time of an event that is sent at `now`.
pub(crate) fn of_event(dice: &mut Dice, now: Timestamp) -> Timestamp {
    match dice.below(20) {
        0..6 => earlier(now, dice, HOUR),
        6..11 => earlier(now, dice, 40 * DAY),
        // Of few values, so that events share their time.
        11..13 => {
            Timestamp::from_nanos(now.nanos() - now.nanos() % i64::try_from(DAY).unwrap_or(1)).unwrap_or(now)
        }
        13..18 => boundary(dice, now),
        18 => shifted(now, i64::try_from(dice.below(3 * DAY)).unwrap_or(0)),
        _ => far(dice),
    }
}

/// A moment at the beginning of a month of some zone, or next to one.
pub(crate) fn boundary(dice: &mut Dice, now: Timestamp) -> Timestamp {
    let zone = zone(dice);
    let period = near(dice, now, &zone).period(&zone);
    let quarter = 900 * 1_000_000_000;
    let beside = *dice.pick(&[0, 0, -1, -1, 1, quarter - 1, quarter, -quarter]);
    shifted(if dice.percent(50) { period.start } else { period.end }, beside)
}

fn far(dice: &mut Dice) -> Timestamp {
    let last = Timestamp::MAX.nanos() - 1;
    let nanos = *dice.pick(&[
        0,
        1,
        last,
        951_782_400_000_000_000,
        1_677_715_199_999_999_999,
        4_102_444_800_000_000_000,
    ]);
    Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MIN)
}

pub(crate) fn zone(dice: &mut Dice) -> Zone {
    dice.pick(&ZONES).parse().unwrap_or_else(|_| Zone::utc())
}

/// The month of a moment in a zone, or one beside it.
pub(crate) fn near(dice: &mut Dice, now: Timestamp, zone: &Zone) -> Month {
    let away = i64::try_from(31 * DAY).unwrap_or(0) * *dice.pick(&[0, 0, 0, -1, 1]);
    shifted(now, away).month(zone)
}
