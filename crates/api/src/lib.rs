//! What goes over the wire: one type per body, shared by the server and the client, converted from
//! and to the domain in the file that defines it.
//!
//! Figures are decimal strings. No rule of billing lives here, and no body is ever built by hand
//! elsewhere.

pub mod account;
pub mod bill;
pub mod catalog;
pub mod coupon;
pub mod customer;
pub mod event;
mod fields;
mod figure;
pub mod grant;
pub mod meter;
pub mod number;
pub mod plan;
pub mod posting;
pub mod price;
pub mod problem;
pub mod settings;
pub mod store;
pub mod stored;
pub mod subject;
pub mod subscription;
pub mod tax;
