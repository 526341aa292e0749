//! Graduated percentage: a part of the quantity, which itself is money, by the tier that it is in.

use super::graduated;
use super::invalid::InvalidPrice;
use super::line::{Item, UnitPrice};
use super::percentage::check_rate;
use super::tiers::Tiers;
use crate::decimal::DecimalError;
use crate::ratio::Ratio;

pub(super) fn check(tiers: &Tiers) -> Result<(), InvalidPrice> {
    let mut rates = tiers.iter().enumerate();
    rates.try_for_each(|(index, tier)| check_rate(&format!("tiers[{index}].rate"), tier.unit))
}

pub(super) fn items(tiers: &Tiers, quantity: Ratio) -> Result<Vec<Item>, DecimalError> {
    graduated::items(tiers, quantity, UnitPrice::Rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown, tiers};

    #[test]
    fn each_part_costs_the_rate_of_its_tier() {
        let usual = tiers(&["10 0.01 200", "20 0.02 300", "- 0.03 400"]);
        for (quantity, bill) in [
            ("0", "0 × 0.01 + 200 = 200"),
            ("10", "10 × 0.01 + 200 = 200.1"),
            ("11", "10 × 0.01 + 200 = 200.1, 1 × 0.02 + 300 = 300.02"),
            ("21", "10 × 0.01 + 200 = 200.1, 10 × 0.02 + 300 = 300.2, 1 × 0.03 + 400 = 400.03"),
        ] {
            assert_eq!(shown(&items(&usual, d(quantity).into()).unwrap()), bill, "{quantity}");
        }
    }

    #[test]
    fn a_rate_that_is_no_fraction_is_refused() {
        let refused = check(&tiers(&["10 0.01 0", "- -0.02 0"])).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "tiers[1].rate: must be a fraction from 0 to 100 (0.025 is 2.5 %), not -0.02"
        );
    }
}
