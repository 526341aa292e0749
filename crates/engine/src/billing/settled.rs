//! What of a customer cannot change any more, because bills, plans, credits or coupons are of it.
//!
//! Months follow each other without a gap in one time zone only: in another, usage at the end of a billed
//! month would be billed again in the next one, or never. Amounts of two currencies do not add.

use super::records::CustomerRecords;
use crate::{Engine, EngineError};
use usage_domain::currency::Currency;
use usage_domain::customer::{Customer, CustomerDraft};
use usage_store::StoreError;

impl Engine {
    /// That the time zone and the currency of a customer can be those of a draft.
    pub(crate) async fn check_billing(
        &self,
        customer: &Customer,
        draft: &CustomerDraft,
    ) -> Result<(), EngineError> {
        let (zone, currency) = (customer.zone != draft.zone, customer.currency != draft.currency);
        if !zone && !currency {
            return Ok(());
        }
        let records = self.records_of(customer.id).await?;
        if let Some((month, past)) = records.history.months().last() {
            let change = match zone {
                true => format!("timezone: {} cannot become {}", customer.zone.name(), draft.zone.name()),
                false => format!("currency: {} cannot become {}", customer.currency, draft.currency),
            };
            return refused(format!(
                "{change}: months up to {month} are finalized (bill {}), and the next one goes on where that \
                 ended; void the customer's bills first, or make a new customer",
                past.number
            ));
        }
        if currency { self.check_currency(&records, draft.currency).await } else { Ok(()) }
    }

    /// That nothing is agreed with a customer in another currency than this.
    async fn check_currency(&self, records: &CustomerRecords, own: Currency) -> Result<(), EngineError> {
        for subscription in &records.subscriptions {
            let plan = self.plan(&subscription.value.plan).await?;
            if let Some(version) = plan.versions.iter().find(|version| version.currency != own) {
                return refused(format!(
                    "currency: cannot become {own}: the customer is or was on the plan {:?}, which is in {}, in \
                     months that are not finalized",
                    plan.key, version.currency
                ));
            }
        }
        for grant in records.grants.iter().map(|kept| &kept.value) {
            let left = grant.balance().map_err(|error| EngineError::broken("grant", grant.id, error))?;
            if grant.amount.currency != own && !left.is_zero() {
                let other = grant.amount.currency;
                return refused(format!(
                    "currency: cannot become {own}: the customer has the credit {:?} in {other}",
                    grant.name
                ));
            }
        }
        let mut given = records.account.iter().flat_map(|account| &account.value.coupons);
        match given.find(|given| given.coupon.currency.is_some_and(|other| other != own)) {
            Some(given) => refused(format!(
                "currency: cannot become {own}: the coupon {:?} of the customer is of an amount in another one",
                given.coupon.key
            )),
            None => Ok(()),
        }
    }
}

fn refused(what: String) -> Result<(), EngineError> {
    Err(StoreError::Conflict(what).into())
}
