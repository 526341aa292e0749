//! Splitting an amount over lines in whole minor units, so that nothing is lost or made.

use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use crate::rounding::{Mode, round};

/// Splits `amount` in proportion to `weights`, none of which is below zero, into figures with at
/// most `digits` digits after the point. Each part is first rounded down; what is then left goes,
/// one minor unit each, to the parts that lost most, and among equals to the first ones.
///
/// No part is larger than its weight: of an amount that is more than all weights together, only so
/// much is split.
///
/// # Errors
/// Figures that do not fit.
pub fn split(amount: Decimal, weights: &[Decimal], digits: u8) -> Result<Vec<Decimal>, DecimalError> {
    let all = weights.iter().try_fold(Decimal::ZERO, |sum, weight| sum.add(*weight))?;
    let amount = amount.min(all);
    if all.is_zero() {
        return Ok(vec![Decimal::ZERO; weights.len()]);
    }
    let places = i8::try_from(digits).map_err(|_| DecimalError::Overflow)?;
    let mut left = Ratio::from(amount);
    let mut parts = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let exact = Ratio::new(amount.mul(*weight)?, all)?;
        let part = round(exact, Mode::Floor, places)?;
        left = left.sub(part.into())?;
        parts.push((index, part, exact.sub(part.into())?));
    }
    // Fractions of one minor unit are over one denominator at most, so that they compare.
    let mut comparable = Ok(());
    parts.sort_by(|(_, _, a), (_, _, b)| {
        b.compare(*a).unwrap_or_else(|error| {
            comparable = Err(error);
            std::cmp::Ordering::Equal
        })
    });
    comparable?;
    let unit = Decimal::new(1, digits);
    for (_, part, _) in &mut parts {
        if left.compare(unit.into())?.is_lt() {
            break;
        }
        *part = part.add(unit)?;
        left = left.sub(unit.into())?;
    }
    parts.sort_unstable_by_key(|(index, _, _)| *index);
    Ok(parts.into_iter().map(|(_, part, _)| part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::d;
    use proptest::prelude::*;

    #[test]
    fn what_rounding_down_leaves_goes_to_those_that_lost_most() {
        for (amount, weights, digits, parts) in [
            ("10", vec!["60", "40"], 2, vec!["6", "4"]),
            ("1", vec!["3.33", "3.33", "3.34"], 2, vec!["0.33", "0.33", "0.34"]),
            ("1", vec!["1", "1", "1"], 2, vec!["0.34", "0.33", "0.33"]),
            ("40", vec!["10", "20"], 2, vec!["10", "20"]),
            ("5", vec!["0", "7"], 0, vec!["0", "5"]),
            ("5", vec!["0", "0"], 0, vec!["0", "0"]),
            ("5", vec![], 0, vec![]),
            ("1", vec!["1", "1"], 0, vec!["1", "0"]),
        ] {
            let weights: Vec<Decimal> = weights.into_iter().map(d).collect();
            let shown = split(d(amount), &weights, digits).unwrap();
            assert_eq!(shown.iter().map(Decimal::to_string).collect::<Vec<_>>(), parts);
        }
    }

    proptest! {
        #[test]
        fn the_parts_are_all_of_the_amount_and_none_exceeds_its_weight(
            weights in prop::collection::vec(0i64..1_000_000, 1..12), tenths in 0i64..11,
        ) {
            let sum: i64 = weights.iter().sum();
            let amount = sum * tenths / 10;
            let cents: Vec<Decimal> = weights.iter().map(|cents| Decimal::new(*cents, 2)).collect();
            let parts = split(Decimal::new(amount, 2), &cents, 2).unwrap();
            let whole = parts.iter().try_fold(Decimal::ZERO, |sum, part| sum.add(*part)).unwrap();
            prop_assert_eq!(whole, Decimal::new(amount, 2));
            prop_assert!(parts.iter().zip(&cents).all(|(part, weight)| part <= weight && !part.is_negative()));
        }
    }
}
