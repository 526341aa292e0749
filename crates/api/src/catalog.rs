//! The catalog: meters, taxes, coupons, plans, and which customers are on them, as one document that people
//! keep in a file. `docs/catalog.schema.json` describes it.
//!
//! Owns what the document looks like, and what there is to do where one is wanted and another is there
//! ([`Changes`]). What a document does not name is left alone: nothing is ever ended by leaving it out. Does
//! not own how the file is written, nor how it is applied.

mod compare;
mod customer;
mod diff;
mod read;
mod show;
mod steps;
mod write;

pub use compare::FieldChange;
pub use customer::{Customer, GivenCoupon, Subscribed};
pub use diff::{Applied, Change, Changes, Kind, diff};
pub use read::read;
pub use steps::Step;
pub use write::text;

use crate::settings::Seller;
use usage_domain::coupon::Coupon;
use usage_domain::meter::MeterDraft;
use usage_domain::plan::Plan;
use usage_domain::tax::Tax;

/// What a file says, or what there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    /// How bills are made out.
    pub settings: Settings,
    /// Meters, each with a key of its own.
    pub meters: Vec<MeterDraft>,
    /// Taxes, each with a key of its own.
    pub taxes: Vec<Tax>,
    /// Coupons, each with a key of its own.
    pub coupons: Vec<Coupon>,
    /// Plans, each with a key of its own.
    pub plans: Vec<Plan>,
    /// Customers, each with a key or a number of its own.
    pub customers: Vec<Customer>,
}

/// How bills are made out; what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Who sends the bills.
    pub seller: Option<Seller>,
    /// What stands before the figure of a bill's number.
    pub number_prefix: Option<String>,
    /// How many days after its end a month may be finalized.
    pub grace_days: Option<u32>,
}
