//! The client: posting usage and asking for bills.

use crate::builder::ClientBuilder;
use crate::customer::{CustomerName, percent_encode};
use crate::error::ClientError;
use crate::posting::CreateUsage;
use crate::retry::Retry;
use crate::transport::{Content, Reply, Transport};
use std::fmt;
use usage_api::bill::Bill;

/// Asks one usage_app. It keeps its connections alive and may be shared by threads.
pub struct UsageAPIClient {
    pub(crate) transport: Transport,
    pub(crate) retry: Retry,
    pub(crate) batch_size: usize,
}

/// Without the key: what is printed ends up in logs.
impl fmt::Debug for UsageAPIClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageAPIClient").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

impl UsageAPIClient {
    /// A client of the service at `base_url`, such as `http://localhost:8000`, with the usual
    /// settings.
    ///
    /// # Errors
    /// [`ClientError::Validation`]: a base URL that is none.
    pub fn new(base_url: &str) -> Result<UsageAPIClient, ClientError> {
        UsageAPIClient::builder(base_url).build()
    }

    /// A client of the service at `base_url`, to be set up.
    #[must_use]
    pub fn builder(base_url: &str) -> ClientBuilder {
        ClientBuilder::new(base_url)
    }

    /// Where it asks.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.transport.base_url()
    }

    /// Posts the customer's usage of the current month to that month's bill. Asking twice posts
    /// once: the second answer is [`CreateUsage::AlreadyProcessed`].
    ///
    /// # Errors
    /// [`ClientError::Validation`] "Customer cannot be empty", without a request, for an empty name
    /// or 0; [`ClientError::Network`] where the service cannot be reached or answers too late;
    /// [`ClientError::Api`] for every answer that is none of the four.
    pub fn create_usage(&self, customer: impl Into<CustomerName>) -> Result<CreateUsage, ClientError> {
        CreateUsage::read(&self.post_usage(&customer.into())?)
    }

    /// [`create_usage`](Self::create_usage), as JSON text: `{"message": body}` with the service's
    /// body, or the body itself where there is no such customer.
    ///
    /// # Errors
    /// Those of [`create_usage`](Self::create_usage).
    pub fn create_usage_json(&self, customer: impl Into<CustomerName>) -> Result<String, ClientError> {
        let reply = self.post_usage(&customer.into())?;
        let outcome = CreateUsage::read(&reply)?;
        reply.text().map(|body| outcome.wrap(body))
    }

    /// What the customer owes for a month, `YYYY-MM` in its time zone; the current one for `None`.
    /// All figures are decimal strings in whole units.
    ///
    /// # Errors
    /// [`ClientError::Validation`], without a request, for an empty name; [`ClientError::Network`]
    /// without an answer in time; [`ClientError::Api`] for anything but a bill: 404 where there is
    /// no such customer, 400 where `month` is none.
    pub fn bill(&self, customer: impl Into<CustomerName>, month: Option<&str>) -> Result<Bill, ClientError> {
        self.get_bill(&customer.into(), month)?.json()
    }

    /// [`bill`](Self::bill), as the JSON text that the service sent.
    ///
    /// # Errors
    /// Those of [`bill`](Self::bill).
    pub fn bill_json(
        &self,
        customer: impl Into<CustomerName>,
        month: Option<&str>,
    ) -> Result<String, ClientError> {
        self.get_bill(&customer.into(), month)?.into_text()
    }

    fn post_usage(&self, customer: &CustomerName) -> Result<Reply, ClientError> {
        #[derive(serde::Serialize)]
        struct Request<'a> {
            customer: &'a CustomerName,
        }
        customer.check()?;
        let body = json(&Request { customer })?;
        let content = Content { kind: "application/json", prefer: None, body: &body };
        self.transport.post("/api/v1/usage/create/", &content)
    }

    fn get_bill(&self, customer: &CustomerName, month: Option<&str>) -> Result<Reply, ClientError> {
        customer.check()?;
        let mut path = format!("/api/v1/customers/{}/bill", customer.segment());
        if let Some(month) = month {
            path.push_str("?month=");
            path.push_str(&percent_encode(month));
        }
        self.transport.get(&path)
    }
}

/// A body to send.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(value).map_err(|error| ClientError::validation(format!("cannot be sent: {error}")))
}
