//! Exact fractions: what a computation keeps where a decimal would have to be cut off.
//!
//! A third of a month's fee is no decimal. It stays a numerator and a denominator through every sum
//! and product, and becomes digits once, at the end, in [`crate::rounding`]. Nothing here may ever
//! lose a digit: what does not fit is an error.

use crate::decimal::{Decimal, DecimalError, power_of_ten};
use ethnum::{I256, U256};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An exact fraction: a decimal over a whole number.
///
/// It is kept in lowest terms, and of the denominator all that a decimal can express is in the
/// numerator: what has finitely many digits has the denominator 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: Decimal,
    /// Above zero, without a divisor in common with ten or with the numerator's digits.
    denominator: I256,
}

#[expect(clippy::should_implement_trait, reason = "an operator could not refuse a result that does not fit")]
impl Ratio {
    /// Zero.
    pub const ZERO: Ratio = Ratio { numerator: Decimal::ZERO, denominator: I256::ONE };

    /// One: the whole of something.
    pub const ONE: Ratio = Ratio { numerator: Decimal::new(1, 0), denominator: I256::ONE };

    /// `numerator` ÷ `denominator`.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    ///
    /// # Panics
    /// On a denominator of zero, which every caller excludes with a reason of its own.
    pub fn new(numerator: Decimal, denominator: Decimal) -> Result<Ratio, DecimalError> {
        assert!(!denominator.is_zero(), "nothing is divided by zero");
        let divisor = denominator.normalized();
        let numerator = if divisor.is_negative() { numerator.negate() } else { numerator };
        let numerator = numerator.mul(Decimal::from_coefficient(power_of_ten(divisor.scale()), 0))?;
        reduced(numerator, divisor.coefficient().abs())
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.numerator.is_zero()
    }

