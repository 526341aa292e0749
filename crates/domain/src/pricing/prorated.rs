//! Graduated prices of a level that changes within the period, such as seats.
//!
//! The whole units tell the tiers; what is billed in a tier is prorated by how long the units were
//! there. A tier that was reached at any time costs its flat amount. Units that leave give back what
//! was prorated for the rest of the period, in the tiers that they leave.

use super::line::{Category, Item, Kind, Line, UnitPrice, growth};
use super::tiers::Tiers;
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// Units that come, or that leave (below zero).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// How many.
    pub units: Decimal,
    /// The same, for the part of the period that is left: 1 unit for a third of it is a third.
    pub prorated: Ratio,
}

/// What a period of changes costs, as a line for each tier that was reached.
///
/// # Errors
/// Figures that do not fit.
pub fn graduated(tiers: &Tiers, changes: &[Change]) -> Result<Vec<Line>, DecimalError> {
    let mut level = Ratio::ZERO;
    let mut billed = vec![Ratio::ZERO];
    for change in changes.iter().filter(|change| !change.units.is_zero()) {
        let before = tiers.split(level)?;
        level = level.add(change.units.into())?;
        let after = tiers.split(level)?;
        let part = change.prorated.div(change.units.into())?;
        billed.resize(billed.len().max(after.len()), Ratio::ZERO);
        for (tier, sum) in billed.iter_mut().enumerate() {
            let in_tier = |split: &[Ratio]| split.get(tier).copied().unwrap_or(Ratio::ZERO);
            let grown = in_tier(&after).sub(in_tier(&before))?;
            *sum = sum.add(grown.mul(part)?)?;
        }
    }
    let reached = billed.into_iter().zip(tiers.iter()).enumerate();
    let items = reached.map(|(slot, (quantity, tier))| {
        let flat = Ratio::from(tier.flat);
        let price = UnitPrice::Amount(tier.unit);
        if tier.unit.is_zero() && !flat.is_zero() {
            return Ok(Item::once(slot, Category::Flat, flat));
        }
        let amount = price.of(quantity)?.add(flat)?;
        Ok(Item { slot, kind: Kind::Units { quantity, price }, flat: Some(flat), amount })
    });
    growth(&items.collect::<Result<Vec<_>, DecimalError>>()?, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, tiers};

    #[test]
    fn whole_units_tell_the_tier_and_prorated_ones_the_amount() {
        let usual = tiers(&["5 10 100", "- 5 50"]);
        for (changes, amount) in [
            (vec![], "100"),
            (vec![("1", "0.7")], "107"),
            (vec![("5", "3.5"), ("-2", "-1")], "125"),
            (vec![("4", "2.8"), ("2", "1"), ("-3", "-0.6")], "180.5"),
            (vec![("5", "3.5"), ("0", "9")], "135"),
            (vec![("5", "2"), ("-100", "-33.33")], "-213.3"),
        ] {
            let change =
                |(units, prorated): &(&str, &str)| Change { units: d(units), prorated: d(prorated).into() };
            let changes: Vec<Change> = changes.iter().map(change).collect();
            let lines = graduated(&usual, &changes).unwrap();
            let total = Ratio::sum(lines.iter().map(|line| line.amount)).unwrap();
            assert_eq!(total.to_string(), amount);
        }
    }
}
