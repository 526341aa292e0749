//! What customers would owe under another plan.

use crate::bill::BilledCustomer;
use crate::fields::Fields;
use crate::plan;
use crate::problem::FieldError;
use serde::{Deserialize, Serialize};
use usage_domain::customer::{CustomerRef, MAX_NUMBER};
use usage_domain::time::Month;

/// The most customers of a page.
const MAX_LIMIT: u64 = 1000;

/// Which plan is tried on which month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"plan": "pro", "month": "2026-10"})))]
#[serde(deny_unknown_fields)]
pub struct SimulationRequest {
    /// The key of a plan, or a plan, which need not be stored. Its last version is tried.
    pub plan: PlanOrKey,
    /// Customers on the plan of this key would be on the other one instead; where absent, all customers would
    /// be, and on nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// The month whose usage it is tried on, such as `2026-10`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    pub month: String,
    /// Only for this customer: a key, number or id; then there are no pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Customers to pass over, by number; 0 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 9_007_199_254_740_991_u64))]
    pub offset: Option<u64>,
    /// At most so many customers; 100 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub limit: Option<u64>,
}

/// A plan, or the key of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum PlanOrKey {
    /// The key of a plan that is stored.
    Key(String),
    /// A plan.
    Plan(Box<plan::Plan>),
}

/// What is to be simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The plan, or its key.
    pub plan: Candidate,
    /// The key of the plan that it is instead of.
    pub instead_of: Option<String>,
    /// The month.
    pub month: Month,
    /// The one customer, where it is for one.
    pub customer: Option<CustomerRef>,
    /// Customers to pass over.
    pub offset: u64,
    /// At most so many customers.
    pub limit: u64,
}

/// The plan that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// The key of one that is stored.
    Key(String),
    /// One that need not be.
    Plan(Box<usage_domain::plan::Plan>),
}

/// Reads what is to be simulated.
///
/// # Errors
/// The property that is missing or unusable. Whether plans and meters are there is not known here.
pub fn read_simulation(text: &str) -> Result<Simulation, FieldError> {
    let fields = Fields::read("", text)?;
    fields.only(&["plan", "instead_of", "month", "customer", "offset", "limit"])?;
    let plan = if fields.is_text("plan") {
        Candidate::Key(fields.required_text("plan")?)
    } else {
        Candidate::Plan(Box::new(plan::plan(&fields.required_object("plan")?)?))
    };
    let limit = fields.count("limit")?.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(fields.wrong("limit", format!("must be 1 to {MAX_LIMIT}, not {limit}")));
    }
    let offset = fields.count("offset")?.unwrap_or(0);
    if offset > MAX_NUMBER {
        return Err(fields.wrong("offset", format!("must be 0 to {MAX_NUMBER}, not {offset}")));
    }
    Ok(Simulation {
        plan,
        instead_of: fields.text("instead_of")?,
        month: fields.required_parsed("month")?,
        customer: fields.parsed("customer")?,
        offset,
        limit,
    })
}

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
