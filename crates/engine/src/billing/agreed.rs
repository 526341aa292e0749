//! What was agreed with a customer for a month: everything that its bill is made from but usage.

use super::records::{Catalog, CustomerRecords};
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_domain::bill::{Credit, Inputs};
use usage_domain::credit::{self, Grant};
use usage_domain::customer::{Customer, PaidSubject};
use usage_domain::meter::Meter;
use usage_domain::plan::ItemKind;
use usage_domain::subscription::Segment;
use usage_domain::time::Month;

/// What was agreed, and whose usage is paid for.
pub(crate) struct Agreed {
    pub(crate) inputs: Inputs,
    /// The subjects that the customer pays for, and when.
    pub(crate) subjects: Vec<PaidSubject>,
    /// The meters of the items, by key.
    pub(crate) meters: BTreeMap<String, Meter>,
    /// The customer's records that it was read from.
    pub(crate) records: CustomerRecords,
}

impl Engine {
    /// What was agreed with a customer for a month, without what earlier bills changed by.
    pub(crate) async fn agreed(
        &self,
        customer: &Customer,
        month: Month,
        catalog: &Catalog,
    ) -> Result<Agreed, EngineError> {
        let records = self.records_of(customer.id).await?;
        let mut inputs = Inputs::plain(customer.clone(), month);
        inputs.segments = self.segments(&inputs, &records, catalog).await?;
        inputs.taxes = taxes(&records, catalog)?;
        if let Some(account) = &records.account {
            inputs.coupons = account.value.coupons.clone();
            inputs.coupons.retain(|coupon| coupon.applies_to(month));
        }
        inputs.credits = credits(&records, &inputs)?;
        let meters = meters(&inputs.segments, catalog)?;
        let subjects = self.store.paid_subjects(customer.id).await?;
        Ok(Agreed { inputs, subjects, meters, records })
    }

    pub(crate) async fn segments(
        &self,
        inputs: &Inputs,
        records: &CustomerRecords,
        catalog: &Catalog,
    ) -> Result<Vec<Segment>, EngineError> {
        let (period, zone) = (&inputs.period, &inputs.customer.zone);
        let mut segments = Vec::new();
        for subscription in &records.subscriptions {
            if subscription.value.period().intersection(period).is_none() {
                continue;
            }
            let plan = self.plan_in(catalog, &subscription.value.plan).await?;
            let others = records.subscriptions.iter().map(|kept| &kept.value);
            let goes_on = subscription.value.goes_on(others, &plan, zone);
            segments.extend(
                subscription
                    .value
                    .segment(&plan, period, zone)
                    .map(|segment| Segment { is_first: segment.is_first && !goes_on, ..segment }),
            );
        }
        segments.sort_by_key(|segment| (segment.period.start, segment.subscription));
        Ok(segments)
    }
}

/// The taxes that a customer pays: its own, or the usual ones.
fn taxes(records: &CustomerRecords, catalog: &Catalog) -> Result<Vec<usage_domain::tax::Tax>, EngineError> {
    let own = records.account.as_ref().and_then(|account| account.value.taxes.as_ref());
    let Some(keys) = own else {
        return Ok(catalog.taxes.iter().filter(|tax| tax.is_default).cloned().collect());
    };
    let find = |key: &String| {
        let found = catalog.taxes.iter().find(|tax| &tax.key == key).cloned();
        found.ok_or_else(|| EngineError::missing("tax", key))
    };
    keys.iter().map(find).collect()
}

/// What is left of the grants that may pay, in their order.
fn credits(records: &CustomerRecords, inputs: &Inputs) -> Result<Vec<Credit>, EngineError> {
    let currency = inputs.customer.currency;
    let may_pay = |grant: &&Grant| grant.amount.currency == currency && grant.pays(&inputs.period);
    let mut grants: Vec<Grant> =
        records.grants.iter().map(|kept| &kept.value).filter(may_pay).cloned().collect();
    credit::in_order(&mut grants);
    let mut credits = Vec::with_capacity(grants.len());
    for grant in grants {
        let left = grant.balance().map_err(|error| EngineError::broken("grant", grant.id, error))?;
        if !left.is_zero() {
            credits.push(Credit { grant: grant.id, name: grant.name, left, after_taxes: grant.after_taxes });
        }
    }
    Ok(credits)
}

/// The meters of the items of plans, by key.
fn meters(segments: &[Segment], catalog: &Catalog) -> Result<BTreeMap<String, Meter>, EngineError> {
    let mut meters = BTreeMap::new();
    for item in segments.iter().flat_map(|segment| &segment.items) {
        if let ItemKind::Usage(usage) = &item.kind {
            let meter = catalog.meters.get(&usage.meter);
            let meter = meter.ok_or_else(|| EngineError::missing("meter", &usage.meter))?;
            meters.insert(usage.meter.clone(), meter.clone());
        }
    }
    Ok(meters)
}
