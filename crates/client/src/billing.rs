//! Billing: what is agreed with customers, finalized bills, and what becomes of them.

use crate::client::{UsageAPIClient, json};
use crate::customer::{CustomerName, percent_encode};
use crate::error::ClientError;
use crate::transport::{Content, Reply};
use serde::Serialize;
use std::time::Duration;
use usage_api::bill::{
    Bill, BillPage, BillProof, BillRunPage, BillRunRequest, CreditNote, CreditNoteInput, Explanation,
    FinalizeRequest, Finalized, SimulationPage, SimulationRequest,
};
use usage_api::grant::{Grant, GrantInput};
use usage_api::settings::Settings;
use usage_api::subscription::{Subscription, SubscriptionEnd, SubscriptionInput};

/// How long finalizing or proving many bills, or reading the events behind one, may take.
const LONG: Duration = Duration::from_secs(600);

/// Every request here fails with [`ClientError::Network`] without an answer in time, and with
/// [`ClientError::Api`] for an answer that is no result. A bill is named by its number or id; the id of an
/// open one is the customer's and the month, such as `01ARZ3NDEKTSV4RRFFQ69G5FAV-2026-11`.
impl UsageAPIClient {
    /// The plan of this key, as the JSON text that the service sent.
    ///
    /// # Errors
    /// No answer; 404 where there is no such plan.
    pub fn plan_json(&self, key: &str) -> Result<String, ClientError> {
        self.transport.get(&named("/api/v1/plans", "Plan", key)?)?.into_text()
    }

    /// Makes a plan, or changes it to this; with the plan as JSON text in both directions.
    ///
    /// # Errors
    /// No answer; 400 with the field that is wrong.
    pub fn put_plan_json(&self, key: &str, plan: &str) -> Result<String, ClientError> {
        let content = Content { kind: "application/json", prefer: None, body: plan.as_bytes() };
        self.transport.put(&named("/api/v1/plans", "Plan", key)?, &content)?.into_text()
    }

    /// A customer's subscriptions, in the order in which they were made.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such customer.
    pub fn subscriptions(&self, customer: impl Into<CustomerName>) -> Result<Vec<Subscription>, ClientError> {
        self.transport.get(&of_customer(&customer.into(), "subscriptions")?)?.json()
    }

    /// Puts a customer on a plan.
    ///
    /// # Errors
    /// An empty name; no answer; 400 with the field that is wrong; 404 where there is no such customer.
    pub fn subscribe(
        &self,
        customer: impl Into<CustomerName>,
        subscription: &SubscriptionInput,
    ) -> Result<Subscription, ClientError> {
        self.sent(&of_customer(&customer.into(), "subscriptions")?, subscription)?.json()
    }

