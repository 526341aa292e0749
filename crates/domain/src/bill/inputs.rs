//! What a bill is made from: what was agreed ([`Inputs`]), and what was used ([`Measured`]).
//!
//! A finalized bill keeps its inputs. With the log up to its position they say what was used, and so the
//! bill can be made again.

use crate::charge::ChargeGroup;
use crate::coupon::AppliedCoupon;
use crate::credit::GrantId;
use crate::customer::Customer;
use crate::decimal::Decimal;
use crate::position::Position;
use crate::pricing::Consumption;
use crate::ratio::Ratio;
use crate::subscription::Segment;
use crate::tax::Tax;
use crate::time::{Month, Period};
use crate::usage::Totals;

/// What was agreed with a customer for a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Who is billed.
    pub customer: Customer,
    /// For which month.
    pub month: Month,
    /// That month in the customer's zone.
    pub period: Period,
    /// What of its subscriptions is in the month, in the order of the bill's lines.
    pub segments: Vec<Segment>,
    /// Coupons that apply, in the order in which they were given.
    pub coupons: Vec<AppliedCoupon>,
    /// Credits that may pay, in the order in which they do.
    pub credits: Vec<Credit>,
    /// The customer's taxes.
    pub taxes: Vec<Tax>,
    /// What earlier bills changed by since they were finalized.
    pub adjustments: Vec<Adjustment>,
}

/// What is left of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Which.
    pub grant: GrantId,
    /// What people call it.
    pub name: String,
    /// How much, in whole minor units.
    pub left: Decimal,
    /// Whether it pays after taxes, because its amount has them in it.
    pub after_taxes: bool,
}

/// What a line of an earlier bill changed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// The month of the bill.
    pub month: Month,
    /// That month in the zone that the bill is of.
    pub period: Period,
    /// The number of the bill; none where there was nothing to bill, and so no bill.
    pub bill: Option<String>,
    /// The key of its line.
    pub line: String,
    /// What the line says.
    pub name: String,
    /// What is owed more for it, exactly; less, where below zero. Its coupons are taken off.
    pub exact: Ratio,
    /// The same in whole minor units: what the rounded amount of the line changed by.
    pub amount: Decimal,
    /// The line's category of tax.
    pub tax_category: Option<String>,
    /// The taxes of that bill, or of that month now.
    pub taxes: Vec<Tax>,
}

/// What was used, at one position of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// The position.
    pub position: Position,
    /// Charges by group, in the order of groups.
    pub charges: Vec<(ChargeGroup, Totals)>,
    /// For each segment, for each of its items, what was used of it. Fees have an element too, in which
    /// nothing was.
    pub segments: Vec<Vec<Consumed>>,
}

/// What was used of an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consumed {
    /// What its price looks at.
    pub consumption: Consumption,
    /// Events that were measured.
    pub events: u64,
    /// The same by the item's details.
    pub details: Vec<Detail>,
}

/// What was used with certain values of dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The values, in the order of the item's details; nothing where events do not have the dimension.
    pub values: Vec<Option<String>>,
    /// How many units.
    pub quantity: Decimal,
    /// Events that were measured.
    pub events: u64,
}

impl Inputs {
    /// A month without any subscription.
    #[must_use]
    pub fn plain(customer: Customer, month: Month) -> Inputs {
        let period = month.period(&customer.zone);
        Inputs {
            customer,
            month,
            period,
            segments: Vec::new(),
            coupons: Vec::new(),
            credits: Vec::new(),
            taxes: Vec::new(),
            adjustments: Vec::new(),
        }
    }
}
