//! What an operator asks a running service: its customers, its events, the care of its store.

use crate::client::{UsageAPIClient, json};
use crate::customer::{CustomerName, percent_encode};
use crate::error::ClientError;
use crate::transport::{Content, Reply};
use std::time::Duration;
use usage_api::customer::{Customer, CustomerInput, CustomerPage};
use usage_api::event::log::EventLogPage;
use usage_api::posting::{PostMonth, Posting};
use usage_api::store::{RebuildReport, Unpaid, VerifyReport};

/// How long reading the whole log may take.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// Every request here fails with [`ClientError::Network`] without an answer in time, and with
/// [`ClientError::Api`] for an answer that is no result.
impl UsageAPIClient {
    /// A page of customers by number: the first is page 1.
    ///
    /// # Errors
    /// No answer, or one that is no page.
    pub fn customers(&self, page: u64, page_size: u64) -> Result<CustomerPage, ClientError> {
        self.transport.get(&format!("/api/v1/customers?page={page}&pageSize={page_size}"))?.json()
    }

    /// A customer by key, number or id.
    ///
    /// # Errors
    /// An empty name; no answer; 404 where there is no such customer.
    pub fn customer(&self, customer: impl Into<CustomerName>) -> Result<Customer, ClientError> {
        let customer = customer.into();
        customer.check()?;
        self.transport.get(&format!("/api/v1/customers/{}", customer.segment()))?.json()
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// No answer; 400 with the field that is wrong; 409 where the number, the key or a subject is
    /// another customer's.
    pub fn create_customer(&self, customer: &CustomerInput) -> Result<Customer, ClientError> {
        let body = json(customer)?;
        let content = Content { kind: "application/json", prefer: None, body: &body };
        self.transport.post("/api/v1/customers", &content)?.json()
    }

    /// Changes a customer to what `customer` says; its number stays where that names none.
    ///
    /// # Errors
    /// No answer; 400 with the field that is wrong; 404 where there is no such customer; 409 where
    /// the key or a subject is another customer's.
    pub fn update_customer(
        &self,
        name: impl Into<CustomerName>,
        customer: &CustomerInput,
    ) -> Result<Customer, ClientError> {
        let name = name.into();
        name.check()?;
        let body = json(customer)?;
        let content = Content { kind: "application/json", prefer: None, body: &body };
        self.transport.put(&format!("/api/v1/customers/{}", name.segment()), &content)?.json()
    }

    /// Posts a customer's usage of a month, such as `2026-11`, to that month's bill; a month with
    /// nothing new stays as it is.
    ///
    /// # Errors
    /// No answer; 400 where that is no month; 404 where there is no such customer or no usage.
    pub fn post_month(&self, customer: impl Into<CustomerName>, month: &str) -> Result<Posting, ClientError> {
        let customer = customer.into();
        customer.check()?;
        let body = json(&PostMonth { month: month.to_string() })?;
        let content = Content { kind: "application/json", prefer: None, body: &body };
        self.transport.post(&format!("/api/v1/customers/{}/postings", customer.segment()), &content)?.json()
    }

    /// Stored events, newest first, as the JSON text that the service sent. `query` holds names and
    /// values as they are: they are encoded here.
    ///
    /// # Errors
    /// No answer; 400 for a query that the service does not know.
    pub fn events(&self, query: &[(&str, &str)]) -> Result<String, ClientError> {
        self.queried("/api/v1/events", query)?.into_text()
    }

    /// A page of stored events in the order of the log. `query` holds names and values as they are.
    ///
    /// # Errors
    /// No answer; 400 for a query that the service does not know.
    pub fn event_log(&self, query: &[(&str, &str)]) -> Result<EventLogPage, ClientError> {
        self.queried("/api/v1/events/log", query)?.json()
    }

    pub(crate) fn queried(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, ClientError> {
        let mut path = path.to_string();
        for (index, (name, value)) in query.iter().enumerate() {
            path.push(if index == 0 { '?' } else { '&' });
            path.push_str(&percent_encode(name));
            path.push('=');
            path.push_str(&percent_encode(value));
        }
        self.transport.get(&path)
    }

    /// Usage that no customer pays for.
    ///
    /// # Errors
    /// No answer, or one that does not say that.
    pub fn unpaid(&self) -> Result<Unpaid, ClientError> {
        self.transport.get("/api/v1/usage/unpaid")?.json()
    }

    /// Walks through the whole log and compares everything with it. Waits ten minutes at least.
    ///
    /// # Errors
    /// No answer, or one that is no report. A store that does not agree is a report, not an error.
    pub fn verify(&self) -> Result<VerifyReport, ClientError> {
        self.long_post("/api/v1/store/verify")?.json()
    }

    /// Makes the projections anew from the log. Waits ten minutes at least.
    ///
    /// # Errors
    /// No answer, or one that is no report.
    pub fn rebuild(&self) -> Result<RebuildReport, ClientError> {
        self.long_post("/api/v1/store/rebuild")?.json()
    }

    /// Whether the service is up and well.
    ///
    /// # Errors
    /// No answer, or one that says that it is not.
    pub fn healthz(&self) -> Result<(), ClientError> {
        self.transport.get("/healthz")?.ok()
    }

    fn long_post(&self, path: &str) -> Result<Reply, ClientError> {
        let content = Content { kind: "application/json", prefer: None, body: b"" };
        self.transport.post_within(path, &content, LONG)
    }
}
