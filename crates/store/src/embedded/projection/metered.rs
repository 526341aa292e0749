//! What meters add up to: their groups and sums in the roll-ups.
//!
//! Every event adds to two cells: its subject's, and that of everybody (the subject that no event has),
//! so that totals are read without asking a hundred thousand subjects. The cells of everybody are
//! quarter-hours throughout: there is one set of them.

use super::charges::{MOST_EVENTS, fits};
use super::rollup::{CellKey, Group, RollUps, Sum};
use super::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};
use hashbrown::Equivalent;
use std::collections::BTreeMap;
use std::sync::Arc;
use usage_domain::decimal::Decimal;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Extreme, Latest, Sign, State, Sums};
use usage_domain::meter::value::MeterValue;
use usage_domain::time::Timestamp;

/// Sums of the meters' usage of the whole log by cell.
pub(crate) type MeterRollUps = RollUps<Series, State>;

/// The subject of the cells of everybody.
pub(crate) const EVERYBODY: &str = "";

/// A meter's sums, by its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Series {
    /// The number of the meter's sums.
    pub(crate) meter: u32,
    pub(crate) dimensions: Vec<Option<String>>,
}

/// What an event adds to a meter, or takes back.
#[expect(clippy::expect_used, reason = "a stated invariant: figures of events fit")]
pub(crate) fn state_of(meter: &Meter, value: &MeterValue, order: (Timestamp, u64), sign: Sign) -> State {
    State::of(meter.draft.aggregation, value, order, sign).expect("figures of events fit")
}

impl MeterRollUps {
    /// Adds what an event is worth to both of its cells; says to which.
    pub(crate) fn measure(
        &mut self,
        subject: &str,
        time: Timestamp,
        series: &SeriesRef<'_>,
        state: &State,
    ) -> [CellKey; 2] {
        let group = self.series_number(series);
        self.measure_in(subject, time, group, state)
    }

    /// The number of a series.
    pub(crate) fn series_number(&mut self, series: &SeriesRef<'_>) -> u32 {
        self.group_number(series, SeriesRef::to_series)
    }

    /// Adds what an event is worth to both of its cells of the series of this number; says to which.
    pub(crate) fn measure_in(
        &mut self,
        subject: &str,
        time: Timestamp,
        group: u32,
        state: &State,
    ) -> [CellKey; 2] {
        let own = CellKey { subject: self.subject_number(subject), slot: Slot::of(time), group };
        let everybody = CellKey { subject: self.everybody(), slot: Slot::quarter_of(time), group };
        self.add_to(own, state);
        self.add_to(everybody, state);
        [own, everybody]
    }

    /// The number of everybody.
    pub(crate) fn everybody(&mut self) -> u32 {
        self.subject_number(EVERYBODY)
    }
}

/// A meter's sums by its dimensions, where they are.
#[derive(Debug, Hash)]
pub(crate) struct SeriesRef<'a> {
    pub(crate) meter: u32,
    pub(crate) dimensions: &'a [Option<String>],
}

impl SeriesRef<'_> {
    pub(crate) fn to_series(&self) -> Series {
        Series { meter: self.meter, dimensions: self.dimensions.to_vec() }
    }
}

// Both hash a number and then a list: they hash alike.
impl Equivalent<Series> for SeriesRef<'_> {
    fn equivalent(&self, series: &Series) -> bool {
        self.meter == series.meter && self.dimensions == series.dimensions
    }
}

impl Equivalent<Arc<Series>> for SeriesRef<'_> {
    fn equivalent(&self, series: &Arc<Series>) -> bool {
        self.equivalent(&**series)
    }
}

impl Group for Series {
    fn put(&self, out: &mut Vec<u8>) {
        out.put_var(u64::from(self.meter));
        out.put_var(self.dimensions.len() as u64);
        for value in &self.dimensions {
            match value {
                None => out.push(0),
                Some(text) => {
                    out.push(1);
                    out.put_text(text);
                }
            }
        }
    }

    fn take(take: &mut Take<'_>) -> Result<Series, Malformed> {
        let meter = u32::try_from(take.var()?).map_err(|_| Malformed("a meter has an impossible number"))?;
        let dimension = |take: &mut Take<'_>| match take.byte()? {
            0 => Ok(None),
            _ => take.text().map(|text| Some(text.to_string())),
        };
        let count = take.count()?;
        let dimensions = (0..count).map(|_| dimension(take)).collect::<Result<_, _>>()?;
        Ok(Series { meter, dimensions })
    }
}

impl Sum for State {
    /// The figures of an event have at most 20 digits before and 18 after the point, and a moment 19: their
    /// product summed over fewer than 2^48 events fits.
    #[expect(clippy::expect_used, reason = "a stated invariant: sums of usage fit")]
    fn merge(&mut self, more: &State) {
        State::merge(self, more).expect("sums of usage of one meter fit");
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.put_var(self.changes);
        out.put_signed(self.events);
        out.put_u32(self.minutes.0);
        out.put_u32(self.minutes.1);
        out.push(self.kind());
        match &self.sums {
            Sums::Count => {}
            Sums::Sum(sum) => out.put_decimal(*sum),
            Sums::Level(level) => {
                out.put_decimal(level.0);
                out.put_decimal(level.1);
            }
            Sums::Min(extreme) | Sums::Max(extreme) => put_extreme(out, extreme),
            Sums::Latest(latest) => {
                out.push(u8::from(latest.added.is_some()) | u8::from(latest.removed.is_some()) << 1);
                if let Some((order, value)) = latest.added {
                    put_order(out, order);
                    out.put_decimal(value);
                }
                if let Some(order) = latest.removed {
                    put_order(out, order);
                }
            }
            Sums::Unique(counts) => {
                out.put_var(counts.len() as u64);
                for (text, times) in counts.iter() {
                    out.put_text(text);
                    out.put_signed(*times);
                }
            }
        }
    }

