//! Files turned into customers and usage events: FOCUS cost and usage ([`focus`]), CSV of any columns
//! ([`tabular`]), and Django fixtures ([`fixture`]).
//!
//! Owns what such a file means and what is wrong with it: every complaint names the line. Knows
//! nothing of stores, HTTP, terminals or the clock: the current month is an argument. A figure must
//! never pass through a float here, and nothing that could not be billed may leave as an event.
#![deny(clippy::float_arithmetic, clippy::cast_precision_loss)]

mod error;
pub mod fixture;
pub mod focus;
mod json_text;
mod moment;
mod table;
pub mod tabular;

pub use error::ImportError;
