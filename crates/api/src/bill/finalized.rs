//! Finalizing bills, one or all of a month, and proving them.

use super::{Bill, CreditNote};
use serde::{Deserialize, Serialize};

/// How a bill is finalized.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct FinalizeRequest {
    /// Whether a month that is not over, or whose grace period is not, is finalized all the same.
    pub force: bool,
}

/// A finalized bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finalized {
    /// The bill.
    pub bill: Bill,
    /// What is owed less for earlier bills, where a plan says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credit_notes: Vec<CreditNote>,
}

/// Finalized bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillPage {
    /// The bills, oldest first.
    pub items: Vec<Bill>,
    /// What `after` is to be for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A part of the month's run: some customers, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"month": "2026-10", "offset": 0, "limit": 1000})))]
#[serde(deny_unknown_fields)]
pub struct BillRunRequest {
    /// The month, such as `2026-10`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    pub month: String,
    /// Customers to pass over, by number.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 9_007_199_254_740_991_u64))]
    pub offset: u64,
    /// At most so many customers; 1000 where absent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub limit: Option<u64>,
    /// Whether a month that is not over, or whose grace period is not, is finalized all the same.
    #[serde(default)]
    pub force: bool,
}

/// What became of a part of the month's run. Running it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillRunPage {
    /// The bills that were finalized now.
    pub finalized: Vec<RunBill>,
    /// Customers that were billed already.
    pub already_finalized: u64,
    /// Customers of whom nothing is to be billed.
    pub nothing_to_bill: u64,
    /// Customers that could not be billed, and why.
    pub failed: Vec<RunFailure>,
    /// The first customers of whose metered usage some has no price on their bills, nor elsewhere.
    #[serde(default)]
    pub unpriced: Vec<UnpricedCustomer>,
    /// How many such customers there are.
    #[serde(default)]
    pub unpriced_customers: u64,
    /// Customers that were looked at.
    pub customers: u64,
    /// Customers in all.
    pub total_customers: u64,
}

/// A bill of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunBill {
    /// The customer's number.
    pub customer: u64,
    /// The number of the bill.
    pub number: String,
    /// What is owed.
    pub total: String,
    /// ISO 4217.
    pub currency: String,
}

/// A customer that could not be billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunFailure {
    /// The customer's number.
    pub customer: u64,
    /// Why.
    pub reason: String,
}

/// A customer that used what it has no price for: types of events that no item of its plans looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnpricedCustomer {
    /// The customer's number.
    pub customer: u64,
    /// The keys of the meters that count it.
    pub meters: Vec<String>,
    /// How many events they count; of each type the most that a meter of it counts.
    pub events: u64,
}

/// A finalized bill beside itself, made again from the log and from what was agreed then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BillProof {
    /// The number of the bill.
    pub number: String,
    /// Whether both are the same.
    pub agrees: bool,
    /// The bill's total.
    pub total: String,
    /// The total of the bill made again.
    pub recomputed_total: String,
    /// The log position that both are of.
    pub position: String,
    /// Where they differ.
    pub differences: Vec<String>,
}
