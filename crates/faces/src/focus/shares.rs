//! An amount of a line, shared out among its parts.

use crate::error::FaceError;
use crate::figure::Figures;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::ratio::Ratio;
use usage_domain::rounding::{Mode, round};

/// Digits after the point of a share that has no end.
const DIGITS: i8 = 12;

/// What of `amount` falls to each part, in the proportion of what they cost, where all of them together
/// are said to cost `all`. What rounding leaves over falls to the part that costs most, so that the shares
/// always add up to the amount. Where the amount is `all`, a share is what the part costs, with all its
/// digits.
pub(super) fn shares(
    figures: Figures<'_>,
    amount: Decimal,
    costs: &[Decimal],
    all: Decimal,
) -> Result<Vec<Decimal>, FaceError> {
    figures.fits(shared(amount, costs, all))
}

fn shared(amount: Decimal, costs: &[Decimal], all: Decimal) -> Result<Vec<Decimal>, DecimalError> {
    let mut shares = match (amount == all, amount.is_zero() || all.is_zero()) {
        (true, _) => costs.to_vec(),
        (_, true) => vec![Decimal::ZERO; costs.len()],
        _ => costs.iter().map(|cost| share(*cost, amount, all)).collect::<Result<_, _>>()?,
    };
    let sum = shares.iter().try_fold(Decimal::ZERO, |sum, share| sum.add(*share))?;
    let size = |cost: &Decimal| if cost.is_negative() { cost.negate() } else { *cost };
    // The first of those that cost the same, so that the answer is always the same.
    let most = costs.iter().enumerate().rev().max_by_key(|(_, cost)| size(cost)).map(|(part, _)| part);
    if let Some(share) = most.and_then(|part| shares.get_mut(part)) {
        *share = share.add(amount.sub(sum)?)?;
    }
    Ok(shares)
}

fn share(cost: Decimal, amount: Decimal, all: Decimal) -> Result<Decimal, DecimalError> {
    // Short figures, so that the product fits.
    let cost = round(cost.into(), Mode::HalfAwayFromZero, DIGITS)?;
    round(Ratio::new(cost.mul(amount)?, all)?, Mode::HalfAwayFromZero, DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(amount: &str, costs: &[&str], all: &str) -> Vec<String> {
        let figure = |text: &str| text.parse::<Decimal>().unwrap();
        let costs: Vec<Decimal> = costs.iter().map(|cost| figure(cost)).collect();
        shared(figure(amount), &costs, figure(all)).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_rounding_leaves_over_falls_to_the_part_that_costs_most() {
        // amount, costs, all, shares
        let table: [(&str, &[&str], &str, &[&str]); 8] = [
            ("1.01", &["1.004", "0.001"], "1.01", &["1.009", "0.001"]),
            ("0.9", &["0.5", "0.5"], "1", &["0.45", "0.45"]),
            ("1", &["1", "1", "1"], "3", &["0.333333333334", "0.333333333333", "0.333333333333"]),
            ("0", &["1", "2"], "3", &["0", "0"]),
            ("0", &["5", "-5"], "0", &["5", "-5"]),
            ("3", &["5", "-5"], "0", &["3", "0"]),
            ("-2", &["-3", "1"], "-4", &["-2.5", "0.5"]),
            ("7", &[], "7", &[]),
        ];
        for (amount, costs, all, expected) in table {
            assert_eq!(shown(amount, costs, all), expected, "{amount} of {costs:?}");
        }
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_amount(
            amount in -1_000_000_000i64..1_000_000_000,
            costs in prop::collection::vec((-1_000_000_000i64..1_000_000_000, 0u8..20), 1..8),
            all in -1_000_000i64..1_000_000,
        ) {
            let amount = Decimal::new(amount, 2);
            let costs: Vec<Decimal> = costs.into_iter().map(|(cost, scale)| Decimal::new(cost, scale)).collect();
            let shares = shared(amount, &costs, Decimal::new(all, 2)).unwrap();
            let sum = shares.iter().try_fold(Decimal::ZERO, |sum, share| sum.add(*share)).unwrap();
            prop_assert_eq!(sum, amount);
        }
    }
}
