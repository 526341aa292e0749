//! What commands ask of billing, of the folder or of the service that runs on it.

mod local;
mod remote;

use crate::failure::Failure;
use usage_api::bill::{
    Bill, BillPage, BillProof, BillRunPage, BillRunRequest, Explanation, Finalized, SimulationPage,
    SimulationRequest,
};
use usage_api::grant::Grant;
use usage_api::settings::Settings;
use usage_api::subscription::Subscription;
use usage_domain::time::Month;

/// What commands ask of billing. A bill is named by its number or id.
pub(crate) trait Billing {
    fn finalize(&self, customer: &str, month: Month, force: bool) -> Result<Finalized, Failure>;
    /// Finalizes a month of a page of customers.
    fn bill_run(&self, request: &BillRunRequest) -> Result<BillRunPage, Failure>;
    fn void_bill(&self, bill: &str) -> Result<Bill, Failure>;
    fn pay_bill(&self, bill: &str) -> Result<Bill, Failure>;
    fn verify_bill(&self, bill: &str) -> Result<BillProof, Failure>;
    /// How a line of a bill, open or finalized, came about.
    fn explain(&self, bill: &str, line: &str, events: usize) -> Result<Explanation, Failure>;
    fn simulate(&self, request: &SimulationRequest) -> Result<SimulationPage, Failure>;
    fn subscriptions(&self, customer: &str) -> Result<Vec<Subscription>, Failure>;
    fn credits(&self, customer: &str) -> Result<Vec<Grant>, Failure>;
    /// A page of the finalized bills of a month, oldest first.
    fn bills(&self, month: &str, after: Option<&str>) -> Result<BillPage, Failure>;
    /// How bills are made out.
    fn settings(&self) -> Result<Settings, Failure>;
}
