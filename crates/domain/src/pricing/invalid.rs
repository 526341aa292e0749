//! What is wrong with a price, or with usage that it is to be applied to.

use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use std::fmt::Display;

/// Why something is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidPrice {
    /// The field, such as `tiers[1].up_to`.
    pub field: String,
    /// What its value is and what would be right.
    pub reason: String,
}

impl InvalidPrice {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> InvalidPrice {
        InvalidPrice { field: field.into(), reason: reason.into() }
    }

    /// A value that is not what it must be.
    pub(crate) fn must(field: impl Into<String>, be: &str, value: impl Display) -> InvalidPrice {
        InvalidPrice::new(field, format!("must be {be}, not {value}"))
    }
}

pub(crate) fn not_negative(field: &str, figure: Option<Decimal>) -> Result<(), InvalidPrice> {
    match figure {
        Some(figure) if figure.is_negative() => Err(InvalidPrice::must(field, "zero or more", figure)),
        _ => Ok(()),
    }
}

pub(crate) fn above_zero(field: &str, figure: Decimal) -> Result<(), InvalidPrice> {
    if figure.is_negative() || figure.is_zero() {
        return Err(InvalidPrice::must(field, "more than zero", figure));
    }
    Ok(())
}

/// A lower and an upper bound that leave something between them.
pub(crate) fn ordered(
    (low, minimum): (&str, Option<Decimal>),
    (high, maximum): (&str, Option<Decimal>),
) -> Result<(), InvalidPrice> {
    match (minimum, maximum) {
        (Some(minimum), Some(maximum)) if minimum > maximum => {
            Err(InvalidPrice::must(low, &format!("at most {high}, which is {maximum}"), minimum))
        }
        _ => Ok(()),
    }
}

/// Why usage cannot be rated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// A figure that does not fit.
    #[error("the amount cannot be computed: {0}")]
    Amount(#[from] DecimalError),
    /// The usage lacks what the price looks at, or has what it cannot use.
    #[error("{field}: {reason}")]
    Usage {
        /// What of the usage.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Credits of more than there is to pay.
    #[error("credits of {} are left over: there is only {} to pay", .0.left, .0.payable)]
    CreditsLeft(Box<CreditsLeft>),
}

/// Credits that are not used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditsLeft {
    /// What is left of them.
    pub left: Ratio,
    /// What there was to pay before credits.
    pub payable: Ratio,
}

impl RateError {
    pub(crate) fn usage(field: &'static str, reason: impl Into<String>) -> RateError {
        RateError::Usage { field, reason: reason.into() }
    }
}
