//! What an event is worth to the roll-ups, and how that is added or taken back.
//!
//! The one way into the roll-ups, for new events, for replayed ones and for corrected ones.

use super::meters::Meters;
use super::projection::charges::ChargeRollUps;
use super::projection::delta::UsageDelta;
use super::projection::layers::{Layers, Packed};
use super::projection::metered::{MeterRollUps, SeriesRef, state_of};
use super::projection::rollup::Sum;
use crate::measure::{Measured, MeterSet, measure, meter, meter_each};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use usage_domain::charge::Charge;
use usage_domain::decimal::Decimal;
use usage_domain::event::EventRef;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign, State};
use usage_domain::meter::value::{Measurement, MeterValue};
use usage_domain::time::Timestamp;

/// What an event is worth.
#[derive(Debug, Clone, Default)]
pub(crate) struct Worth {
    pub(crate) charge: Option<Charge>,
    pub(crate) metered: Vec<(Arc<Meter>, Measurement)>,
}

impl Worth {
    /// What an event is worth to bills and to these meters. What cannot be read is worth nothing there.
    pub(crate) fn of(event: EventRef<'_>, meters: &MeterSet) -> Worth {
        let charge = match measure(event) {
            Measured::Charge(charge) => Some(charge),
            Measured::Nothing | Measured::Invalid(_) => None,
        };
        let metered = meter(event, meters).into_iter();
        let metered = metered.filter_map(|(meter, measured)| Some((meter.clone(), measured.ok()?))).collect();
        Worth { charge, metered }
    }
}

/// What an event of a request is worth, in few bytes: its meters and dimensions are among those of the
/// request ([`RequestSeries`]).
#[derive(Debug, Default)]
pub(crate) struct RowWorth {
    pub(super) charge: Option<Box<Charge>>,
    /// Most events are of one meter.
    first: Option<(u32, RowValue)>,
    #[expect(clippy::box_collection, reason = "it is hardly ever there, and rows are many")]
    more: Option<Box<Vec<(u32, RowValue)>>>,
}

/// What an event contributes to a meter, in few bytes.
#[derive(Debug)]
pub(super) enum RowValue {
    /// A figure: its digits, and how many of them are behind the point.
    Figure(i64, u8),
    Other(Box<MeterValue>),
}

impl RowValue {
    fn of(value: MeterValue) -> RowValue {
        match &value {
            MeterValue::Number(number) => match number.to_small() {
                Some((digits, scale)) => RowValue::Figure(digits, scale),
                None => RowValue::Other(Box::new(value)),
            },
            MeterValue::Nothing | MeterValue::Text(_) => RowValue::Other(Box::new(value)),
        }
    }

    pub(super) fn state(&self, meter: &Meter, order: Order) -> State {
        match self {
            RowValue::Figure(digits, scale) => {
                let value = MeterValue::Number(Decimal::new(*digits, *scale));
                state_of(meter, &value, order, Sign::Added)
            }
            RowValue::Other(value) => state_of(meter, value, order, Sign::Added),
        }
    }
}