    /// Whether this is less than zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.numerator.is_negative()
    }

    /// Whether this is more than zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        !self.is_negative() && !self.is_zero()
    }

    /// The decimal that this is, if it has finitely many digits.
    #[must_use]
    pub fn as_decimal(self) -> Option<Decimal> {
        (self.denominator == I256::ONE).then_some(self.numerator)
    }

    /// Numerator and denominator, whole numbers in lowest terms: 251 and 360.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when the denominator has more digits than are kept.
    pub fn fraction(self) -> Result<(Decimal, Decimal), DecimalError> {
        let plain = self.numerator.normalized();
        let whole =
            power_of_ten(plain.scale()).checked_mul(self.denominator).ok_or(DecimalError::Overflow)?;
        let common = divisor(plain.coefficient().unsigned_abs(), whole.unsigned_abs());
        let of = |number: I256| Decimal::from_coefficient(number / common, 0);
        Ok((of(plain.coefficient()), of(whole)))
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn add(self, other: Ratio) -> Result<Ratio, DecimalError> {
        if self.denominator == other.denominator {
            return reduced(self.numerator.add(other.numerator)?, self.denominator);
        }
        let common = divisor(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let (mine, theirs) = (self.denominator / common, other.denominator / common);
        let numerator = times(self.numerator, theirs)?.add(times(other.numerator, mine)?)?;
        reduced(numerator, self.denominator.checked_mul(theirs).ok_or(DecimalError::Overflow)?)
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn sub(self, other: Ratio) -> Result<Ratio, DecimalError> {
        self.add(other.negate())
    }

    /// The exact product.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn mul(self, other: Ratio) -> Result<Ratio, DecimalError> {
        let numerator = self.numerator.mul(other.numerator)?;
        let denominator = self.denominator.checked_mul(other.denominator).ok_or(DecimalError::Overflow)?;
        reduced(numerator, denominator)
    }

    /// The exact quotient.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    ///
    /// # Panics
    /// On zero as a divisor.
    pub fn div(self, other: Ratio) -> Result<Ratio, DecimalError> {
        let turned = Decimal::from_coefficient(other.denominator, 0);
        self.mul(Ratio::new(turned, other.numerator)?)
    }

    /// The same figure with the other sign.
    #[must_use]
    pub fn negate(self) -> Ratio {
        Ratio { numerator: self.numerator.negate(), ..self }
    }

    /// Which of two is the larger.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when their difference has more digits than are kept.
    pub fn compare(self, other: Ratio) -> Result<Ordering, DecimalError> {
        if self.denominator == other.denominator {
            return Ok(self.numerator.cmp(&other.numerator));
        }
        let difference = self.sub(other)?;
        Ok(difference.numerator.cmp(&Decimal::ZERO))
    }

    /// The smaller of two.
    ///
    /// # Errors
    /// As [`Ratio::compare`].
    pub fn min(self, other: Ratio) -> Result<Ratio, DecimalError> {
        Ok(if self.compare(other)?.is_le() { self } else { other })
    }

    /// The larger of two.
    ///
    /// # Errors
    /// As [`Ratio::compare`].
    pub fn max(self, other: Ratio) -> Result<Ratio, DecimalError> {
        Ok(if self.compare(other)?.is_ge() { self } else { other })
    }

    /// The sum of many.
    ///
    /// # Errors
    /// [`DecimalError::Overflow`] when it has more digits than are kept.
    pub fn sum(of: impl IntoIterator<Item = Ratio>) -> Result<Ratio, DecimalError> {
        of.into_iter().try_fold(Ratio::ZERO, Ratio::add)
    }

    pub(crate) fn numerator(self) -> Decimal {
        self.numerator
    }

    pub(crate) fn denominator(self) -> I256 {
        self.denominator
    }
}

fn times(figure: Decimal, whole: I256) -> Result<Decimal, DecimalError> {
    figure.mul(Decimal::from_coefficient(whole, 0))
}

/// Lowest terms, for a denominator above zero.
fn reduced(numerator: Decimal, denominator: I256) -> Result<Ratio, DecimalError> {
    debug_assert!(denominator > I256::ZERO);
    if denominator == I256::ONE || numerator.is_zero() {
        return Ok(Ratio { numerator, denominator: I256::ONE });
    }
    let plain = numerator.normalized();
    let common = divisor(plain.coefficient().unsigned_abs(), denominator.unsigned_abs());
    let (mut coefficient, mut denominator) = (plain.coefficient() / common, denominator / common);
    let (twos, fives) = (take_out(&mut denominator, 2), take_out(&mut denominator, 5));
    // 1 ÷ (2^a × 5^b) is 2^(n-a) × 5^(n-b) ÷ 10^n, where n is the larger of a and b.
    let digits = twos.max(fives);
    for (prime, missing) in [(2, digits - twos), (5, digits - fives)] {
        let factor = I256::new(prime).checked_pow(missing).ok_or(DecimalError::Overflow)?;
        coefficient = coefficient.checked_mul(factor).ok_or(DecimalError::Overflow)?;
    }
    let scale = u8::try_from(u32::from(plain.scale()) + digits).map_err(|_| DecimalError::Overflow)?;
    Ok(Ratio { numerator: Decimal::fitting(coefficient, scale)?, denominator })
}

/// Divides by `prime` as often as that leaves no rest, and says how often.
fn take_out(number: &mut I256, prime: i128) -> u32 {
    let prime = I256::new(prime);
    let mut times = 0;
    while *number % prime == I256::ZERO {
        *number /= prime;
        times += 1;
    }
    times
}

/// The greatest common divisor of two numbers, of which the second is not zero.
fn divisor(mut a: U256, mut b: U256) -> I256 {
    while b != U256::ZERO {
        if let (Ok(mut x), Ok(mut y)) = (u128::try_from(a), u128::try_from(b)) {
            // Nearly always: division of 256 bits is a hundred times slower.
            while y != 0 {
                (x, y) = (y, x % y);
            }
            return U256::from(x).as_i256();
        }
        (a, b) = (b, a % b);
    }
    // A divisor of a positive I256 is one.
    a.as_i256()
}

impl From<Decimal> for Ratio {
    fn from(figure: Decimal) -> Ratio {
        Ratio { numerator: figure, denominator: I256::ONE }
    }
}

impl fmt::Display for Ratio {
    /// `2.5`, or `10/3` where no decimal is equal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_decimal() {
            Some(figure) => figure.fmt(f),
            None => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

impl FromStr for Ratio {
    type Err = DecimalError;

    /// Reads what a fraction is written as, such as `2.5` or `10/3`.
    fn from_str(text: &str) -> Result<Ratio, DecimalError> {
        let Some((numerator, denominator)) = text.split_once('/') else {
            return Decimal::computed(text).map(Ratio::from);
        };
        let (numerator, denominator) = (Decimal::computed(numerator)?, Decimal::computed(denominator)?);
        if denominator.is_zero() {
            return Err(DecimalError::NotANumber);
        }
        Ratio::new(numerator, denominator)
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ratio(text: &str) -> Ratio {
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        Ratio::new(numerator.parse().unwrap(), denominator.parse().unwrap()).unwrap()
    }

    #[test]
    fn fractions_are_in_lowest_terms_and_finite_ones_are_decimals() {
        for (text, shown) in [
            ("1400/1000", "1.4"),
            ("14/31", "14/31"),
            ("28/62", "14/31"),
            ("-1/3", "-1/3"),
            ("1/-3", "-1/3"),
            ("1/0.3", "10/3"),
            // What is left of the denominator has nothing in common with ten.
            ("7/600", "0.035/3"),
            ("0/7", "0"),
            ("1/1024", "0.0009765625"),
            ("0.000000000000000003/3", "0.000000000000000001"),
        ] {
            assert_eq!(ratio(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_fraction_has_whole_numbers_in_lowest_terms() {
        for (text, part, whole) in [
            ("502/720", "251", "360"),
            ("0.5", "1", "2"),
            ("-7/600", "-7", "600"),
            ("3", "3", "1"),
            ("0", "0", "1"),
        ] {
            assert_eq!(
                ratio(text).fraction().unwrap(),
                (part.parse().unwrap(), whole.parse().unwrap()),
                "{text}"
            );
        }
    }

    #[test]
    fn sums_products_and_quotients_of_fractions_are_exact() {
        for (a, b, sum, product, quotient) in [
            ("1/3", "1/6", "0.5", "0.5/9", "2"),
            ("16/31", "15/31", "1", "240/961", "16/15"),
            ("0.1", "0.2", "0.3", "0.02", "0.5"),
            ("1/3", "-1/3", "0", "-1/9", "-1"),
        ] {
            let (x, y) = (ratio(a), ratio(b));
            assert_eq!(x.add(y).unwrap(), ratio(sum), "{a} + {b}");
            assert_eq!(x.mul(y).unwrap(), ratio(product), "{a} × {b}");
            assert_eq!(x.div(y).unwrap(), ratio(quotient), "{a} ÷ {b}");
        }
        assert_eq!(ratio("1/3").min(ratio("0.333333333333333333")).unwrap(), ratio("0.333333333333333333"));
    }

    #[test]
    fn a_fraction_that_does_not_fit_is_refused() {
        let most = ratio("99999999999999999999.999999999999999999");
        assert_eq!(most.mul(most).unwrap().mul(most), Err(DecimalError::Overflow));
        // 2^-66 has 66 digits after the point.
        assert_eq!(
            Ratio::new(Decimal::new(1, 0), "73786976294838206464".parse().unwrap()),
            Err(DecimalError::Overflow)
        );
    }

    #[test]
    fn a_fraction_is_read_as_it_is_written() {
        let fine = "12345678901234567890.123456789012345678901234567890123456789012345678901234";
        let third = format!("-{fine}/3");
        for text in ["0", "2.5", "-1/3", "0.035/3", fine, &third] {
            assert_eq!(text.parse::<Ratio>().unwrap().to_string(), text);
        }
        for text in ["", "/", "1/", "/3", "1/0", "1/x", "1e3", "+1", "5.", ".5", "--1", "1/3/3"] {
            assert_eq!(text.parse::<Ratio>(), Err(DecimalError::NotANumber), "{text}");
        }
        for text in ["9".repeat(77), format!("0.{}", "1".repeat(61)), format!("0.{}", "1".repeat(300))] {
            assert_eq!(text.parse::<Ratio>(), Err(DecimalError::Overflow), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_integers(
            a in -1_000_000_000i64..1_000_000_000, b in 1i64..1_000_000,
            c in -1_000_000_000i64..1_000_000_000, d in 1i64..1_000_000,
        ) {
            let whole = |n: i128| Decimal::from_coefficient(I256::new(n), 0);
            let of = |n: i128, m: i128| Ratio::new(whole(n), whole(m)).unwrap();
            let (x, y) = (of(a.into(), b.into()), of(c.into(), d.into()));
            let (a, b, c, d) = (i128::from(a), i128::from(b), i128::from(c), i128::from(d));
            prop_assert_eq!(x.add(y).unwrap(), of(a * d + c * b, b * d));
            prop_assert_eq!(x.sub(y).unwrap().add(y).unwrap(), x);
            prop_assert_eq!(x.mul(y).unwrap(), of(a * c, b * d));
            prop_assert_eq!(x.compare(y).unwrap(), (a * d).cmp(&(c * b)));
            prop_assert_eq!(x.to_string().parse(), Ok(x));
            if c != 0 {
                prop_assert_eq!(x.div(y).unwrap().mul(y).unwrap(), x);
            }
        }
    }
}
