//! What an event is worth to the roll-ups, and how that is added or taken back.
//!
//! The one way into the roll-ups, for new events, for replayed ones and for corrected ones.

use super::meters::Meters;
use super::projection::charges::ChargeRollUps;
use super::projection::delta::UsageDelta;
use super::projection::metered::{MeterRollUps, SeriesRef, state};
use crate::measure::{Measured, MeterSet, measure, meter};
use std::sync::Arc;
use usage_domain::charge::Charge;
use usage_domain::event::EventRef;
use usage_domain::meter::Meter;
use usage_domain::meter::aggregate::{Order, Sign};
use usage_domain::meter::value::Measurement;

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
    /// Adds what an event of this subject and order is worth, or takes it back.
    pub(crate) fn apply(&mut self, subject: &str, order: Order, worth: &Worth, sign: Sign) {
        if let Some(charge) = &worth.charge {
            self.delta.charges.push(self.charges.charge(subject, order.0, charge, sign));
        }
        for (meter, measured) in &worth.metered {
            let state = state(meter, measured, order, sign);
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
