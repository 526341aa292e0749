//! The usage discount: so many units of a period are free, the first ones.

use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// What of a discount in units is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDiscount(Ratio);

impl UsageDiscount {
    /// A discount of which nothing is used.
    #[must_use]
    pub fn new(units: Option<Decimal>) -> UsageDiscount {
        UsageDiscount(units.unwrap_or(Decimal::ZERO).into())
    }

    /// What of `quantity` is to be paid; what is not is taken from the discount. Units that were
    /// given back (a negative quantity) use nothing of it.
    ///
    /// # Errors
    /// Figures that do not fit.
    pub fn take(&mut self, quantity: Ratio) -> Result<Ratio, DecimalError> {
        if self.0.is_zero() || !quantity.is_positive() {
            return Ok(quantity);
        }
        let free = quantity.min(self.0)?;
        self.0 = self.0.sub(free)?;
        quantity.sub(free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::d;

    #[test]
    fn the_first_units_are_free_until_the_discount_is_used_up() {
        for (units, quantities, paid) in [
            ("10", vec!["5", "15", "3"], vec!["0", "10", "3"]),
            ("10", vec!["-5", "4", "6", "0", "1"], vec!["-5", "0", "0", "0", "1"]),
            ("0", vec!["5"], vec!["5"]),
            ("0.5", vec!["0.3", "0.3"], vec!["0", "0.1"]),
        ] {
            let mut discount = UsageDiscount::new(Some(d(units)));
            let left: Vec<String> =
                quantities.iter().map(|q| discount.take(d(q).into()).unwrap().to_string()).collect();
            assert_eq!(left, paid, "{units} of {quantities:?}");
        }
    }
}
