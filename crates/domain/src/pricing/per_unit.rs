//! Per unit: every unit costs the same.

use super::line::{Item, UnitPrice};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// A price for each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerUnit {
    /// What a unit costs.
    pub unit_amount: Decimal,
}

impl PerUnit {
    pub(super) fn items(&self, quantity: Ratio) -> Result<Vec<Item>, DecimalError> {
        Ok(vec![Item::units(0, quantity, UnitPrice::Amount(self.unit_amount))?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown};

    #[test]
    fn every_unit_costs_the_same() {
        for (unit_amount, quantity, bill) in [
            ("5.12345", "10", "10 × 5.12345 = 51.2345"),
            ("0.0000025", "18059174", "18059174 × 0.0000025 = 45.147935"),
            ("10", "0", ""),
            ("0", "7", "7 × 0 = 0"),
            ("10", "-3", "-3 × 10 = -30"),
            ("-0.5", "3", "3 × -0.5 = -1.5"),
            (
                "0.000000000000000001",
                "0.000000000000000001",
                "0.000000000000000001 × 0.000000000000000001 = 0.000000000000000000000000000000000001",
            ),
        ] {
            let items = PerUnit { unit_amount: d(unit_amount) }.items(d(quantity).into()).unwrap();
            assert_eq!(shown(&items), bill);
        }
    }
}
