//! What customers would owe under another plan.

use crate::bill::BilledCustomer;
use serde::{Deserialize, Serialize};

/// What customers would owe for a month under another plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimulationPage {
    /// Customers of whom something changes, by number.
    pub items: Vec<Simulated>,
    /// Customers that were looked at.
    pub customers: u64,
    /// Customers in all.
    pub total_customers: u64,
}

/// What a customer would owe. Credits are left out on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Simulated {
    /// The customer.
    pub customer: BilledCustomer,
    /// ISO 4217.
    pub currency: String,
    /// What it owes now.
    pub current_total: String,
    /// What it would owe.
    pub simulated_total: String,
    /// What it would owe more, or less where below zero.
    pub difference: String,
    /// Why: lines that differ, by name.
    pub lines: Vec<SimulatedLine>,
}

/// What a line comes to on both bills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SimulatedLine {
    /// What was used.
    pub service: String,
    /// What is owed for it now.
    pub current_total: String,
    /// What would be owed.
    pub simulated_total: String,
}
