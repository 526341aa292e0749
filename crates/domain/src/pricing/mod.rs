//! Pricing: how a quantity becomes an amount.
//!
//! Owns the pricing models (one file each, with its table), what goes around them (unit conversion,
//! discounts, maximum and minimum, credits) and the order in which that happens, which is in
//! [`rate`]. Does not own where quantities come from, taxes, or when something is billed.
//!
//! A price that makes no sense is refused when it is made ([`InvalidPrice`] names the field), so that
//! rating can only fail on figures that do not fit. Nothing in here is rounded but a quantity whose
//! unit conversion says so, and the whole of a rating, once.

pub mod consumption;
pub mod conversion;
pub mod coupons;
pub mod credits;
pub mod dynamic;
pub mod flat;
pub mod graduated;
pub mod graduated_percentage;
pub mod invalid;
pub mod limits;
pub mod line;
pub mod matrix;
pub mod package;
pub mod per_unit;
pub mod percentage;
pub mod price;
pub mod prorated;
pub mod rate;
pub mod split;
pub mod tiers;
pub mod usage_discount;
pub mod volume;

pub use consumption::Consumption;
pub use invalid::{InvalidPrice, RateError};
pub use line::{Category, Line};
pub use price::{Model, Price, Terms};
pub use rate::{Part, Rating};

/// How far the period is whose usage is rated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// More of it is to come: what can only be known at its end is not billed yet.
    Running,
    /// It is over, or rated as if it were.
    Ended,
}

#[cfg(test)]
mod fixtures;
