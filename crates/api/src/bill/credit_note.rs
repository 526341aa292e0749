//! Credit notes: what is owed less for a finalized bill.

use super::LineTax;
use serde::{Deserialize, Serialize};

/// What is owed less for a finalized bill: credit that later bills draw on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditNote {
    /// Its id, a ULID.
    pub id: String,
    /// Its number; no number is left out.
    pub number: String,
    /// The number of the bill.
    pub bill: String,
    /// The month of the bill.
    pub month: String,
    /// Why.
    pub reason: String,
    /// When it was made, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// ISO 4217.
    pub currency: String,
    /// What the lines of the bill are less by, where it is usage that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<NotedLine>,
    /// What is owed less, taxes included: an amount above zero. The credit that it becomes is worth exactly
    /// this: it pays later bills after their taxes.
    pub amount: String,
    /// The id of the grant of credit that it became.
    pub grant: String,
}

/// What a line of a bill is less by. Amounts are below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CreditNoteLine))]
pub struct NotedLine {
    /// The key of the bill's line.
    pub line: String,
    /// What was used.
    pub service: String,
    /// Exactly.
    pub exact_amount: String,
    /// In whole minor units.
    pub amount: String,
    /// What its taxes are less by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<LineTax>,
}

/// What a credit note is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"amount": "12.50", "reason": "Outage on the 3rd"})))]
#[serde(deny_unknown_fields)]
pub struct CreditNoteInput {
    /// What is owed less, taxes included, in the bill's currency: at most what the bill comes to.
    pub amount: String,
    /// Why.
    pub reason: String,
}
