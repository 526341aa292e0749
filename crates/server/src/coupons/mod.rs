//! Coupons that customers can be given.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod put;
