//! Volume: every unit costs what the tier says that the whole quantity is in.
//!
//! Only at the end of a period is it known which tier that is: nothing is billed before. More usage
//! may cost less, where a later tier is cheaper.

use super::Stage;
use super::graduated::in_tier;
use super::line::{Item, UnitPrice};
use super::tiers::Tiers;
use crate::decimal::DecimalError;
use crate::ratio::Ratio;

/// The whole `quantity` in the tier of `tier_quantity`.
pub(super) fn items(
    tiers: &Tiers,
    quantity: Ratio,
    tier_quantity: Ratio,
    stage: Stage,
) -> Result<Vec<Item>, DecimalError> {
    if stage == Stage::Running {
        return Ok(Vec::new());
    }
    let (slot, tier) = tiers.of(tier_quantity)?;
    Ok(vec![in_tier(slot, tier, quantity, UnitPrice::Amount(tier.unit))?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown, tiers};

    #[test]
    fn all_units_cost_what_the_tier_of_the_whole_says_once_the_period_is_over() {
        let usual = tiers(&["100 2 10", "200 1 0", "- 0.5 50"]);
        for (quantity, tier_quantity, bill) in [
            ("0", "0", "0 × 0 + 10 = 10"),
            ("1", "1", "1 × 2 + 10 = 12"),
            ("100", "100", "100 × 2 + 10 = 210"),
            ("100.5", "100.5", "100.5 × 1 = 100.5"),
            ("300", "300", "300 × 0.5 + 50 = 200"),
            ("198.6", "300", "198.6 × 0.5 + 50 = 149.3"),
            ("-1", "-1", "-1 × 2 + 10 = 8"),
        ] {
            let rate = |stage| items(&usual, d(quantity).into(), d(tier_quantity).into(), stage).unwrap();
            assert_eq!(shown(&rate(Stage::Ended)), bill, "{quantity}");
            assert_eq!(shown(&rate(Stage::Running)), "", "{quantity}");
        }
    }
}
