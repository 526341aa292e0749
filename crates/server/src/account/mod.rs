//! What is agreed with a customer besides its plans: its taxes and coupons.

pub(crate) mod get;
pub(crate) mod give_coupon;
pub(crate) mod put;
pub(crate) mod take_coupon;
