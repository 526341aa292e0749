//! Coupons: what is taken off bills, for some months or for ever.

use crate::currency::Currency;
use crate::decimal::Decimal;
use crate::money::Money;
use crate::plan::InvalidPlan;
use crate::pricing::coupons;
use crate::time::Month;

/// The most digits after the point that a percentage has, as a fraction: 0.333333 is 33.3333 %.
pub const MAX_DIGITS: u8 = 6;
/// The most coupons on a bill: the product of so many percentages still fits, with the amount.
pub const MAX_APPLIED: usize = 8;

/// A coupon that customers can be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// What it is called in files and requests.
    pub key: String,
    /// What the bill says.
    pub name: String,
    /// What it takes off.
    pub off: coupons::Coupon,
    /// What a fixed amount is in; a percentage has none.
    pub currency: Option<Currency>,
    /// On how many monthly bills, beginning with the month that it was given for; all, where `None`.
    pub months: Option<u32>,
}

/// A coupon that a customer was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedCoupon {
    /// As it was then.
    pub coupon: Coupon,
    /// The first month that it is of.
    pub from: Month,
}

impl AppliedCoupon {
    /// Whether the bill of a month has it.
    #[must_use]
    pub fn applies_to(&self, month: Month) -> bool {
        match (month.index() - self.from.index(), self.coupon.months) {
            (since, _) if since < 0 => false,
            (since, Some(months)) => since < i64::from(months),
            (_, None) => true,
        }
    }
}

impl Coupon {
    /// Checks a coupon.
    ///
    /// # Errors
    /// The first field that is not as it must be.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        crate::plan::check_key("key", &self.key)?;
        crate::plan::check_name("name", &self.name)?;
        match (self.off, self.currency) {
            (coupons::Coupon::Percentage(part), None) => check_percentage(part)?,
            (coupons::Coupon::Percentage(_), Some(_)) => {
                return Err(InvalidPlan::new("currency", "must be absent: a percentage is of any currency"));
            }
            (coupons::Coupon::Fixed(_), None) => {
                return Err(InvalidPlan::new("currency", "is missing: an amount is in a currency"));
            }
            (coupons::Coupon::Fixed(amount), Some(currency)) => {
                let places = currency.minor_digits();
                if amount.is_negative() || !(Money { amount, currency }).is_whole() {
                    let right = format!("zero or more with at most {places} decimals");
                    return Err(InvalidPlan::must("amount", right, amount));
                }
            }
        }
        if self.months == Some(0) {
            return Err(InvalidPlan::must("months", "1 or more, or absent for all", 0));
        }
        Ok(())
    }
}

fn check_percentage(part: Decimal) -> Result<(), InvalidPlan> {
    crate::plan::check_fraction("percentage", part)?;
    if part.normalized().scale() > MAX_DIGITS {
        let right = format!("a fraction with at most {MAX_DIGITS} decimals");
        return Err(InvalidPlan::must("percentage", right, part));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coupon(off: coupons::Coupon, currency: &str, months: Option<u32>) -> Coupon {
        let currency = (!currency.is_empty()).then(|| currency.parse().unwrap());
        Coupon { key: "welcome".into(), name: "Welcome".into(), off, currency, months }
    }

    #[test]
    fn a_coupon_is_of_so_many_months_from_the_one_it_was_given_for() {
        for (months, of, applies) in [
            (None, "2026-10", false),
            (None, "2026-11", true),
            (None, "2031-01", true),
            (Some(1), "2026-11", true),
            (Some(1), "2026-12", false),
            (Some(3), "2027-01", true),
            (Some(3), "2027-02", false),
        ] {
            let coupon = coupon(coupons::Coupon::Fixed(Decimal::new(1, 0)), "USD", months);
            let applied = AppliedCoupon { coupon, from: "2026-11".parse().unwrap() };
            assert_eq!(applied.applies_to(of.parse().unwrap()), applies, "{months:?} {of}");
        }
    }

    #[test]
    fn a_coupon_that_makes_no_sense_is_refused() {
        use coupons::Coupon::{Fixed, Percentage};
        let d = |text: &str| text.parse::<Decimal>().unwrap();
        for (off, currency, months, reason) in [
            (
                Percentage(d("1.1")),
                "",
                None,
                "percentage: must be a fraction from 0 to 1 (0.1 is 10 %), not 1.1",
            ),
            (
                Percentage(d("0.1234567")),
                "",
                None,
                "percentage: must be a fraction with at most 6 decimals, not 0.1234567",
            ),
            (Percentage(d("0.1")), "USD", None, "currency: must be absent: a percentage is of any currency"),
            (Fixed(d("1")), "", None, "currency: is missing: an amount is in a currency"),
            (Fixed(d("-1")), "USD", None, "amount: must be zero or more with at most 2 decimals, not -1"),
            (Fixed(d("1.5")), "JPY", None, "amount: must be zero or more with at most 0 decimals, not 1.5"),
            (Fixed(d("1")), "USD", Some(0), "months: must be 1 or more, or absent for all, not 0"),
        ] {
            assert_eq!(coupon(off, currency, months).check().unwrap_err().to_string(), reason);
        }
        assert_eq!(coupon(Percentage(d("0.3333330")), "", Some(1)).check(), Ok(()));
        assert_eq!(coupon(Fixed(d("1.005")), "KWD", None).check(), Ok(()));
    }

    #[test]
    fn as_many_coupons_as_a_bill_may_have_are_computed_exactly() {
        let part: Decimal = "0.999999".parse().unwrap();
        let amount: Decimal = "99999999999999999999.9999".parse().unwrap();
        let off = coupons::discount(amount, &[coupons::Coupon::Percentage(part); MAX_APPLIED]).unwrap();
        let left: Decimal = "0.000001".parse().unwrap();
        let left = (0..MAX_APPLIED).try_fold(amount, |rest, _| rest.mul(left)).unwrap();
        assert_eq!(off, amount.sub(left).unwrap());
    }
}
