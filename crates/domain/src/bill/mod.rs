//! Bills: what a customer owes for a month, line by line.
//!
//! Owns how a bill comes from what was used ([`Inputs`] and [`Measured`]), which is a pure function of them:
//! lines → coupons → credits → taxes → credits with taxes in them. A line is one service or one item of a plan. It is rounded once, to
//! the currency's minor unit, and keeps its exact amount; the groups beneath it are never rounded. What is
//! taken off or added is in whole minor units of single lines, so that the total is the sum of the lines and
//! every figure of the bill a sum of theirs. An amount in another currency than the customer's is never
//! added: it is listed apart.

mod adjust;
mod charges;
mod error;
#[cfg(test)]
pub(crate) mod fixtures;
mod inputs;
mod pay;
mod rate;

pub use adjust::{Billed, adjustments};
pub use error::{BillError, Reason};
pub use inputs::{Adjustment, Consumed, Credit, Detail, Inputs, Measured};

use crate::charge::ChargeGroup;
use crate::credit::GrantId;
use crate::customer::Customer;
use crate::decimal::Decimal;
use crate::money::Money;
use crate::position::Position;
use crate::pricing::{self, Price};
use crate::ratio::Ratio;
use crate::subscription::SubscriptionId;
use crate::time::{Month, Period};
use crate::usage::{Totals, Usage};

/// What a customer owes for a month. Every amount is in the customer's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Who owes it.
    pub customer: Customer,
    /// For which month.
    pub month: Month,
    /// That month in the customer's zone.
    pub period: Period,
    /// First one per service of charges, by name; then the items of subscriptions; then adjustments.
    pub lines: Vec<Line>,
    /// The sum of the lines' amounts.
    pub subtotal: Money,
    /// What coupons took off.
    pub discounts: Vec<Discount>,
    /// What credits paid.
    pub credits: Vec<Drawn>,
    /// What taxes come to.
    pub taxes: Vec<TaxTotal>,
    /// What is owed: the sum of the lines' totals. Below zero, it is owed to the customer.
    pub total: Money,
    /// The sum of the lines' exact amounts, before discounts, credits and taxes.
    pub exact: Ratio,
    /// Charges in other currencies than the customer's, which are not in the total.
    pub other_currencies: Vec<OtherCurrency>,
    /// The log position that this is the bill of.
    pub position: Position,
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What names it on this bill, and on the bill of the same month made anew.
    pub key: String,
    /// What was used.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// When it was used.
    pub period: Period,
    /// Units as they were measured, where all of the line counts the same unit.
    pub quantity: Option<Ratio>,
    /// What the units are, where all of the line counts the same.
    pub unit: Option<String>,
    /// The price of a unit, where all of the line has the same.
    pub unit_price: Option<Decimal>,
    /// Events that the line sums up.
    pub events: u64,
    /// The exact amount.
    pub exact: Ratio,
    /// The amount, rounded once to the minor unit; of an adjustment, what such an amount changed by.
    pub amount: Decimal,
    /// What coupons take off it.
    pub discount: Decimal,
    /// What credits pay of it.
    pub credit: Decimal,
    /// What its taxes come to.
    pub taxes: Vec<LineTax>,
    /// What credits that have taxes in them pay of it, after its taxes.
    pub settled: Decimal,
    /// What is owed for it: the amount without discount and credits, and with the taxes that are not in it.
    pub total: Decimal,
}

/// Where a line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Events that carry their own price, of one service.
    Charges {
        /// The groups that the line sums up, exactly.
        details: Vec<(ChargeGroup, Totals)>,
    },
    /// An item of a plan.
    Item(Box<ItemSource>),
    /// What is missing to the minimum of a plan, before coupons: whole minor units, so that the lines of the
    /// stretch come to the minimum as it is billed.
    Minimum {
        /// Of which subscription.
        subscription: SubscriptionId,
        /// The key of its plan.
        plan: String,
        /// The version of the plan.
        version: u32,
        /// The least that the period comes to, prorated, exactly.
        minimum: Ratio,
    },
    /// Usage of a month that changed after its bill was finalized, or that came after a later month was.
    Adjustment {
        /// The month.
        month: Month,
        /// The number of its bill; none where there was nothing to bill.
        bill: Option<String>,
        /// The key of that bill's line, or of the line that there would be.
        line: String,
    },
}

/// How a line comes from an item of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSource {
    /// Of which subscription.
    pub subscription: SubscriptionId,
    /// The key of its plan.
    pub plan: String,
    /// The version of the plan.
    pub version: u32,
    /// The key of the item.
    pub item: String,
    /// The key of its meter; a fee has none.
    pub meter: Option<String>,
    /// What part of the billing period it is for.
    pub share: Ratio,
    /// How the quantity becomes the amount.
    pub price: Price,
    /// The tiers and rates that the amount is the sum of.
    pub rating: Vec<pricing::Line>,
    /// The dimensions that `details` are of.
    pub dimensions: Vec<String>,
    /// What was used, by the values of the dimensions.
    pub details: Vec<Detail>,
}

/// What a tax comes to on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTax {
    /// The key of the tax.
    pub tax: String,
    /// The amount, rounded once to the minor unit.
    pub amount: Decimal,
    /// Whether the line's amount has it in it already.
    pub inclusive: bool,
}

/// What a coupon took off a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// The key of the coupon.
    pub coupon: String,
    /// What the coupon says.
    pub name: String,
    /// How much.
    pub amount: Decimal,
}

/// What a grant paid of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Which grant.
    pub grant: GrantId,
    /// What people call it.
    pub name: String,
    /// How much.
    pub amount: Decimal,
    /// Whether it paid after taxes.
    pub after_taxes: bool,
}

/// What a tax comes to on a bill: the sum of its lines'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxTotal {
    /// The key of the tax.
    pub tax: String,
    /// What the bill says.
    pub name: String,
    /// The part, as a fraction.
    pub rate: Decimal,
    /// Whether the lines' amounts have it in them already.
    pub inclusive: bool,
    /// The amounts that it is of, without it.
    pub base: Decimal,
    /// How much.
    pub amount: Decimal,
}

/// Charges in a currency that the bill is not in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCurrency {
    /// What they add up to, exactly.
    pub exact: Money,
    /// How many there are.
    pub events: u64,
}

impl Bill {
    /// The bill of a customer's month that has nothing but charges.
    ///
    /// # Errors
    /// Amounts that add up to more than fits.
    pub fn of_charges(customer: &Customer, month: Month, usage: Usage) -> Result<Bill, BillError> {
        let measured = Measured { position: usage.position, charges: usage.groups, segments: Vec::new() };
        Bill::rate(&Inputs::plain(customer.clone(), month), measured)
    }
}
