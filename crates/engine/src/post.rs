//! Posting a customer's usage of a month to that month's bill, as the first contract has it.

use crate::{Engine, EngineError};
use std::sync::Arc;
use usage_domain::bill::Bill;
use usage_domain::customer::{Customer, CustomerRef};
use usage_domain::posting::PostOutcome;
use usage_domain::time::{Month, Timestamp};
use usage_store::PostRequest;

/// What posting led to, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The customer.
    pub customer: Customer,
    /// What happened.
    pub outcome: PostOutcome,
}

impl Engine {
    /// Posts the usage of the month that `now` is in, in the customer's zone.
    ///
    /// # Errors
    /// No such customer, or a store that could not write; then nothing is posted.
    pub async fn post(&self, name: &CustomerRef, now: Timestamp) -> Result<Posted, EngineError> {
        let customer = self.customer(name).await?;
        let month = now.month(&customer.zone);
        let outcome = self.post_month(&customer, month, now).await?;
        Ok(Posted { customer, outcome })
    }

    /// Posts the usage of any month.
    ///
    /// # Errors
    /// A store that could not write; then nothing is posted.
    pub async fn post_month(
        &self,
        customer: &Customer,
        month: Month,
        now: Timestamp,
    ) -> Result<PostOutcome, EngineError> {
        let rated = customer.clone();
        let request = PostRequest {
            customer: customer.id,
            month,
            period: month.period(&customer.zone),
            rate: Arc::new(move |usage| Ok(Bill::of_charges(&rated, month, usage)?.total)),
            now,
        };
        Ok(self.store.post(request).await?)
    }
}
