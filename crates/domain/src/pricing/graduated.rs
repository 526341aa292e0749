//! Graduated: each unit costs what the tier says that it is in.
//!
//! At zero usage the flat amount of the first tier is due, that of a later one once it is reached.

use super::line::{Category, Item, Kind, UnitPrice};
use super::tiers::{Tier, Tiers};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// An item for each tier that `quantity` reaches; `price` says what a tier's figure is.
pub(super) fn items(
    tiers: &Tiers,
    quantity: Ratio,
    price: fn(Decimal) -> UnitPrice,
) -> Result<Vec<Item>, DecimalError> {
    let parts = tiers.split(quantity)?;
    let reached = parts.into_iter().zip(tiers.iter()).enumerate();
    reached.map(|(slot, (part, tier))| in_tier(slot, tier, part, price(tier.unit))).collect()
}

/// What a part of the quantity costs in a tier. A tier that costs only for being reached is billed
/// as one thing.
pub(super) fn in_tier(slot: usize, tier: &Tier, part: Ratio, price: UnitPrice) -> Result<Item, DecimalError> {
    let flat = Ratio::from(tier.flat);
    let capped = |amount: Ratio| match tier.cap {
        Some(cap) => amount.min(cap.into()),
        None => Ok(amount),
    };
    if tier.unit.is_zero() && !flat.is_zero() {
        return Ok(Item::once(slot, Category::Flat, capped(flat)?));
    }
    let amount = capped(price.of(part)?.add(flat)?)?;
    Ok(Item { slot, kind: Kind::Units { quantity: part, price }, flat: Some(flat), amount })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown, tiers};

    #[test]
    fn each_unit_costs_what_its_tier_says() {
        let usual = tiers(&["10 10 2", "20 5 3", "- 5 3"]);
        let fees = tiers(&["5 0 100", "10 0 50", "15 10 0", "- 5 0"]);
        let capped = tiers(&["10 1 2 3", "- 2 0 100"]);
        for (tiers, quantity, bill) in [
            (&usual, "0", "0 × 0 + 2 = 2"),
            (&usual, "1", "1 × 10 + 2 = 12"),
            (&usual, "10", "10 × 10 + 2 = 102"),
            (&usual, "10.000001", "10 × 10 + 2 = 102, 0.000001 × 5 + 3 = 3.000005"),
            (&usual, "11", "10 × 10 + 2 = 102, 1 × 5 + 3 = 8"),
            (&usual, "21", "10 × 10 + 2 = 102, 10 × 5 + 3 = 53, 1 × 5 + 3 = 8"),
            (&usual, "-2", "-2 × 10 + 2 = -18"),
            (&fees, "0", "1 + 100 = 100"),
            (&fees, "5.001", "1 + 100 = 100, 1 + 50 = 50"),
            (&fees, "22", "1 + 100 = 100, 1 + 50 = 50, 5 × 10 = 50, 7 × 5 = 35"),
            (&capped, "5", "5 × 1 + 2 = 3"),
            (&capped, "100", "10 × 1 + 2 = 3, 90 × 2 = 100"),
        ] {
            let items = items(tiers, d(quantity).into(), UnitPrice::Amount).unwrap();
            assert_eq!(shown(&items), bill, "{quantity}");
        }
    }
}
