//! Coupons: what is taken off bills, for some months or for ever.

use crate::currency::Currency;
use crate::money::Money;
use crate::plan::InvalidPlan;
use crate::pricing::coupons;
use crate::time::Month;

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
            (coupons::Coupon::Percentage(part), None) => crate::plan::check_fraction("percentage", part)?,
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
