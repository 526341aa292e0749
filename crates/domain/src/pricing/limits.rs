//! What follows the price: the percentage discount, then the maximum, then the minimum.
//!
//! Maximum and minimum are for a whole period, so that a share of one has a share of them.

use super::Stage;
use super::invalid::{InvalidPrice, not_negative, ordered};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// The discount and the limits of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// What part is taken off, 0 to 1.
    pub percentage_discount: Option<Decimal>,
    /// The least that a period costs.
    pub minimum_amount: Option<Decimal>,
    /// The most that a period costs.
    pub maximum_amount: Option<Decimal>,
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), InvalidPrice> {
        if let Some(part) = self.percentage_discount
            && (part.is_negative() || part > Decimal::new(1, 0))
        {
            let right = "a fraction from 0 to 1 (0.1 is 10 %)";
            return Err(InvalidPrice::must("percentage_discount", right, part));
        }
        not_negative("minimum_amount", self.minimum_amount)?;
        not_negative("maximum_amount", self.maximum_amount)?;
        ordered(("minimum_amount", self.minimum_amount), ("maximum_amount", self.maximum_amount))
    }

    /// What the percentage discount takes off, where there is one.
    pub(super) fn off(&self, amount: Ratio) -> Result<Option<Ratio>, DecimalError> {
        self.percentage_discount.map(|part| amount.mul(part.into())).transpose()
    }

    /// What a `share` of a period costs by its maximum, where it costs `amount` after the discount.
    pub(super) fn capped(&self, amount: Ratio, share: Ratio) -> Result<Ratio, DecimalError> {
        match self.maximum_amount {
            Some(maximum) => amount.min(share.mul(maximum.into())?),
            None => Ok(amount),
        }
    }

    /// What is missing to the minimum of a `share` of a period, once that is over.
    pub(super) fn missing(&self, capped: Ratio, share: Ratio, stage: Stage) -> Result<Ratio, DecimalError> {
        match (self.minimum_amount, stage) {
            (Some(minimum), Stage::Ended) => share.mul(minimum.into())?.sub(capped)?.max(Ratio::ZERO),
            _ => Ok(Ratio::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, some};

    fn limits(discount: &str, minimum: &str, maximum: &str) -> Limits {
        Limits {
            percentage_discount: some(discount),
            minimum_amount: some(minimum),
            maximum_amount: some(maximum),
        }
    }

    #[test]
    fn the_maximum_comes_before_the_minimum_and_the_minimum_at_the_end() {
        for (limits, amount, share, capped, missing) in [
            (limits("", "10", "20"), "15", "1", "15", "0"),
            (limits("", "10", "20"), "25", "1", "20", "0"),
            (limits("", "10", "20"), "0", "1", "0", "10"),
            (limits("", "10", "20"), "-5", "1", "-5", "15"),
            (limits("", "10", "20"), "15", "0.5", "10", "0"),
            (limits("", "10", "20"), "1", "0.5", "1", "4"),
            (limits("", "", "0"), "15", "1", "0", "0"),
            (limits("", "", ""), "15", "1", "15", "0"),
        ] {
            let (amount, share) = (d(amount).into(), d(share).into());
            let shown = limits.capped(amount, share).unwrap();
            assert_eq!(shown.to_string(), capped, "{limits:?}");
            let at = |stage| limits.missing(shown, share, stage).unwrap().to_string();
            assert_eq!((at(Stage::Ended).as_str(), at(Stage::Running).as_str()), (missing, "0"));
        }
    }

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        for (limits, reason) in [
            (
                limits("1.1", "", ""),
                "percentage_discount: must be a fraction from 0 to 1 (0.1 is 10 %), not 1.1",
            ),
            (
                limits("-0.1", "", ""),
                "percentage_discount: must be a fraction from 0 to 1 (0.1 is 10 %), not -0.1",
            ),
            (limits("", "-1", ""), "minimum_amount: must be zero or more, not -1"),
            (limits("", "", "-1"), "maximum_amount: must be zero or more, not -1"),
            (limits("", "20", "10"), "minimum_amount: must be at most maximum_amount, which is 10, not 20"),
        ] {
            assert_eq!(limits.check().unwrap_err().to_string(), reason);
        }
        assert_eq!(limits("1", "10", "10").check(), Ok(()));
    }
}
