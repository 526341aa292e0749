//! Customers: making, changing, ending, finding.

use crate::{Engine, EngineError};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef};
use usage_domain::time::Timestamp;

impl Engine {
    /// The customer of this name.
    ///
    /// # Errors
    /// [`EngineError::NoCustomer`] when there is none.
    pub async fn customer(&self, name: &CustomerRef) -> Result<Customer, EngineError> {
        self.store.customer(name).await?.ok_or_else(|| EngineError::NoCustomer(name.clone()))
    }

    /// Customers by number, `limit` of them after the first `offset`, and how many there are in all.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), EngineError> {
        Ok(self.store.customers(offset, limit).await?)
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// A field out of its limits, or a name that is taken.
    pub async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, EngineError> {
        draft.check()?;
        Ok(self.store.create_customer(id, draft, now).await?)
    }

    /// Changes a customer to what the draft says.
    ///
    /// # Errors
    /// No such customer, a field out of its limits, a name that is taken, or a time zone or currency that its
    /// bills, plans, credits or coupons do not allow any more.
    pub async fn update_customer(
        &self,
        name: &CustomerRef,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, EngineError> {
        draft.check()?;
        let customer = self.customer(name).await?;
        self.check_billing(&customer, &draft).await?;
        Ok(self.store.update_customer(customer.id, draft, now).await?)
    }

    /// Ends a customer.
    ///
    /// # Errors
    /// No such customer.
    pub async fn delete_customer(&self, name: &CustomerRef, now: Timestamp) -> Result<(), EngineError> {
        let customer = self.customer(name).await?;
        Ok(self.store.delete_customer(customer.id, now).await?)
    }
}
