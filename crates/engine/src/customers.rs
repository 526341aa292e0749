//! Customers: making, changing, ending, finding.

use crate::{Engine, EngineError};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef};
use usage_domain::time::Timestamp;

/// Customers that are looked at together.
const PAGE: u64 = 1000;

/// Which customers are asked for; all, where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFilter {
    /// The one of this key.
    pub key: Option<String>,
    /// Those of which the name contains this text, in large or small letters.
    pub name: Option<String>,
    /// The one that pays for this subject now.
    pub subject: Option<String>,
}

impl CustomerFilter {
    fn takes(&self, customer: &Customer) -> bool {
        let pays =
            |subject: &String| customer.key.as_ref() == Some(subject) || customer.subjects.contains(subject);
        let named = |name: &String| customer.name.to_lowercase().contains(&name.to_lowercase());
        self.key.as_ref().is_none_or(|key| customer.key.as_ref() == Some(key))
            && self.subject.as_ref().is_none_or(pays)
            && self.name.as_ref().is_none_or(named)
    }
}

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

    /// The same of those that a filter takes.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn customers_like(
        &self,
        filter: &CustomerFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<Customer>, u64), EngineError> {
        let (mut found, mut count) = (Vec::new(), 0);
        let mut take = |customer: Customer| {
            if filter.takes(&customer) {
                if count >= offset && (found.len() as u64) < limit {
                    found.push(customer);
                }
                count += 1;
            }
        };
        match (&filter.key, &filter.subject, &filter.name) {
            (None, None, None) => return self.customers(offset, limit).await,
            (Some(key), _, _) => {
                self.store.customer(&CustomerRef::Key(key.clone())).await?.into_iter().for_each(&mut take);
            }
            (None, Some(subject), _) => {
                let payers = self.store.payers(vec![subject.clone()]).await?;
                // Who pays now does without an end.
                let now = payers.iter().flatten().find(|(period, _)| period.end == Timestamp::MAX);
                if let Some((_, id)) = now {
                    self.store.customer(&CustomerRef::Id(*id)).await?.into_iter().for_each(&mut take);
                }
            }
            (None, None, Some(_)) => {
                let mut seen = 0;
                loop {
                    let (page, all) = self.customers(seen, PAGE).await?;
                    seen += page.len() as u64;
                    let is_last = page.is_empty() || seen >= all;
                    page.into_iter().for_each(&mut take);
                    if is_last {
                        break;
                    }
                }
            }
        }
        Ok((found, count))
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
