//! Billing through the service that runs on the folder.

use super::Billing;
use crate::failure::Failure;
use crate::gateway::remote::Remote;
use usage_api::bill::{
    Bill, BillPage, BillProof, BillRunPage, BillRunRequest, Explanation, FinalizeRequest, Finalized,
    SimulationPage, SimulationRequest,
};
use usage_api::grant::Grant;
use usage_api::settings::Settings;
use usage_api::subscription::Subscription;
use usage_domain::time::Month;

impl Billing for Remote {
    fn finalize(&self, customer: &str, month: Month, force: bool) -> Result<Finalized, Failure> {
        Ok(self.client.finalize_bill(customer, &month.to_string(), &FinalizeRequest { force })?)
    }

    fn bill_run(&self, request: &BillRunRequest) -> Result<BillRunPage, Failure> {
        Ok(self.client.run_bills(request)?)
    }

    fn void_bill(&self, bill: &str) -> Result<Bill, Failure> {
        Ok(self.client.void_bill(bill)?)
    }

    fn pay_bill(&self, bill: &str) -> Result<Bill, Failure> {
        Ok(self.client.pay_bill(bill)?)
    }

    fn verify_bill(&self, bill: &str) -> Result<BillProof, Failure> {
        Ok(self.client.verify_bill(bill)?)
    }

    fn explain(&self, bill: &str, line: &str, events: usize) -> Result<Explanation, Failure> {
        Ok(self.client.explain_bill(bill, line, events)?)
    }

    fn simulate(&self, request: &SimulationRequest) -> Result<SimulationPage, Failure> {
        Ok(self.client.simulate(request)?)
    }

    fn subscriptions(&self, customer: &str) -> Result<Vec<Subscription>, Failure> {
        Ok(self.client.subscriptions(customer)?)
    }

    fn credits(&self, customer: &str) -> Result<Vec<Grant>, Failure> {
        Ok(self.client.credits(customer)?)
    }

    fn bills(&self, month: &str, after: Option<&str>) -> Result<BillPage, Failure> {
        let mut query = vec![("month", month)];
        query.extend(after.map(|after| ("after", after)));
        Ok(self.client.bills(&query)?)
    }

    fn settings(&self) -> Result<Settings, Failure> {
        Ok(self.client.billing_settings()?)
    }
}
