//! The bill of a customer's month: always the rating of the log at this moment.

use crate::{Engine, EngineError};
use usage_domain::bill::Bill;
use usage_domain::customer::CustomerRef;
use usage_domain::time::{Month, Timestamp};

impl Engine {
    /// The bill of `name` for `month`; for the month that `now` is in, in the customer's zone, where
    /// none is given.
    ///
    /// # Errors
    /// No such customer, or amounts that add up to more than fits.
    pub async fn bill(
        &self,
        name: &CustomerRef,
        month: Option<Month>,
        now: Timestamp,
    ) -> Result<Bill, EngineError> {
        let customer = self.customer(name).await?;
        let month = month.unwrap_or_else(|| now.month(&customer.zone));
        let paid = self.store.paid_subjects(customer.id).await?;
        let usage = self.store.usage(paid, month.period(&customer.zone)).await?;
        Ok(Bill::of_charges(&customer, month, usage)?)
    }
}
