//! Plans on the wire and in the store: what one looks like in JSON.
//!
//! Reading is strict, as it is for prices ([`crate::price`]): what is not known here is refused with its
//! path, so that a misspelt property never bills something else.

mod read;
mod write;

use crate::price::PriceSpec;
use serde::Serialize;
use std::collections::BTreeMap;

pub(crate) use read::{item, plan, version};

/// A plan: prices for meters and fees, in versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "key": "pro", "name": "Pro", "versions": [{
        "version": 1, "effective_from": "2026-11-01T00:00:00Z", "currency": "USD", "trial_days": 14,
        "corrections": "next_bill", "items": [
            {"key": "base", "name": "Base fee",
             "price": {"model": "flat", "amount": "49", "payment_term": "in_advance"}},
            {"key": "tokens", "name": "Tokens", "meter": "tokens_total", "unit": "tokens",
             "filters": {"model": ["large", "small"]}, "details": ["model"],
             "price": {"model": "graduated", "tiers": [
                {"up_to": "1000000", "unit_amount": "0"}, {"up_to": null, "unit_amount": "0.0000025"}]}},
        ],
    }],
})))]
pub struct Plan {
    /// What requests and files call it: 1 to 128 letters, digits, `_`, `-` and `.`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length = 128))]
    pub key: String,
    /// A name for people.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub description: Option<String>,
    /// Its versions, by the moments from which they are in force; no two from the same one.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 200))]
    pub versions: Vec<PlanVersion>,
}

/// What a plan is from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanVersion {
    /// Its number, by which subscriptions that stay on it name it; the next one where absent.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, required = false))]
    pub version: u32,
    /// Billing periods, and subscriptions within one, that begin then or later are by this version. RFC 3339,
    /// or a date, which is midnight UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub effective_from: String,
    /// ISO 4217: what its prices are in, the same in all versions.
    pub currency: String,
    /// Days from the beginning of a subscription that cost nothing; 0 where absent.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "openapi", schema(maximum = 3660, required = false))]
    pub trial_days: u32,
    /// The least that a whole billing period comes to, fees included, in the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<String>,
    /// What becomes of usage that changes after its bill was finalized: a line of the next bill
    /// (`next_bill`, where absent), or a credit note for what is owed less (`credit_note`).
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub corrections: String,
    /// What is charged, in the order of the bill's lines.
    #[cfg_attr(feature = "openapi", schema(max_items = 200))]
    pub items: Vec<PlanItem>,
}

/// One thing that a plan charges for: metered usage, or, without a meter, a fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanItem {
    /// What requests and files call it; one item of a version each.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length = 128))]
    pub key: String,
    /// What the bill's line says.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// The slug of the meter that measures the usage; a fee has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<String>,
    /// Usage: what the units are, such as `tokens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Usage: only events whose dimensions have one of these values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub filters: BTreeMap<String, Filter>,
    /// Usage: dimensions that the line is broken down by. They change no amount.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false, max_items = 16))]
    pub details: Vec<String>,
    /// What it costs; that of a fee is flat.
    pub price: PriceSpec,
    /// Fees: whether a part of a period costs a part of the fee; true where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prorate: Option<bool>,
    /// By which taxes are chosen; `standard` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_category: Option<String>,
}

/// Values of a dimension: one, or a list of which each will do; null stands for events without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PlanItemFilter))]
#[serde(untagged)]
pub enum Filter {
    /// One value.
    One(String),
    /// Any of these.
    Any(Vec<Option<String>>),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
