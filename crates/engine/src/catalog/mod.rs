//! The catalog: everything that was set up, as one document, and making what is there as one says.
//!
//! Nothing is ended because a document does not name it. What cannot be done is found before anything is
//! done; what others change meanwhile stops in the middle, and what was done until then stays: applying the
//! same document again does the rest.

mod apply;
mod check;

use crate::{Engine, EngineError};
use usage_api::catalog::{Catalog, Customer, GivenCoupon, Settings, Subscribed};
use usage_domain::customer::{self, CustomerRef};
use usage_domain::subscription::Subscription;

/// Customers that are read at a time.
const PAGE: u64 = 1000;

impl Engine {
    /// Everything that was set up, customers in the order of their numbers.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn catalog(&self) -> Result<Catalog, EngineError> {
        let mut catalog = self.catalog_without_customers().await?;
        loop {
            let (page, all) = self.customers(catalog.customers.len() as u64, PAGE).await?;
            let is_last = page.is_empty();
            for customer in page {
                catalog.customers.push(self.catalog_customer(&customer).await?);
            }
            if is_last || catalog.customers.len() as u64 >= all {
                return Ok(catalog);
            }
        }
    }

    /// What is there of what `wanted` may name: of the customers only its own.
    async fn catalog_for(&self, wanted: &Catalog) -> Result<Catalog, EngineError> {
        let mut catalog = self.catalog_without_customers().await?;
        for customer in &wanted.customers {
            if let Some(there) = self.find_customer(customer).await? {
                catalog.customers.push(self.catalog_customer(&there).await?);
            }
        }
        Ok(catalog)
    }

    /// Everything but the customers.
    async fn catalog_without_customers(&self) -> Result<Catalog, EngineError> {
        let settings = self.settings().await?;
        Ok(Catalog {
            settings: Settings {
                seller: Some(settings.seller),
                number_prefix: Some(settings.number_prefix),
                grace_days: Some(settings.grace_days),
            },
            meters: self.meters().await?.into_iter().map(|meter| meter.draft).collect(),
            taxes: self.taxes().await?,
            coupons: self.coupons().await?,
            plans: self.plans().await?,
            customers: Vec::new(),
        })
    }

    /// The customer that a document means.
    async fn find_customer(&self, meant: &Customer) -> Result<Option<customer::Customer>, EngineError> {
        let names = [meant.key.clone().map(CustomerRef::Key), meant.number.map(CustomerRef::Number)];
        for name in names.into_iter().flatten() {
            let found = self.store.customer(&name).await?;
            // Of another key, it is another customer: its number is taken.
            if let Some(found) =
                found.filter(|found| found.key.is_none() || meant.key.is_none() || found.key == meant.key)
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn catalog_customer(&self, customer: &customer::Customer) -> Result<Customer, EngineError> {
        let account = self.account(customer.id).await?;
        let given = account.coupons.into_iter();
        let subscriptions = self.subscriptions(customer.id).await?;
        Ok(Customer {
            key: customer.key.clone(),
            number: Some(customer.number),
            name: customer.name.clone(),
            currency: Some(customer.currency),
            zone: Some(customer.zone.clone()),
            subjects: Some(customer.subjects.clone()),
            taxes: account.taxes,
            coupons: given
                .map(|given| GivenCoupon { coupon: given.coupon.key, from: Some(given.from) })
                .collect(),
            subscriptions: subscriptions.into_iter().map(subscribed).collect(),
        })
    }
}

fn subscribed(subscription: Subscription) -> Subscribed {
    Subscribed {
        plan: subscription.plan,
        version: subscription.version,
        start: Some(subscription.start),
        end: subscription.end,
        trial_end: subscription.trial_end,
        overrides: subscription.overrides,
    }
}
