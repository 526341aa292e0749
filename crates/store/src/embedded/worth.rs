//! What an event is worth to the roll-ups, and how that is added or taken back.
//!
//! The one way into the roll-ups, for new events, for replayed ones and for corrected ones.

use super::meters::Meters;
use super::projection::charges::ChargeRollUps;
use super::projection::delta::UsageDelta;
use super::projection::metered::{MeterRollUps, SeriesRef, state_of};
use crate::measure::{Measured, MeterSet, measure, meter, meter_each};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use usage_domain::charge::Charge;
use usage_domain::event::EventRef;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign};
use usage_domain::meter::value::{Measurement, MeterValue};

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
    charge: Option<Box<Charge>>,
    /// Most events are of one meter.
    first: Option<(u32, MeterValue)>,
    more: Vec<(u32, MeterValue)>,
}

/// The meters and dimensions that a request's events are of, each once.
#[derive(Debug, Default)]
pub(crate) struct RequestSeries {
    list: Vec<(Arc<Meter>, Vec<Option<String>>)>,
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
            let measured = (self.place(meter, dimensions), value);
            match &mut worth.first {
                Some(_) => worth.more.push(measured),
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
    fn metered(&self) -> impl Iterator<Item = &(u32, MeterValue)> {
        self.first.iter().chain(&self.more)
    }
}

/// Roll-ups that are added to.
pub(crate) struct RollUpsMut<'a> {
    pub(crate) charges: &'a mut ChargeRollUps,
    pub(crate) metered: &'a mut MeterRollUps,
    pub(crate) delta: &'a mut UsageDelta,
    pub(crate) meters: &'a Meters,
    /// The usage of meters that are watched and not covered.
    pub(crate) uncovered: &'a mut MeterRollUps,
}

impl RollUpsMut<'_> {
    /// Adds what an event of a request is worth. `groups` remembers the numbers of the request's series.
    pub(crate) fn apply_row(
        &mut self,
        (subject, order): (&str, Order),
        worth: &RowWorth,
        series: &RequestSeries,
        groups: &mut Vec<Option<u32>>,
    ) {
        if let Some(charge) = &worth.charge {
            self.delta.charges.push(self.charges.charge(subject, order.0, charge, Sign::Added));
        }
        groups.resize(series.list.len(), None);
        for (place, value) in worth.metered() {
            let (meter, dimensions) = &series.list[*place as usize];
            let state = state_of(meter, value, order, Sign::Added);
            let named = SeriesRef { meter: meter.series, dimensions };
            if self.meters.covers(meter.series) {
                let known = &mut groups[*place as usize];
                let group = *known.get_or_insert_with(|| self.metered.series_number(&named));
                let keys = self.metered.measure_in(subject, order.0, group, &state);
                self.delta.measured(keys, state);
            } else {
                self.uncovered.measure(subject, order.0, &named, &state);
            }
        }
    }

    /// Adds what an event of this subject and order is worth, or takes it back.
    pub(crate) fn apply(&mut self, subject: &str, order: Order, worth: &Worth, sign: Sign) {
        if let Some(charge) = &worth.charge {
            self.delta.charges.push(self.charges.charge(subject, order.0, charge, sign));
        }
        for (meter, measured) in &worth.metered {
            let state = state_of(meter, &measured.value, order, sign);
            let series = SeriesRef { meter: meter.series, dimensions: &measured.dimensions };
            if self.meters.covers(meter.series) {
                let keys = self.metered.measure(subject, order.0, &series, &state);
                self.delta.measured(keys, state);
            } else {
                self.uncovered.measure(subject, order.0, &series, &state);
            }
        }
    }
}
