//! Accounts: what is agreed with a customer besides its plans.

use crate::coupon::AppliedCoupon;
use crate::customer::CustomerId;

/// The most taxes of a customer.
pub const MAX_TAXES: usize = 50;

/// What is agreed with a customer besides its plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub customer: CustomerId,
    /// The keys of its taxes; the default ones where `None`. A customer with no taxes at all has an empty list.
    pub taxes: Option<Vec<String>>,
    /// The coupons that it was given, in the order in which it was.
    pub coupons: Vec<AppliedCoupon>,
}

impl Account {
    /// A customer with whom nothing is agreed.
    #[must_use]
    pub fn new(customer: CustomerId) -> Account {
        Account { customer, taxes: None, coupons: Vec::new() }
    }
}