    fn take(take: &mut Take<'_>) -> Result<State, Malformed> {
        let (changes, events) = (take.var()?, take.signed()?);
        let minutes = (take.u32()?, take.u32()?);
        if changes > MOST_EVENTS || events.unsigned_abs() > MOST_EVENTS {
            return Err(Malformed("a cell has more events than a log"));
        }
        let sums = match take.byte()? {
            0 => Sums::Count,
            1 => Sums::Sum(figure(take)?),
            2 => {
                let (sum, moment) = (figure(take)?, take.decimal()?);
                // A figure times a moment: 19 digits more.
                let most = Decimal::SUM_LIMIT.mul(Decimal::from(10u64.pow(19)));
                let size = if moment.is_negative() { moment.negate() } else { moment };
                if moment.scale() > 18 || most.is_ok_and(|most| size >= most) {
                    return Err(Malformed("a level has more than a log can add up to"));
                }
                Sums::Level(Box::new((sum, moment)))
            }
            3 => Sums::Min(Box::new(take_extreme(take)?)),
            4 => Sums::Max(Box::new(take_extreme(take)?)),
            5 => {
                let flags = take.byte()?;
                let added = if flags & 1 == 0 { None } else { Some((take_order(take)?, figure(take)?)) };
                let removed = if flags & 2 == 0 { None } else { Some(take_order(take)?) };
                Sums::Latest(Box::new(Latest { added, removed }))
            }
            6 => {
                let mut counts = BTreeMap::new();
                for _ in 0..take.count()? {
                    counts.insert(take.text()?.to_string(), take.signed()?);
                }
                if counts.values().any(|times| times.unsigned_abs() > MOST_EVENTS) {
                    return Err(Malformed("a value is there more often than a log has events"));
                }
                Sums::Unique(Box::new(counts))
            }
            _ => return Err(Malformed("a cell adds up in an unknown way")),
        };
        Ok(State { changes, events, minutes, sums })
    }

    fn kind(&self) -> u8 {
        match &self.sums {
            Sums::Count => 0,
            Sums::Sum(_) => 1,
            Sums::Level(_) => 2,
            Sums::Min(_) => 3,
            Sums::Max(_) => 4,
            Sums::Latest(_) => 5,
            Sums::Unique(_) => 6,
        }
    }

    fn is_that_of(&self, recount: &State) -> bool {
        if self.events != recount.events {
            return false;
        }
        // What was taken back leaves traces that a recount does not have.
        match (&self.sums, &recount.sums) {
            (Sums::Min(kept), Sums::Min(counted)) | (Sums::Max(kept), Sums::Max(counted)) => {
                !self.is_known() || self.events == 0 || kept.added == counted.added
            }
            (Sums::Latest(kept), Sums::Latest(counted)) => {
                !self.is_known() || self.events == 0 || kept.added == counted.added
            }
            (kept, counted) => kept == counted,
        }
    }

    fn is_nothing(&self) -> bool {
        let empty = match &self.sums {
            Sums::Sum(sum) => sum.is_zero(),
            Sums::Level(level) => level.0.is_zero() && level.1.is_zero(),
            Sums::Unique(counts) => counts.is_empty(),
            Sums::Count | Sums::Min(_) | Sums::Max(_) | Sums::Latest(_) => true,
        };
        self.events == 0 && empty
    }

    fn shown(&self) -> String {
        match &self.sums {
            Sums::Sum(sum) => format!("{sum} of {} events", self.events),
            Sums::Min(extreme) | Sums::Max(extreme) => {
                format!("{} of {} events", extreme.added.unwrap_or_default(), self.events)
            }
            Sums::Unique(counts) => format!("{} values of {} events", counts.len(), self.events),
            Sums::Level(level) => format!("a change of {} by {} events", level.0, self.events),
            Sums::Count | Sums::Latest(_) => format!("{} events", self.events),
        }
    }
}

fn figure(take: &mut Take<'_>) -> Result<Decimal, Malformed> {
    let figure = take.decimal()?;
    if fits(figure) { Ok(figure) } else { Err(Malformed("a cell has more than a log can add up to")) }
}

fn put_extreme(out: &mut Vec<u8>, extreme: &Extreme) {
    out.push(u8::from(extreme.added.is_some()) | u8::from(extreme.removed.is_some()) << 1);
    for figure in [extreme.added, extreme.removed].into_iter().flatten() {
        out.put_decimal(figure);
    }
}

fn take_extreme(take: &mut Take<'_>) -> Result<Extreme, Malformed> {
    let flags = take.byte()?;
    let added = if flags & 1 == 0 { None } else { Some(figure(take)?) };
    let removed = if flags & 2 == 0 { None } else { Some(figure(take)?) };
    Ok(Extreme { added, removed })
}

fn put_order(out: &mut Vec<u8>, (time, sequence): (Timestamp, u64)) {
    out.put_i64(time.nanos());
    out.put_var(sequence);
}

fn take_order(take: &mut Take<'_>) -> Result<(Timestamp, u64), Malformed> {
    let time = Timestamp::from_nanos(take.i64()?).ok_or(Malformed("a time is out of range"))?;
    Ok((time, take.var()?))
}
