//! Making what is there as a document says.

use crate::billing::SubscriptionDraft;
use crate::{Engine, EngineError};
use ulid::Ulid;
use usage_api::catalog::{Applied, Catalog, Change, Customer, Kind, Step, Subscribed, diff};
use usage_domain::customer::{CustomerDraft, CustomerId, CustomerRef};
use usage_domain::meter::MeterId;
use usage_domain::subscription::SubscriptionId;
use usage_domain::time::Timestamp;
use usage_domain::{customer, meter};

/// Where new ids come from.
type NewId<'a> = &'a mut (dyn FnMut() -> Ulid + Send);

impl Engine {
    /// Makes what is there as `wanted` says; says what there is to do, and does it unless `dry_run`. What
    /// cannot be done is in the answer, and then nothing is.
    ///
    /// # Errors
    /// When the store does not answer before anything was done.
    pub async fn apply(
        &self,
        wanted: &Catalog,
        dry_run: bool,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<Applied, EngineError> {
        let changes = diff(&self.catalog_for(wanted).await?, wanted);
        let mut applied = Applied { dry_run, changes, done: 0, stopped: None };
        if dry_run || !applied.changes.refused.is_empty() {
            return Ok(applied);
        }
        for change in &applied.changes.changes {
            if let Err(error) = self.change(change, wanted, now, new_id).await {
                applied.stopped = Some(format!("{}: {error}", change.name()));
                break;
            }
            applied.done += 1;
        }
        Ok(applied)
    }

    async fn change(
        &self,
        change: &Change,
        wanted: &Catalog,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<(), EngineError> {
        let place = change.place;
        match change.kind {
            Kind::Settings => {
                let mut settings = self.settings().await?;
                let new = wanted.settings.clone();
                settings.seller = new.seller.unwrap_or(settings.seller);
                settings.number_prefix = new.number_prefix.unwrap_or(settings.number_prefix);
                settings.grace_days = new.grace_days.unwrap_or(settings.grace_days);
                self.set_settings(&settings).await
            }
            Kind::Meter => {
                let draft: meter::MeterDraft = wanted.meters[place].clone();
                if change.created {
                    self.create_meter(MeterId(new_id()), draft, now).await?;
                } else {
                    let there = self.meter(&draft.key).await?;
                    self.update_meter(there.id, draft, now).await?;
                }
                Ok(())
            }
            Kind::Tax => self.put_tax(&wanted.taxes[place]).await,
            Kind::Coupon => self.put_coupon(&wanted.coupons[place]).await,
            Kind::Plan => self.put_plan(wanted.plans[place].clone()).await.map(drop),
            Kind::Customer => {
                let customer = &wanted.customers[place];
                for step in &change.steps {
                    self.step(step, customer, now, new_id).await?;
                }
                Ok(())
            }
        }
    }

    async fn step(
        &self,
        step: &Step,
        wanted: &Customer,
        now: Timestamp,
        new_id: NewId<'_>,
    ) -> Result<(), EngineError> {
        if matches!(step, Step::Create) {
            let draft = overlaid(CustomerDraft::named(&wanted.name), wanted);
            self.create_customer(CustomerId(new_id()), draft, now).await?;
            return Ok(());
        }
        let there = self.find_customer(wanted).await?;
        let there = there.ok_or_else(|| EngineError::missing("customer", &wanted.reference()))?;
        match step {
            Step::Create => {}
            Step::Update => {
                let draft = overlaid(draft_of(&there), wanted);
                self.update_customer(&CustomerRef::Id(there.id), draft, now).await?;
            }
            Step::SetTaxes(taxes) => {
                self.set_taxes(there.id, Some(taxes.clone())).await?;
            }
            Step::GiveCoupon(given) => {
                let from = given.from.unwrap_or_else(|| now.month(&there.zone));
                self.give_coupon(there.id, &given.coupon, from).await?;
            }
            Step::Subscribe(on) => {
                self.subscribe(&there, SubscriptionId(new_id()), draft_on(on), now).await?;
            }
            Step::End { plan, start, end } => {
                let all = self.subscriptions(there.id).await?;
                let found = all.iter().find(|other| other.plan == *plan && other.start == *start);
                let found = found.ok_or_else(|| EngineError::missing("subscription", plan))?;
                self.end_subscription(&there, found.id, *end).await?;
            }
        }
        Ok(())
    }
}

/// What a customer is now.
fn draft_of(customer: &customer::Customer) -> CustomerDraft {
    CustomerDraft {
        number: Some(customer.number),
        key: customer.key.clone(),
        name: customer.name.clone(),
        currency: customer.currency,
        zone: customer.zone.clone(),
        subjects: customer.subjects.clone(),
        profile: customer.profile.clone(),
    }
}

/// The same, with what a document says of it.
fn overlaid(draft: CustomerDraft, wanted: &Customer) -> CustomerDraft {
    let wanted = wanted.clone();
    CustomerDraft {
        number: wanted.number.or(draft.number),
        key: wanted.key.or(draft.key),
        name: wanted.name,
        currency: wanted.currency.unwrap_or(draft.currency),
        zone: wanted.zone.unwrap_or(draft.zone),
        subjects: wanted.subjects.unwrap_or(draft.subjects),
        profile: draft.profile,
    }
}

fn draft_on(on: &Subscribed) -> SubscriptionDraft {
    let Subscribed { plan, version, start, end, trial_end, overrides } = on.clone();
    SubscriptionDraft { plan, version, start, end, trial_end, overrides }
}
