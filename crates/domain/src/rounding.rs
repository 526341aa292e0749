//! The one place where digits are dropped, and the one rule by which they are.

use crate::decimal::{Decimal, DecimalError, power_of_ten};
use ethnum::I256;

/// `value` with at most `digits` digits after the point, halves away from zero (2.5 → 3, -2.5 → -3).
///
/// # Errors
/// None in practice: a value that fits can be written with fewer digits. The error type is that of
/// the arithmetic it uses.
pub fn half_away_from_zero(value: Decimal, digits: u8) -> Result<Decimal, DecimalError> {
    if value.scale() <= digits {
        return Ok(value);
    }
    let unit = power_of_ten(value.scale() - digits);
    let (quotient, remainder) = (value.coefficient() / unit, value.coefficient() % unit);
    let twice = remainder.checked_abs().and_then(|r| r.checked_mul(I256::new(2)));
    // A remainder of which the double overflows is certainly more than half.
    let up = twice.is_none_or(|twice| twice >= unit);
    let step = match (up, value.is_negative()) {
        (false, _) => I256::ZERO,
        (true, false) => I256::ONE,
        (true, true) => I256::MINUS_ONE,
    };
    let coefficient = quotient.checked_add(step).ok_or(DecimalError::Overflow)?;
    Ok(Decimal::from_coefficient(coefficient, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (value, digits, rounded) in [
            ("16.605", 2, "16.61"),
            ("16.604999999999999999", 2, "16.6"),
            ("-16.605", 2, "-16.61"),
            ("-16.6049", 2, "-16.6"),
            ("0.005", 2, "0.01"),
            ("-0.004", 2, "0"),
            ("2.5", 0, "3"),
            ("-2.5", 0, "-3"),
            ("1.0005", 3, "1.001"),
            ("99999999999999999999.999999999999999999", 2, "100000000000000000000"),
            ("7", 2, "7"),
        ] {
            let value: Decimal = value.parse().unwrap();
            assert_eq!(half_away_from_zero(value, digits).unwrap().to_string(), rounded, "{value}");
        }
    }
}
