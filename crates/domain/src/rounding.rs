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

/// `numerator` / `denominator` with at most `digits` digits after the point, halves away from zero. A
/// division happens once, last, on figures that are exact until then.
///
/// # Errors
/// [`DecimalError::Overflow`] where the quotient, or the numerator with as many digits as that takes,
/// does not fit. A denominator of zero is refused the same way: there is no such quotient.
pub fn quotient(numerator: Decimal, denominator: Decimal, digits: u8) -> Result<Decimal, DecimalError> {
    // numerator / denominator = a / b × 10^(scale of b - scale of a)
    let shift = i32::from(digits) + i32::from(denominator.scale()) - i32::from(numerator.scale());
    let (mut a, mut b) = (numerator.coefficient(), denominator.coefficient());
    let scaled = |value: I256, by: i32| {
        let by = u8::try_from(by).ok().filter(|by| *by <= 76).ok_or(DecimalError::Overflow)?;
        value.checked_mul(power_of_ten(by)).ok_or(DecimalError::Overflow)
    };
    if shift >= 0 {
        a = scaled(a, shift)?
    } else {
        b = scaled(b, -shift)?
    }
    let (whole, rest) = match (a.checked_div(b), a.checked_rem(b)) {
        (Some(whole), Some(rest)) => (whole, rest),
        _ => return Err(DecimalError::Overflow),
    };
    // |rest| × 2 >= |b|, without doubling what may not fit.
    let (size, of) = (rest.checked_abs(), b.checked_abs());
    let up = size.zip(of).is_some_and(|(size, of)| size >= of - size && rest != I256::ZERO);
    let step = match (up, (a < I256::ZERO) == (b < I256::ZERO)) {
        (false, _) => I256::ZERO,
        (true, true) => I256::ONE,
        (true, false) => I256::MINUS_ONE,
    };
    let coefficient = whole.checked_add(step).ok_or(DecimalError::Overflow)?;
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

    #[test]
    fn a_quotient_is_rounded_once() {
        for (a, b, digits, result) in [
            ("1", "3", 4, "0.3333"),
            ("2", "3", 4, "0.6667"),
            ("-2", "3", 4, "-0.6667"),
            ("1", "-8", 2, "-0.13"),
            ("0.000000000000000001", "2", 18, "0.000000000000000001"),
            (
                "99999999999999999999.999999999999999999",
                "0.000000000000000001",
                0,
                "99999999999999999999999999999999999999",
            ),
            ("10", "4", 0, "3"),
            ("0", "7", 18, "0"),
        ] {
            let [a, b]: [Decimal; 2] = [a, b].map(|text| text.parse().unwrap());
            assert_eq!(quotient(a, b, digits).unwrap().to_string(), result, "{a} / {b}");
        }
        assert_eq!(quotient(Decimal::new(1, 0), Decimal::ZERO, 2), Err(DecimalError::Overflow));
    }
}
