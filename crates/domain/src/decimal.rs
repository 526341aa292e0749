//! Exact decimals: the one number type of quantities, unit prices and amounts.
//!
//! Owns how a figure is kept and computed. Does not own rounding (see [`crate::rounding`]).
//! No operation here may ever lose a digit: what does not fit is an error that names the limit.

mod text;

use ethnum::I256;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// Digits before the decimal point that a figure from outside may have.
pub const MAX_INTEGER_DIGITS: u32 = 20;
/// Digits after the decimal point that a figure from outside may have.
pub const MAX_FRACTION_DIGITS: u32 = 18;
/// Digits after the decimal point that a computed figure may have.
const MAX_SCALE: u8 = 60;

/// An exact decimal number: a 256-bit coefficient and a count of fraction digits.
///
/// A figure from outside has at most [`MAX_INTEGER_DIGITS`] digits before and
/// [`MAX_FRACTION_DIGITS`] after the point, so that the product of any two fits (76 digits).
// Packed: a store keeps millions of them, and 16 bytes of padding each are a third more.
#[derive(Clone, Copy, Default)]
#[repr(C, packed(8))]
pub struct Decimal {
    coefficient: I256,
    scale: u8,
}

/// Why a text is not a figure, or a computation has no exact result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is empty or has characters that no number has.
    #[error("not a number")]
    NotANumber,
    /// "NaN", in any case.
    #[error("value cannot be NaN")]
    NaN,
    /// "Infinity" or "inf", with or without a sign, in any case.
    #[error("value cannot be infinite")]
    Infinite,
    /// Too many digits before the decimal point.
    #[error("more than {MAX_INTEGER_DIGITS} digits before the decimal point")]
    TooLarge,
    /// Too many digits after the decimal point.
    #[error("more than {MAX_FRACTION_DIGITS} digits after the decimal point")]
    TooFine,
    /// A sum or a product has more digits than are kept.
    #[error("the exact result has more than 76 digits")]
    Overflow,
}

#[expect(clippy::should_implement_trait, reason = "an operator could not refuse a result that does not fit")]
impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { coefficient: I256::ZERO, scale: 0 };

    /// The first whole number that has more than [`MAX_INTEGER_DIGITS`] digits.
    pub const FIGURE_LIMIT: Decimal =
        Decimal { coefficient: I256::new(10i128.pow(MAX_INTEGER_DIGITS)), scale: 0 };

    /// 10^36: more than any number of figures that a log can hold adds up to.
    pub const SUM_LIMIT: Decimal = Decimal { coefficient: I256::new(10i128.pow(36)), scale: 0 };

    /// `coefficient` × 10^-`scale`.
    #[must_use]
    pub const fn new(coefficient: i64, scale: u8) -> Decimal {
        assert!(scale <= MAX_SCALE, "a constant has a sensible number of fraction digits");
        Decimal { coefficient: I256::new(coefficient as i128), scale }
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.coefficient() == I256::ZERO
    }

    /// Whether this is less than zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.coefficient() < I256::ZERO
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn add(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.at_scale(scale)?, other.at_scale(scale)?);
        let coefficient = a.checked_add(b).ok_or(DecimalError::Overflow)?;
        Ok(Decimal { coefficient, scale })
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn sub(self, other: Decimal) -> Result<Decimal, DecimalError> {
        self.add(other.negate())
    }

    /// The exact product.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn mul(self, other: Decimal) -> Result<Decimal, DecimalError> {
        let (a, b) = (self.normalized(), other.normalized());
        let coefficient = a.coefficient().checked_mul(b.coefficient()).ok_or(DecimalError::Overflow)?;
        let scale = a.scale + b.scale;
        if scale > MAX_SCALE {
            return Err(DecimalError::Overflow);
        }
        Ok(Decimal { coefficient, scale })
    }

    /// The same figure with the other sign.
    #[must_use]
    pub fn negate(self) -> Decimal {
        // The coefficient is never I256::MIN: parsing, sums and products stay below 10^77 in size,
        // and `from_parts` refuses it.
        Decimal { coefficient: -self.coefficient, scale: self.scale }
    }

    /// Number of fraction digits that are kept, trailing zeros included.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// Coefficient (little-endian two's complement) and scale, for storing.
    #[must_use]
    pub fn to_parts(self) -> ([u8; 32], u8) {
        (self.coefficient().to_le_bytes(), self.scale)
    }

    /// The inverse of [`Decimal::to_parts`]; `None` for parts that no decimal has.
    #[must_use]
    pub fn from_parts(coefficient: [u8; 32], scale: u8) -> Option<Decimal> {
        let coefficient = I256::from_le_bytes(coefficient);
        (scale <= MAX_SCALE && coefficient != I256::MIN).then_some(Decimal { coefficient, scale })
    }

    /// Coefficient and scale, where the coefficient fits 64 bits: nearly always.
    #[must_use]
    pub fn to_small(self) -> Option<(i64, u8)> {
        i64::try_from(self.coefficient()).ok().map(|coefficient| (coefficient, self.scale))
    }

    pub(crate) fn coefficient(self) -> I256 {
        self.coefficient
    }

    pub(crate) fn from_coefficient(coefficient: I256, scale: u8) -> Decimal {
        debug_assert!(scale <= MAX_SCALE);
        Decimal { coefficient, scale }
    }

    /// The coefficient that this figure has with `scale` fraction digits (no fewer than now).
    pub(crate) fn at_scale(self, scale: u8) -> Result<I256, DecimalError> {
        debug_assert!(scale >= self.scale);
        if scale == self.scale || self.is_zero() {
            return Ok(self.coefficient);
        }
        self.coefficient().checked_mul(power_of_ten(scale - self.scale)).ok_or(DecimalError::Overflow)
    }

    /// `coefficient` × 10^-`scale`, where it has no more fraction digits than are kept once those that
    /// are zeros are gone.
    pub(crate) fn fitting(coefficient: I256, scale: u8) -> Result<Decimal, DecimalError> {
        let plain = Decimal { coefficient, scale }.normalized();
        if plain.scale > MAX_SCALE { Err(DecimalError::Overflow) } else { Ok(plain) }
    }

    /// The same figure without trailing zeros after the point.
    pub(crate) fn normalized(self) -> Decimal {
        if self.is_zero() {
            return Decimal::ZERO;
        }
        let Decimal { mut coefficient, mut scale } = self;
        if let Ok(mut small) = i64::try_from(coefficient) {
            // Nearly every figure: division of 256 bits is a hundred times slower.
            while scale > 0 && small % 10 == 0 {
                small /= 10;
                scale -= 1;
            }
            return Decimal { coefficient: I256::from(small), scale };
        }
        let ten = I256::new(10);
        while scale > 0 && coefficient % ten == I256::ZERO {
            coefficient /= ten;
            scale -= 1;
        }
        Decimal { coefficient, scale }
    }
}

