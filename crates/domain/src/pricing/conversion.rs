//! Unit conversion: from the unit that is metered to the unit that is priced.
//!
//! It comes first: tiers, packages and discounts are all in converted units.

use super::invalid::{InvalidPrice, above_zero};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use crate::rounding::{self, Mode};

/// How many priced units a metered unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitConversion {
    operation: Operation,
    factor: Decimal,
    rounding: Option<(Mode, i8)>,
}

/// What is done with the factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Metered units × factor.
    Multiply,
    /// Metered units ÷ factor.
    Divide,
}

impl UnitConversion {
    /// A conversion by `factor`; the result is rounded where `rounding` says a rule and a number of
    /// digits after the point.
    ///
    /// # Errors
    /// A factor that is not above zero, or more digits than there can be.
    pub fn new(
        operation: Operation,
        factor: Decimal,
        rounding: Option<(Mode, i8)>,
    ) -> Result<UnitConversion, InvalidPrice> {
        above_zero("unit_conversion.factor", factor)?;
        if let Some((_, digits)) = rounding
            && !rounding::DIGITS.contains(&digits)
        {
            return Err(InvalidPrice::must("unit_conversion.precision", "-18 to 18", digits));
        }
        Ok(UnitConversion { operation, factor, rounding })
    }

    /// Whether it rounds.
    #[must_use]
    pub fn rounds(&self) -> bool {
        self.rounding.is_some()
    }

    /// What is done with the factor.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// By what metered units are multiplied or divided.
    #[must_use]
    pub fn factor(&self) -> Decimal {
        self.factor
    }

    /// The rule and the digits after the point by which the result is rounded, if it is.
    #[must_use]
    pub fn rounding(&self) -> Option<(Mode, i8)> {
        self.rounding
    }

    /// The priced units that so many metered units are.
    ///
    /// # Errors
    /// A result that does not fit.
    pub fn apply(&self, quantity: Decimal) -> Result<Ratio, DecimalError> {
        let exact = match self.operation {
            Operation::Multiply => quantity.mul(self.factor)?.into(),
            Operation::Divide => Ratio::new(quantity, self.factor)?,
        };
        match self.rounding {
            None => Ok(exact),
            Some((mode, digits)) => rounding::round(exact, mode, digits).map(Ratio::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::d;

    #[test]
    fn quantities_are_converted_and_rounded_as_the_price_says() {
        use Mode::{Ceiling, Floor, HalfAwayFromZero};
        use Operation::{Divide, Multiply};
        for (quantity, operation, factor, rounding, converted) in [
            ("4.2", Multiply, "1.5", None, "6.3"),
            ("1247", Divide, "1000", None, "1.247"),
            ("1247", Divide, "1000", Some((Ceiling, 0)), "2"),
            ("1000", Divide, "1000", Some((Ceiling, 0)), "1"),
            ("1999", Divide, "1000", Some((Floor, 0)), "1"),
            ("-2500", Divide, "1000", Some((HalfAwayFromZero, 0)), "-3"),
            ("1247", Divide, "1000", Some((Ceiling, 2)), "1.25"),
            ("1247", Multiply, "1", Some((Ceiling, -2)), "1300"),
            ("10", Divide, "3", None, "10/3"),
            ("0", Divide, "3", Some((Ceiling, 0)), "0"),
        ] {
            let conversion = UnitConversion::new(operation, d(factor), rounding).unwrap();
            assert_eq!(conversion.apply(d(quantity)).unwrap().to_string(), converted, "{quantity}");
        }
    }

    #[test]
    fn a_factor_or_a_precision_that_makes_no_sense_is_refused() {
        for (factor, digits, reason) in [
            ("0", 0, "unit_conversion.factor: must be more than zero, not 0"),
            ("-10", 0, "unit_conversion.factor: must be more than zero, not -10"),
            ("10", 19, "unit_conversion.precision: must be -18 to 18, not 19"),
        ] {
            let refused = UnitConversion::new(Operation::Divide, d(factor), Some((Mode::Floor, digits)));
            assert_eq!(refused.unwrap_err().to_string(), reason);
        }
    }
}
