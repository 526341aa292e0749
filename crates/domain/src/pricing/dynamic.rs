//! Dynamic: every event brings its own amount; the price marks their sum up or down.

use super::invalid::{InvalidPrice, not_negative};
use super::line::{Category, Item};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// What the events' own amounts are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dynamic {
    multiplier: Decimal,
}

impl Dynamic {
    /// The events' amounts, times `multiplier`.
    ///
    /// # Errors
    /// A multiplier below zero.
    pub fn new(multiplier: Decimal) -> Result<Dynamic, InvalidPrice> {
        not_negative("multiplier", Some(multiplier))?;
        Ok(Dynamic { multiplier })
    }

    /// What the events' own amounts are multiplied by.
    #[must_use]
    pub fn multiplier(&self) -> Decimal {
        self.multiplier
    }

    /// `own` is what the events cost by themselves.
    pub(super) fn items(&self, own: Ratio) -> Result<Vec<Item>, DecimalError> {
        Ok(vec![Item::once(0, Category::Usage, own.mul(self.multiplier.into())?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown};

    #[test]
    fn the_sum_of_what_the_events_cost_is_multiplied() {
        for (multiplier, own, bill) in [
            ("1", "0.402", "1 × 0.402 = 0.402"),
            ("1.33333", "10", "1 × 13.3333 = 13.3333"),
            ("1.2", "0", ""),
            ("1.2", "-10", "1 × -12 = -12"),
        ] {
            let items = Dynamic::new(d(multiplier)).unwrap().items(d(own).into()).unwrap();
            assert_eq!(shown(&items), bill);
        }
        let refused = Dynamic::new(d("-1")).unwrap_err();
        assert_eq!(refused.to_string(), "multiplier: must be zero or more, not -1");
    }
}