/// The meters and dimensions that a request's events are of, each once.
#[derive(Debug, Default)]
pub(crate) struct RequestSeries {
    pub(super) list: Vec<(Arc<Meter>, Vec<Option<String>>)>,
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl RequestSeries {
    /// What an event is worth to bills and to these meters. What cannot be read is worth nothing there.
    pub(crate) fn worth(&mut self, event: EventRef<'_>, meters: &MeterSet) -> RowWorth {
        let mut worth = RowWorth::default();
        if let Measured::Charge(charge) = measure(event) {
            worth.charge = Some(Box::new(charge));
        }
        meter_each(event, meters, |meter, value, dimensions| {
            let measured = (self.place(meter, dimensions), RowValue::of(value));
            match &mut worth.first {
                Some(_) => worth.more.get_or_insert_default().push(measured),
                none => *none = Some(measured),
            }
        });
        worth
    }

    fn place(&mut self, meter: &Arc<Meter>, dimensions: &[Option<Cow<'_, str>>]) -> u32 {
        let hash = |meter: &Meter, dimensions: &mut dyn Iterator<Item = Option<&str>>| {
            let mut state = self.hasher.build_hasher();
            meter.series.hash(&mut state);
            dimensions.for_each(|text| text.hash(&mut state));
            state.finish()
        };
        let hashed = hash(meter, &mut dimensions.iter().map(Option::as_deref));
        let same = |place: &u32| {
            let (of, known) = &self.list[*place as usize];
            of.series == meter.series
                && known.iter().map(Option::as_deref).eq(dimensions.iter().map(Option::as_deref))
        };
        if let Some(place) = self.places.find(hashed, same) {
            return *place;
        }
        let place = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.places.insert_unique(hashed, place, |place| {
            let (of, known) = &self.list[*place as usize];
            hash(of, &mut known.iter().map(Option::as_deref))
        });
        let owned = dimensions.iter().map(|text| text.as_deref().map(str::to_string)).collect();
        self.list.push((meter.clone(), owned));
        place
    }
}

impl RowWorth {
    pub(super) fn metered(&self) -> impl Iterator<Item = &(u32, RowValue)> {
        self.first.iter().chain(self.more.iter().flat_map(|more| more.iter()))
    }
}

/// Cells of meters that are added to.
pub(crate) trait MeterCells {
    /// The number of a series, whose sums are of this kind ([`Sum::kind`]).
    fn group(&mut self, series: &SeriesRef<'_>, kind: u8) -> u32;
    /// Adds what an event of this subject and time is worth in the group of this number.
    fn measure(&mut self, subject: &str, time: Timestamp, group: u32, state: State);
}

impl MeterCells for MeterRollUps {
    fn group(&mut self, series: &SeriesRef<'_>, _: u8) -> u32 {
        self.series_number(series)
    }

    fn measure(&mut self, subject: &str, time: Timestamp, group: u32, state: State) {
        self.measure_in(subject, time, group, &state);
    }
}

impl MeterCells for Layers {
    fn group(&mut self, series: &SeriesRef<'_>, kind: u8) -> u32 {
        Layers::group(self, series, kind)
    }

    fn measure(&mut self, subject: &str, time: Timestamp, group: u32, state: State) {
        let subject = self.subjects().number(subject);
        Layers::measure(self, subject, time, group, Packed::of(state));
    }
}

/// Roll-ups that are added to.
pub(crate) struct RollUpsMut<'a, M> {
    pub(crate) charges: &'a mut ChargeRollUps,
    pub(crate) metered: &'a mut M,
    pub(crate) delta: &'a mut UsageDelta,
    pub(crate) meters: &'a Meters,
    /// The usage of meters that are watched and not covered.
    pub(crate) uncovered: &'a mut MeterRollUps,
}

impl<M: MeterCells> RollUpsMut<'_, M> {
    /// Adds what an event of a request is worth. `groups` remembers the numbers of the request's series.
    pub(crate) fn apply_row(
        &mut self,
        (subject, order): (&str, Order),
        worth: &RowWorth,
        series: &RequestSeries,
        groups: &mut Vec<Option<u32>>,
    ) {
        self.charge(subject, order, worth.charge.as_deref(), Sign::Added);
        groups.resize(series.list.len(), None);
        for (place, value) in worth.metered() {
            let (meter, dimensions) = &series.list[*place as usize];
            let state = value.state(meter, order);
            let named = SeriesRef { meter: meter.series, dimensions };
            if self.meters.covers(meter.series) {
                let known = &mut groups[*place as usize];
                let group = *known.get_or_insert_with(|| self.metered.group(&named, Sum::kind(&state)));
                self.metered.measure(subject, order.0, group, state);
            } else {
                self.uncovered.measure(subject, order.0, &named, &state);
            }
        }
    }

    /// Adds what an event of this subject and order is worth, or takes it back.
    pub(crate) fn apply(&mut self, subject: &str, order: Order, worth: &Worth, sign: Sign) {
        self.charge(subject, order, worth.charge.as_ref(), sign);
        for (meter, measured) in &worth.metered {
            let state = state_of(meter, &measured.value, order, sign);
            let series = SeriesRef { meter: meter.series, dimensions: &measured.dimensions };
            if self.meters.covers(meter.series) {
                let group = self.metered.group(&series, Sum::kind(&state));
                self.metered.measure(subject, order.0, group, state);
            } else {
                self.uncovered.measure(subject, order.0, &series, &state);
            }
        }
    }

    pub(super) fn charge(&mut self, subject: &str, order: Order, charge: Option<&Charge>, sign: Sign) {
        if let Some(charge) = charge {
            self.delta.charges.push(self.charges.charge(subject, order.0, charge, sign));
        }
    }
}
