//! Billing on data that this process opens itself.

use super::Billing;
use crate::failure::Failure;
use crate::gateway::local::{Local, new_ulid};
use crate::present;
use std::sync::Arc;
use usage_api::bill::{
    Bill, BillPage, BillProof, BillRunPage, BillRunRequest, Candidate as Asked, Explanation, Finalized,
    SimulationPage, SimulationRequest, read_simulation,
};
use usage_api::grant::Grant;
use usage_api::settings::Settings;
use usage_api::subscription::Subscription;
use usage_domain::customer::CustomerRef;
use usage_domain::time::Month;
use usage_engine::billing::{BillFilter, Candidate, FinalizeOptions, Ids, RunOptions, open_id};

/// Customers of a page of a run that names no limit.
const RUN_PAGE: u64 = 1000;
/// Bills of a page of an export.
const BILL_PAGE: u64 = 500;

impl Billing for Local {
    fn finalize(&self, customer: &str, month: Month, force: bool) -> Result<Finalized, Failure> {
        let name: CustomerRef = customer.parse()?;
        let options = FinalizeOptions { force };
        let done = self.engine.finalize(&name, month, options, present::now(), &new_ulid);
        Ok(self.runtime.block_on(done)?)
    }

    fn bill_run(&self, request: &BillRunRequest) -> Result<BillRunPage, Failure> {
        let options = RunOptions {
            month: request.month.parse()?,
            offset: request.offset,
            limit: request.limit.unwrap_or(RUN_PAGE),
            force: request.force,
        };
        let ids: Ids = Arc::new(new_ulid);
        Ok(self.runtime.block_on(self.engine.bill_run(options, present::now(), &ids))?)
    }

    fn void_bill(&self, bill: &str) -> Result<Bill, Failure> {
        Ok(self.runtime.block_on(self.engine.void_bill(bill, present::now()))?)
    }

    fn pay_bill(&self, bill: &str) -> Result<Bill, Failure> {
        Ok(self.runtime.block_on(self.engine.pay_bill(bill, present::now()))?)
    }

    fn verify_bill(&self, bill: &str) -> Result<BillProof, Failure> {
        Ok(self.runtime.block_on(self.engine.verify_bill(bill))?)
    }

    fn explain(&self, bill: &str, line: &str, events: usize) -> Result<Explanation, Failure> {
        Ok(self.runtime.block_on(async {
            match open_id(bill) {
                Some((customer, month)) => {
                    let customer = CustomerRef::Id(customer);
                    self.engine.explain(&customer, Some(month), line, events, present::now()).await
                }
                None => self.engine.explain_finalized(bill, line, events).await,
            }
        })?)
    }

    fn simulate(&self, request: &SimulationRequest) -> Result<SimulationPage, Failure> {
        // Read as the service would read it.
        let unusable = |error: &dyn std::fmt::Display| Failure::operation(error.to_string());
        let text = serde_json::to_string(request).map_err(|error| unusable(&error))?;
        let asked = read_simulation(&text).map_err(|error| unusable(&error))?;
        Ok(self.runtime.block_on(async {
            let plan = match asked.plan {
                Asked::Key(key) => self.engine.plan(&key).await.map_err(|error| error.named_by("plan"))?,
                Asked::Plan(plan) => *plan,
            };
            let candidate = Candidate { plan, instead_of: asked.instead_of, month: asked.month };
            match &asked.customer {
                Some(customer) => self.engine.simulate_for(&candidate, customer).await,
                None => self.engine.simulate(&candidate, asked.offset, asked.limit).await,
            }
        })?)
    }

    fn subscriptions(&self, customer: &str) -> Result<Vec<Subscription>, Failure> {
        let name: CustomerRef = customer.parse()?;
        Ok(self.runtime.block_on(async {
            let customer = self.engine.customer(&name).await?;
            let subscriptions = self.engine.subscriptions(customer.id).await?;
            Ok::<_, usage_engine::EngineError>(subscriptions.iter().map(Subscription::from).collect())
        })?)
    }

    fn credits(&self, customer: &str) -> Result<Vec<Grant>, Failure> {
        let name: CustomerRef = customer.parse()?;
        Ok(self.runtime.block_on(async {
            let customer = self.engine.customer(&name).await?;
            let grants = self.engine.grants(customer.id).await?;
            Ok::<_, usage_engine::EngineError>(grants.iter().map(Grant::from).collect())
        })?)
    }

    fn bills(&self, month: &str, after: Option<&str>) -> Result<BillPage, Failure> {
        let (month, after) = (Some(month.to_string()), after.map(str::to_string));
        let filter = BillFilter { customer: None, month, after, limit: BILL_PAGE };
        Ok(self.runtime.block_on(self.engine.finalized_bills(&filter))?)
    }

    fn settings(&self) -> Result<Settings, Failure> {
        Ok(self.runtime.block_on(self.engine.settings())?)
    }
}
