//! The one place where digits are dropped, and the rules by which they are.
//!
//! A bill line is rounded once, half away from zero. The other rules are for quantities: unit
//! conversions and aggregates round as their price or meter says.

use crate::decimal::{Decimal, DecimalError, power_of_ten};
use crate::ratio::Ratio;
use ethnum::I256;

/// Which way a figure goes that has more digits than it is to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To the nearest, halves away from zero (2.5 → 3, -2.5 → -3): the rule of every bill line.
    HalfAwayFromZero,
    /// To the next one that is not less (1.1 → 2, -1.9 → -1).
    Ceiling,
    /// To the next one that is not more (1.9 → 1, -1.1 → -2).
    Floor,
}

/// Digits after the point that a figure may be rounded to; negative ones are zeros before it.
pub const DIGITS: std::ops::RangeInclusive<i8> = -18..=18;

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
    let coefficient = divide(value.coefficient(), unit, Mode::HalfAwayFromZero)?;
    Ok(Decimal::from_coefficient(coefficient, digits))
}

/// `value` with at most `digits` digits after the point; with -2, in whole hundreds.
///
/// # Errors
/// [`DecimalError::Overflow`] for a fraction of so many digits that it cannot be divided.
pub fn round(value: Ratio, mode: Mode, digits: i8) -> Result<Decimal, DecimalError> {
    debug_assert!(DIGITS.contains(&digits));
    let (figure, denominator) = (value.numerator(), value.denominator());
    let shift = i32::from(digits) - i32::from(figure.scale());
    if shift >= 0 && denominator == I256::ONE {
        return Ok(figure);
    }
    let coefficient = shifted(figure.coefficient(), denominator, shift, mode)?;
    match u8::try_from(digits) {
        Ok(scale) => Ok(Decimal::from_coefficient(coefficient, scale)),
        Err(_) => {
            let unit = power_of_ten(digits.unsigned_abs());
            let coefficient = coefficient.checked_mul(unit).ok_or(DecimalError::Overflow)?;
            Ok(Decimal::from_coefficient(coefficient, 0))
        }
    }
}

/// The whole number that a quotient becomes; the divisor is above zero.
fn divide(dividend: I256, divisor: I256, mode: Mode) -> Result<I256, DecimalError> {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    let up = match mode {
        // A rest of which the double overflows is certainly more than half.
        Mode::HalfAwayFromZero => rest.abs().checked_mul(I256::new(2)).is_none_or(|twice| twice >= divisor),
        Mode::Ceiling => rest > I256::ZERO,
        Mode::Floor => rest < I256::ZERO,
    };
    let step = match (up, dividend < I256::ZERO) {
        (false, _) => I256::ZERO,
        (true, false) => I256::ONE,
        (true, true) => I256::MINUS_ONE,
    };
    quotient.checked_add(step).ok_or(DecimalError::Overflow)
}

/// `numerator` / `denominator` with at most `digits` digits after the point, halves away from zero. A
/// division happens once, last, on figures that are exact until then.
///
/// # Errors
/// [`DecimalError::Overflow`] where the quotient, or the numerator with as many digits as that takes,
/// does not fit. A denominator of zero is refused the same way: there is no such quotient.
pub fn quotient(numerator: Decimal, denominator: Decimal, digits: u8) -> Result<Decimal, DecimalError> {
    if denominator.is_zero() {
        return Err(DecimalError::Overflow);
    }
    let upright = |figure: Decimal| if denominator.is_negative() { figure.negate() } else { figure };
    let (a, b) = (upright(numerator), upright(denominator));
    // numerator / denominator = coefficient of a / coefficient of b × 10^(scale of b - scale of a)
    let shift = i32::from(digits) + i32::from(b.scale()) - i32::from(a.scale());
    let coefficient = shifted(a.coefficient(), b.coefficient(), shift, Mode::HalfAwayFromZero)?;
    Ok(Decimal::from_coefficient(coefficient, digits))
}

/// The whole number that `dividend` × 10^`shift` / `divisor` becomes; the divisor is above zero.
fn shifted(dividend: I256, divisor: I256, shift: i32, mode: Mode) -> Result<I256, DecimalError> {
    let by = u8::try_from(shift.unsigned_abs()).ok().filter(|by| *by <= 76).ok_or(DecimalError::Overflow)?;
    let scaled = |number: I256| number.checked_mul(power_of_ten(by)).ok_or(DecimalError::Overflow);
    if shift >= 0 {
        divide(scaled(dividend)?, divisor, mode)
    } else {
        divide(dividend, scaled(divisor)?, mode)
    }
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
    fn each_rule_goes_its_way_to_any_number_of_digits() {
        use Mode::{Ceiling, Floor, HalfAwayFromZero};
        for (value, mode, digits, rounded) in [
            ("123.456", HalfAwayFromZero, 2, "123.46"),
            ("123.456", HalfAwayFromZero, 0, "123"),
            ("123.456", HalfAwayFromZero, -2, "100"),
            ("150", HalfAwayFromZero, -2, "200"),
            ("-150", HalfAwayFromZero, -2, "-200"),
            ("123.456", Ceiling, 2, "123.46"),
            ("123.456", Ceiling, -2, "200"),
            ("-123.456", Ceiling, 0, "-123"),
            ("123.456", Floor, 2, "123.45"),
            ("-123.456", Floor, 0, "-124"),
            ("0", Ceiling, -2, "0"),
            ("5", Ceiling, 3, "5"),
            ("1/3", HalfAwayFromZero, 2, "0.33"),
            ("2/3", HalfAwayFromZero, 2, "0.67"),
            ("1/3", Ceiling, 18, "0.333333333333333334"),
            ("-1/3", Ceiling, 18, "-0.333333333333333333"),
            ("-2/3", Floor, -3, "-1000"),
            ("299/31", Ceiling, 5, "9.64517"),
        ] {
            let (numerator, denominator) = value.split_once('/').unwrap_or((value, "1"));
            let ratio = Ratio::new(numerator.parse().unwrap(), denominator.parse().unwrap()).unwrap();
            assert_eq!(round(ratio, mode, digits).unwrap().to_string(), rounded, "{value} {mode:?} {digits}");
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
