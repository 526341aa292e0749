//! What was used of one thing in a period, as far as prices look at it.

use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use std::collections::BTreeMap;

/// What was used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consumption {
    /// How many units; for a dynamic price, the sum of what the events cost by themselves.
    pub quantity: Decimal,
    /// The units that tell the tier of a volume price, where they are others than those billed.
    pub tier_quantity: Option<Decimal>,
    /// The single events, for prices that look at them.
    pub events: Events<Decimal>,
    /// Units by dimension, for a matrix.
    pub groups: Vec<Group>,
}

/// The units of single events in their order, and of a remainder of which only the sum is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Events<Figure> {
    /// The first events, one by one.
    pub each: Vec<Figure>,
    /// The units of all further events together.
    pub rest: Figure,
    /// How many further events there are.
    pub rest_count: u64,
}

/// The units of one combination of dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The value of each dimension; one that the events lack is absent.
    pub values: BTreeMap<String, String>,
    /// How many units.
    pub quantity: Decimal,
}

impl Consumption {
    /// So many units, and nothing else known about them.
    #[must_use]
    pub fn of(quantity: Decimal) -> Consumption {
        Consumption { quantity, ..Consumption::default() }
    }

    /// The units of single events.
    ///
    /// # Errors
    /// Units that add up to more than fits.
    pub fn of_events(each: Vec<Decimal>) -> Result<Consumption, DecimalError> {
        let quantity = each.iter().try_fold(Decimal::ZERO, |sum, value| sum.add(*value))?;
        let events = Events { each, ..Events::default() };
        Ok(Consumption { quantity, events, ..Consumption::default() })
    }
}

impl Events<Decimal> {
    /// The same events with each figure changed by `change`, which must be linear.
    pub(crate) fn map<E>(
        &self,
        mut change: impl FnMut(Decimal) -> Result<Ratio, E>,
    ) -> Result<Events<Ratio>, E> {
        Ok(Events {
            each: self.each.iter().map(|value| change(*value)).collect::<Result<_, _>>()?,
            rest: change(self.rest)?,
            rest_count: self.rest_count,
        })
    }
}
