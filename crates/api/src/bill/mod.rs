//! Bills on the wire: what a customer owes for a month. A finalized bill is kept in this form, too.

mod credit_note;
mod explained;
mod finalized;
mod from;
mod inputs;
mod simulated;

pub use credit_note::{CreditNote, CreditNoteInput, NotedLine};
pub use explained::{ExplainedEvent, Explanation};
pub use finalized::{
    BillPage, BillProof, BillRunPage, BillRunRequest, FinalizeRequest, Finalized, RunBill, RunFailure,
    UnpricedCustomer,
};
pub use inputs::BillInputs;
pub use simulated::{
    Candidate, PlanOrKey, Simulated, SimulatedLine, Simulation, SimulationPage, SimulationRequest,
    read_simulation,
};

use crate::price::PreviewLine;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a customer owes for a month. All figures are decimal strings in whole units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bill {
    /// Who owes it.
    pub customer: BilledCustomer,
    /// The month, such as `2026-11`.
    pub month: String,
    /// The first moment of the month in the customer's zone, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: String,
    /// The first moment after it.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: String,
    /// The IANA zone that the month is of.
    pub time_zone: String,
    /// `open`: the rating of the log at `position`; `finalized`, `paid` or `void`.
    pub status: String,
    /// Its id: a ULID; of an open bill, the customer's id and the month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The number of a finalized bill; no number is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When it was finalized, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub finalized_at: Option<String>,
    /// When it was said to be paid, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub paid_at: Option<String>,
    /// When it was voided, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub voided_at: Option<String>,
    /// What all amounts are in.
    pub currency: String,
    /// One line per service of charges, by name; then the items of plans; then adjustments.
    pub lines: Vec<Line>,
    /// The sum of the lines' rounded amounts.
    #[serde(default)]
    pub subtotal: String,
    /// What coupons took off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// What credits paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<DrawnCredit>,
    /// What taxes come to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<BilledTax>,
    /// What is owed: the subtotal without discounts and credits, and with the taxes that are not in it.
    pub total: String,
    /// The sum of the lines' exact amounts, before discounts, credits and taxes.
    pub exact_total: String,
    /// The total with its currency, such as `$16.61`.
    pub total_formatted: String,
    /// Charges in other currencies, which are not in the total.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_currencies: Vec<OtherCurrency>,
    /// The log position that this is the bill of.
    pub position: String,
}

/// The customer as a bill names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BilledCustomer {
    /// Its id, a ULID.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
}

/// A line of a bill: one service of charges, or one item of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Line {
    /// What names the line on this bill.
    #[serde(default)]
    pub key: String,
    /// `charges`, `usage`, `fee`, `minimum` (what is missing to a plan's minimum) or `adjustment` (what
    /// an earlier bill changed by).
    #[serde(default)]
    pub kind: String,
    /// What was used.
    pub service: String,
    /// When, from this moment on, RFC 3339.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: String,
    /// Until this moment.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: String,
    /// What of a plan the line is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanLine>,
    /// What an adjustment is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusts: Option<Adjusts>,
    /// Units, where the whole line counts the same unit.
    pub quantity: Option<String>,
    /// What the units are.
    pub unit: Option<String>,
    /// The price of a unit, where the whole line has one.
    pub unit_price: Option<String>,
    /// Usage events that the line sums up.
    pub events: u64,
    /// The exact amount.
    pub exact_amount: String,
    /// The amount, rounded once to the currency's minor unit.
    pub amount: String,
    /// What coupons take off it, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<String>,
    /// What credits pay of it, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_amount: Option<String>,
    /// What its taxes come to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<LineTax>,
    /// What is owed for it.
    #[serde(default)]
    pub total: String,
    /// The tiers and rates that the exact amount is the sum of, for items of plans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rating: Vec<PreviewLine>,
    /// What the line is made of, exactly.
    pub details: Vec<Detail>,
}

/// What of a plan a line is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanLine {
    /// The id of the subscription.
    pub subscription: String,
    /// The key of the plan.
    pub plan: String,
    /// The version of the plan.
    pub version: u32,
    /// The key of the item; what is missing to the minimum is of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The key of the meter; a fee has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<String>,
    /// What part of the month the line is for, as a fraction such as `16/31`; absent for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// The least that it comes to, exactly, where the line is what is missing to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<String>,
}

/// What an adjustment is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Adjusts {
    /// The month whose usage changed.
    pub month: String,
    /// The number of its bill.
    pub bill: String,
    /// The key of that bill's line.
    pub line: String,
}

/// What a tax comes to on a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BillLineTax))]
pub struct LineTax {
    /// The key of the tax.
    pub tax: String,
    /// The amount, rounded once to the minor unit.
    pub amount: String,
    /// Whether the line's amount has it in it already.
    pub inclusive: bool,
}

/// What a coupon took off a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BillDiscount))]
pub struct Discount {
    /// The key of the coupon.
    pub coupon: String,
    /// What the coupon says.
    pub name: String,
    /// How much.
    pub amount: String,
}

/// What a grant of credit paid of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawnCredit {
    /// The id of the grant.
    pub grant: String,
    /// What people call it.
    pub name: String,
    /// How much.
    pub amount: String,
}

/// What a tax comes to on a bill: the sum of its lines'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BilledTax {
    /// The key of the tax.
    pub tax: String,
    /// What the bill says.
    pub name: String,
    /// The part, as a fraction.
    pub rate: String,
    /// Whether the lines' amounts have it in them already.
    pub inclusive: bool,
    /// The amounts that it is of, without it.
    pub base_amount: String,
    /// How much.
    pub amount: String,
}

/// A part of a line: charges of one description, unit and unit price, or usage of one combination of
/// dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Detail {
    /// What exactly was used.
    pub description: Option<String>,
    /// The values of dimensions; null for events without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, Option<String>>>,
    /// How many units.
    pub quantity: Option<String>,
    /// What the units are.
    pub unit: Option<String>,
    /// The price of a unit.
    pub unit_price: Option<String>,
    /// Usage events that it sums up.
    pub events: u64,
    /// The exact amount; absent where it is not known of a part, because a line is priced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact_amount: Option<String>,
}

/// Charges in a currency that the bill is not in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherCurrency {
    /// The currency.
    pub currency: String,
    /// What they add up to, exactly.
    pub exact_amount: String,
    /// How many there are.
    pub events: u64,
}
