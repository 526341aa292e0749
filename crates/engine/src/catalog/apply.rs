//! Making what is there as a document says.

use crate::billing::SubscriptionDraft;
use crate::{Engine, EngineError};
use ulid::Ulid;
use usage_api::catalog::{self, Applied, Catalog, Change, Customer, Kind, Step, Subscribed, diff};
use usage_api::settings::Settings;
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
        let current = self.catalog_for(wanted).await?;
        let mut changes = diff(&current, wanted);
        let undoable = self.undoable(&current, wanted, &changes.changes, now).await?;
        changes.refused.extend(undoable);
        let mut applied = Applied { dry_run, changes, done: 0, stopped: None };
        if dry_run || !applied.changes.refused.is_empty() {
            return Ok(applied);
        }
        for change in &applied.changes.changes {
            let mut done = Vec::new();
            if let Err(error) = self.change(change, wanted, now, new_id, &mut done).await {
                let part = if done.is_empty() { "nothing".to_string() } else { done.join(", ") };
                applied.stopped = Some(format!("{}: {error}; of it was done: {part}", change.name()));
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
        done: &mut Vec<&'static str>,
    ) -> Result<(), EngineError> {
        let place = change.place;
        match change.kind {
            Kind::Settings => self.set_settings(&settings_as(self.settings().await?, &wanted.settings)).await,
            Kind::Meter => {
                let mut draft: meter::MeterDraft = wanted.meters[place].clone();
                if change.created {
                    self.create_meter(MeterId(new_id()), draft, now).await?;
                } else {
                    let there = self.meter(&draft.key).await?;
                    // Plans that lose a dimension with it come after it, and were checked as they will be.
                    draft.check()?;
                    self.store.update_meter(there.id, draft, now).await?;
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
                    done.push(step.done());
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
pub(super) fn draft_of(customer: &customer::Customer) -> CustomerDraft {
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
pub(super) fn overlaid(draft: CustomerDraft, wanted: &Customer) -> CustomerDraft {
    let wanted = wanted.clone();
    let mut subjects = draft.subjects;
    for subject in wanted.subjects.into_iter().flatten() {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    CustomerDraft {
        number: wanted.number.or(draft.number),
        key: wanted.key.or(draft.key),
        name: wanted.name,
        currency: wanted.currency.unwrap_or(draft.currency),
        zone: wanted.zone.unwrap_or(draft.zone),
        subjects,
        profile: draft.profile,
    }
}

/// The settings with what a document says of them.
pub(super) fn settings_as(there: Settings, wanted: &catalog::Settings) -> Settings {
    let new = wanted.clone();
    Settings {
        seller: new.seller.unwrap_or(there.seller),
        number_prefix: new.number_prefix.unwrap_or(there.number_prefix),
        grace_days: new.grace_days.unwrap_or(there.grace_days),
    }
}

pub(super) fn draft_on(on: &Subscribed) -> SubscriptionDraft {
    let Subscribed { plan, version, start, end, trial_end, overrides } = on.clone();
    SubscriptionDraft { plan, version, start, end, trial_end, overrides }
}