/// 10^`exponent`; at most 76 fits.
pub(crate) fn power_of_ten(exponent: u8) -> I256 {
    debug_assert!(exponent <= 76);
    match 10i128.checked_pow(u32::from(exponent)) {
        Some(power) => I256::new(power),
        None => I256::new(10).pow(u32::from(exponent)),
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let plain = self.normalized();
        plain.coefficient().hash(state);
        plain.scale.hash(state);
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            // The one that cannot be written at the finer scale is the larger in size.
            (Err(_), _) => self.coefficient().cmp(&I256::ZERO),
            (_, Err(_)) => I256::ZERO.cmp(&other.coefficient()),
        }
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Decimal {
        Decimal { coefficient: I256::from(value), scale: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn sums_and_products_keep_every_digit() {
        let most = "99999999999999999999.999999999999999999";
        // (10^20 - 10^-18)² = 10^40 - 200 + 10^-36
        let square = format!("{}800.{}1", "9".repeat(37), "0".repeat(35));
        for (a, b, sum, product) in [
            ("0.1", "0.2", "0.3", "0.02"),
            ("1e15", "1e-15", "1000000000000000.000000000000001", "1"),
            ("-16.61", "16.61", "0", "-275.8921"),
            (most, most, "199999999999999999999.999999999999999998", square.as_str()),
        ] {
            assert_eq!(d(a).add(d(b)).unwrap().to_string(), sum, "{a} + {b}");
            assert_eq!(d(a).mul(d(b)).unwrap().to_string(), product, "{a} × {b}");
        }
    }

    #[test]
    fn a_result_that_does_not_fit_is_refused() {
        let most = d("99999999999999999999.999999999999999999");
        let square = most.mul(most).unwrap();
        assert_eq!(square.mul(most), Err(DecimalError::Overflow));
        let mut sum = square;
        let overflow = (0..10).find_map(|_| match sum.add(square) {
            Ok(next) => {
                sum = next;
                None
            }
            Err(error) => Some(error),
        });
        assert_eq!(overflow, Some(DecimalError::Overflow));
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_integers(a in -1_000_000_000_000i64..1_000_000_000_000, b in -1_000_000i64..1_000_000, s in 0u8..9, t in 0u8..9) {
            let (x, y) = (Decimal::new(a, s), Decimal::new(b, t));
            let scale = s.max(t);
            let at = |v: i64, from: u8| i128::from(v) * 10i128.pow(u32::from(scale - from));
            let sum = at(a, s) + at(b, t);
            prop_assert_eq!(x.add(y).unwrap().at_scale(scale).unwrap(), I256::new(sum));
            prop_assert_eq!(x.add(y.negate()).unwrap().add(y).unwrap(), x);
            prop_assert_eq!(x.mul(y).unwrap(), y.mul(x).unwrap());
            prop_assert_eq!(x.cmp(&y), at(a, s).cmp(&at(b, t)));
            prop_assert_eq!(x.to_string().parse::<Decimal>().unwrap(), x);
            let (bytes, scale) = x.to_parts();
            prop_assert_eq!(Decimal::from_parts(bytes, scale), Some(x));
        }
    }
}
