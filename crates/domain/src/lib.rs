//! What usage means and what it costs: exact decimals, periods, usage events, customers, prices,
//! bills.
//!
//! Everything here is a pure function of its arguments. This crate knows nothing of serde, async,
//! SQL, HTTP, files, the clock, randomness or floating point, and must never learn of them.
#![deny(clippy::float_arithmetic, clippy::cast_precision_loss)]

pub mod account;
pub mod bill;
pub mod care;
pub mod charge;
pub mod coupon;
pub mod credit;
pub mod currency;
pub mod customer;
pub mod decimal;
pub mod event;
pub mod field;
pub mod meter;
pub mod money;
pub mod plan;
pub mod position;
pub mod posting;
pub mod pricing;
pub mod proration;
pub mod ratio;
pub mod recurring;
pub mod rounding;
pub mod subject;
pub mod subscription;
pub mod tax;
pub mod time;
pub mod usage;
pub mod verdict;
