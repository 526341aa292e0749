//! Taxes: rates, and what they are of.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod put;