    /// Puts a customer on another plan: the subscription of this id ends as the new one begins.
    ///
    /// # Errors
    /// An empty name; no answer; 400 with the field that is wrong; 404 where there is no such customer or
    /// subscription.
    pub fn change_subscription(
        &self,
        customer: impl Into<CustomerName>,
        id: &str,
        new: &SubscriptionInput,
    ) -> Result<Subscription, ClientError> {
        let all = of_customer(&customer.into(), "subscriptions")?;
        self.sent(&format!("{}/change", named(&all, "Subscription", id)?), new)?.json()
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// An empty name; no answer; 400 where the moment is unusable; 404 where there is no such customer or
    /// subscription.
    pub fn end_subscription(
        &self,
        customer: impl Into<CustomerName>,
        id: &str,
        end: &SubscriptionEnd,
    ) -> Result<Subscription, ClientError> {
        let all = of_customer(&customer.into(), "subscriptions")?;
        self.sent(&format!("{}/end", named(&all, "Subscription", id)?), end)?.json()
    }

    /// A customer's credits with everything that happened to them, oldest first.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such customer.
    pub fn credits(&self, customer: impl Into<CustomerName>) -> Result<Vec<Grant>, ClientError> {
        self.transport.get(&of_customer(&customer.into(), "credits")?)?.json()
    }

    /// Grants a customer credit.
    ///
    /// # Errors
    /// An empty name; no answer; 400 with the field that is wrong; 404 where there is no such customer.
    pub fn grant_credit(
        &self,
        customer: impl Into<CustomerName>,
        grant: &GrantInput,
    ) -> Result<Grant, ClientError> {
        self.sent(&of_customer(&customer.into(), "credits")?, grant)?.json()
    }

    /// A customer's credit notes, oldest first.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such customer.
    pub fn credit_notes(&self, customer: impl Into<CustomerName>) -> Result<Vec<CreditNote>, ClientError> {
        self.transport.get(&of_customer(&customer.into(), "credit-notes")?)?.json()
    }

    /// A page of finalized bills. `query` holds names and values as they are.
    ///
    /// # Errors
    /// No answer; 400 for a query that the service does not know.
    pub fn bills(&self, query: &[(&str, &str)]) -> Result<BillPage, ClientError> {
        self.queried("/api/v1/bills", query)?.json()
    }

    /// How bills are made out.
    ///
    /// # Errors
    /// No answer.
    pub fn billing_settings(&self) -> Result<Settings, ClientError> {
        self.transport.get("/api/v1/settings/billing")?.json()
    }

    /// A bill, open or finalized.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such bill.
    pub fn bill_by_id(&self, bill: &str) -> Result<Bill, ClientError> {
        self.transport.get(&bill_path(bill)?)?.json()
    }

    /// Finalizes a customer's month, such as `2026-10`: its bill gets a number and is never changed again.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such customer; 409 where the month is not over and
    /// that is not forced, where it is finalized already, or where nothing is to be billed.
    pub fn finalize_bill(
        &self,
        customer: impl Into<CustomerName>,
        month: &str,
        request: &FinalizeRequest,
    ) -> Result<Finalized, ClientError> {
        let customer = self.customer(customer)?.id;
        let path = bill_path(&format!("{customer}-{month}"))?;
        self.sent(&format!("{path}/finalize"), request)?.json()
    }

    /// Finalizes a month of a page of customers. Running it again changes nothing. Waits ten minutes at least.
    ///
    /// # Errors
    /// No answer; 400 with the field that is wrong.
    pub fn run_bills(&self, request: &BillRunRequest) -> Result<BillRunPage, ClientError> {
        self.sent("/api/v1/bill-runs", request)?.json()
    }

    /// Voids a bill: its month is open again.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such bill; 409 where it was paid.
    pub fn void_bill(&self, bill: &str) -> Result<Bill, ClientError> {
        self.post_nothing(&format!("{}/void", bill_path(bill)?))?.json()
    }

    /// Says that a bill was paid.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such bill; 409 where it is void.
    pub fn pay_bill(&self, bill: &str) -> Result<Bill, ClientError> {
        self.post_nothing(&format!("{}/pay", bill_path(bill)?))?.json()
    }

    /// Makes a credit note: less is owed for a bill.
    ///
    /// # Errors
    /// An empty name; no answer; 400 with the field that is wrong; 404 where there is no such bill; 409 where
    /// it is void.
    pub fn create_credit_note(&self, bill: &str, note: &CreditNoteInput) -> Result<CreditNote, ClientError> {
        self.sent(&format!("{}/credit-notes", bill_path(bill)?), note)?.json()
    }

    /// Makes a finalized bill again, from the log and from what was agreed then, and compares. A bill that
    /// differs is a proof, not an error. Waits ten minutes at least.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such bill.
    pub fn verify_bill(&self, bill: &str) -> Result<BillProof, ClientError> {
        self.post_nothing(&format!("{}/verify", bill_path(bill)?))?.json()
    }

    /// How a line of a bill, open or finalized, came about, with at most `limit` events behind it.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such bill or line.
    pub fn explain_bill(&self, bill: &str, line: &str, limit: usize) -> Result<Explanation, ClientError> {
        let limit = limit.to_string();
        self.queried(&format!("{}/explain", bill_path(bill)?), &[("line", line), ("limit", &limit)])?.json()
    }

    /// What customers would have owed for a month under a plan. Waits ten minutes at least.
    ///
    /// # Errors
    /// No answer; 400 with the field that is wrong, or names a plan that is not there.
    pub fn simulate(&self, request: &SimulationRequest) -> Result<SimulationPage, ClientError> {
        self.sent("/api/v1/simulations", request)?.json()
    }

    fn sent(&self, path: &str, body: &impl Serialize) -> Result<Reply, ClientError> {
        let body = json(body)?;
        let content = Content { kind: "application/json", prefer: None, body: &body };
        self.transport.post_within(path, &content, LONG)
    }

    fn post_nothing(&self, path: &str) -> Result<Reply, ClientError> {
        let content = Content { kind: "application/json", prefer: None, body: b"" };
        self.transport.post_within(path, &content, LONG)
    }
}

fn of_customer(customer: &CustomerName, what: &str) -> Result<String, ClientError> {
    customer.check()?;
    Ok(format!("/api/v1/customers/{}/{what}", customer.segment()))
}

fn bill_path(bill: &str) -> Result<String, ClientError> {
    named("/api/v1/bills", "Bill", bill)
}

fn named(path: &str, what: &str, name: &str) -> Result<String, ClientError> {
    if name.is_empty() {
        return Err(ClientError::validation(format!("{what} cannot be empty")));
    }
    Ok(format!("{path}/{}", percent_encode(name)))
}
