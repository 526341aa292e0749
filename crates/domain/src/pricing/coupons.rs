//! Coupons: what is taken off several lines together.
//!
//! Percentages come first and compound; fixed amounts come after them. Neither order nor number of
//! coupons ever takes off more than there is.

use crate::decimal::{Decimal, DecimalError};

/// A reduction of a subtotal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coupon {
    /// This part of what is left, as a fraction from 0 to 1.
    Percentage(Decimal),
    /// This amount, in whole units of the currency.
    Fixed(Decimal),
}

/// What `coupons` take off `subtotal`, exactly; nothing off a subtotal that is not above zero.
///
/// # Errors
/// Figures that do not fit.
pub fn discount(subtotal: Decimal, coupons: &[Coupon]) -> Result<Decimal, DecimalError> {
    let mut left = subtotal.max(Decimal::ZERO);
    let payable = left;
    for coupon in coupons {
        if let Coupon::Percentage(part) = coupon {
            left = left.sub(left.mul(*part)?)?;
        }
    }
    for coupon in coupons {
        if let Coupon::Fixed(amount) = coupon {
            left = left.sub(*amount)?.max(Decimal::ZERO);
        }
    }
    payable.sub(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::d;

    #[test]
    fn percentages_compound_and_come_before_fixed_amounts() {
        let (percent, fixed) = (|part| Coupon::Percentage(d(part)), |amount| Coupon::Fixed(d(amount)));
        for (subtotal, coupons, off) in [
            ("100", vec![], "0"),
            ("100", vec![percent("0.1"), percent("0.25")], "32.5"),
            ("100", vec![percent("0.25"), percent("0.1")], "32.5"),
            ("100", vec![fixed("15"), fixed("25")], "40"),
            ("100", vec![fixed("50"), percent("0.1")], "60"),
            ("100", vec![fixed("80"), fixed("50")], "100"),
            ("100", vec![percent("1"), fixed("50")], "100"),
            ("-100", vec![percent("0.5"), fixed("50")], "0"),
        ] {
            assert_eq!(discount(d(subtotal), &coupons).unwrap().to_string(), off, "{coupons:?}");
        }
    }
}
