//! Tiers: stretches of quantity that lie end to end, each with its own price.
//!
//! A bound is inclusive: it is the last quantity of its tier, and any fraction above it is in the
//! next. No quantity may ever fall between tiers, so the last one has no bound.

use super::invalid::{InvalidPrice, not_negative};
use super::line::within;
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// The most tiers that a price has.
pub const MAX_TIERS: usize = 1000;

/// A stretch of quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// The last quantity in it; none for the last tier.
    pub up_to: Option<Decimal>,
    /// What a unit in it costs, or what part of it for percentages.
    pub unit: Decimal,
    /// What it costs to be in it at all.
    pub flat: Decimal,
    /// The most that all of it can cost.
    pub cap: Option<Decimal>,
}

/// Tiers in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

impl Tiers {
    /// Tiers of which each begins where the one before ends.
    ///
    /// # Errors
    /// None or too many, bounds that do not rise from above zero, a last tier with a bound, a cap
    /// below zero.
    pub fn new(tiers: Vec<Tier>) -> Result<Tiers, InvalidPrice> {
        within("tiers", tiers.len(), MAX_TIERS)?;
        let Some(last) = tiers.len().checked_sub(1) else {
            return Err(InvalidPrice::new("tiers", "must have at least one tier"));
        };
        let mut lower = Decimal::ZERO;
        for (index, tier) in tiers.iter().enumerate() {
            let field = format!("tiers[{index}].up_to");
            match tier.up_to {
                Some(up_to) if index == last => {
                    let right = "null: the last tier has no bound, so that every quantity has a price";
                    return Err(InvalidPrice::must(field, right, up_to));
                }
                None if index < last => {
                    let right = format!("more than {lower}, where the tier before ends: only the last tier");
                    return Err(InvalidPrice::new(field, format!("must be {right} has no bound")));
                }
                Some(up_to) if up_to <= lower => {
                    let right = match index {
                        0 => "more than 0".to_string(),
                        _ => format!("more than {lower}, where the tier before ends"),
                    };
                    return Err(InvalidPrice::must(field, &right, up_to));
                }
                Some(up_to) => lower = up_to,
                None => {}
            }
            not_negative(&format!("tiers[{index}].cap_amount"), tier.cap)?;
        }
        Ok(Tiers(tiers))
    }

    /// The tiers, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Tier> {
        self.0.iter()
    }

    /// What of `quantity` is in each tier that it reaches. The first is always reached; what was
    /// given back (a negative quantity) is in it.
    ///
    /// # Errors
    /// Figures that do not fit.
    pub fn split(&self, quantity: Ratio) -> Result<Vec<Ratio>, DecimalError> {
        let mut parts = Vec::new();
        let mut lower = Ratio::ZERO;
        for (index, tier) in self.0.iter().enumerate() {
            if index > 0 && quantity.compare(lower)?.is_le() {
                break;
            }
            let upper = match tier.up_to {
                Some(up_to) => quantity.min(up_to.into())?,
                None => quantity,
            };
            parts.push(upper.sub(lower)?);
            lower = upper;
        }
        Ok(parts)
    }

    /// The tier that all of `quantity` is in, and its place.
    ///
    /// # Errors
    /// Figures that do not fit.
    pub fn of(&self, quantity: Ratio) -> Result<(usize, &Tier), DecimalError> {
        // The last tier has no bound, so that the search ends in one.
        let mut index = 0;
        while let Some(up_to) = self.0[index].up_to
            && quantity.compare(up_to.into())?.is_gt()
        {
            index += 1;
        }
        Ok((index, &self.0[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, tiers, try_tiers};

    #[test]
    fn a_bound_is_the_last_quantity_of_its_tier() {
        let tiers = tiers(&["5 0 0", "10.5 0 0", "- 0 0"]);
        for (quantity, parts, tier) in [
            ("0", vec!["0"], 0),
            ("-3", vec!["-3"], 0),
            ("5", vec!["5"], 0),
            ("5.000000000000000001", vec!["5", "0.000000000000000001"], 1),
            ("10.5", vec!["5", "5.5"], 1),
            ("100", vec!["5", "5.5", "89.5"], 2),
        ] {
            let quantity = d(quantity).into();
            let split = tiers.split(quantity).unwrap();
            assert_eq!(split.iter().map(Ratio::to_string).collect::<Vec<_>>(), parts);
            assert_eq!(tiers.of(quantity).unwrap().0, tier, "{quantity}");
        }
    }

    #[test]
    fn tiers_that_leave_a_gap_or_overlap_are_refused_with_what_would_be_right() {
        for (rows, reason) in [
            (vec![], "tiers: must have at least one tier"),
            (
                vec!["10 1 0"],
                "tiers[0].up_to: must be null: the last tier has no bound, so that every quantity has a price, not 10",
            ),
            (
                vec!["10 1 0", "10 1 0", "- 1 0"],
                "tiers[1].up_to: must be more than 10, where the tier before ends, not 10",
            ),
            (
                vec!["10 1 0", "5 1 0", "- 1 0"],
                "tiers[1].up_to: must be more than 10, where the tier before ends, not 5",
            ),
            (vec!["0 1 0", "- 1 0"], "tiers[0].up_to: must be more than 0, not 0"),
            (vec!["-5 1 0", "- 1 0"], "tiers[0].up_to: must be more than 0, not -5"),
            (
                vec!["10 1 0", "- 1 0", "- 1 0"],
                "tiers[1].up_to: must be more than 10, where the tier before ends: only the last tier has no bound",
            ),
            (vec!["- 1 0 -1"], "tiers[0].cap_amount: must be zero or more, not -1"),
        ] {
            assert_eq!(try_tiers(&rows).unwrap_err().to_string(), reason);
        }
        let many: Vec<String> = (1..=MAX_TIERS).map(|i| format!("{i} 1 0")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["- 1 0"]).collect();
        let refused = try_tiers(&many).unwrap_err().to_string();
        assert_eq!(refused, "tiers: must have at most 1000 elements, not 1001");
        assert!(try_tiers(&many[1..]).is_ok());
    }
}
