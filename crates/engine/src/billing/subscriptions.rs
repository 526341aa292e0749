//! Subscriptions: beginning, changing and ending them; what a customer's account has besides.

use super::records::{Kept, history_text, kept, put, was};
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::stored;
use usage_domain::account::Account;
use usage_domain::coupon::{AppliedCoupon, MAX_APPLIED};
use usage_domain::customer::{Customer, CustomerId, CustomerRef};
use usage_domain::plan::{InvalidPlan, Plan};
use usage_domain::pricing::Price;
use usage_domain::subscription::{Subscription, SubscriptionId};
use usage_domain::time::{Month, Period, Timestamp};
use usage_store::{DocumentWrite, Expect, Kind, StoreError};

/// What a subscription is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionDraft {
    /// The key of the plan.
    pub plan: String,
    /// The version that it stays on; the one in force where `None`.
    pub version: Option<u32>,
    /// From when on; from the moment of the request where `None`.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
    /// What it costs nothing until; by the plan's trial where `None`.
    pub trial_end: Option<Timestamp>,
    /// Prices of this customer alone, by item.
    pub overrides: BTreeMap<String, Price>,
}

impl SubscriptionDraft {
    /// The subscription of a customer that is made from it.
    pub(crate) fn made(self, customer: CustomerId, id: SubscriptionId, now: Timestamp) -> Subscription {
        Subscription {
            id,
            customer,
            plan: self.plan,
            version: self.version,
            start: self.start.unwrap_or(now),
            end: self.end,
            trial_end: self.trial_end,
            overrides: self.overrides,
            created_at: now,
        }
    }
}

impl Engine {
    /// A customer's subscriptions, by id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn subscriptions(&self, customer: CustomerId) -> Result<Vec<Subscription>, EngineError> {
        Ok(self.kept_subscriptions(customer).await?.into_iter().map(|kept| kept.value).collect())
    }

    async fn kept_subscriptions(&self, customer: CustomerId) -> Result<Vec<Kept<Subscription>>, EngineError> {
        let documents = self.store.documents_of(customer, vec![Kind::Subscription]).await?;
        documents.iter().map(|document| kept(document, stored::subscription)).collect()
    }

    /// Puts a customer on a plan.
    ///
    /// # Errors
    /// No such plan, a plan in another currency, a time that makes no sense, or one at which the customer is
    /// on this plan already.
    pub async fn subscribe(
        &self,
        customer: &Customer,
        id: SubscriptionId,
        draft: SubscriptionDraft,
        now: Timestamp,
    ) -> Result<Subscription, EngineError> {
        let subscription = draft.made(customer.id, id, now);
        let others = self.subscriptions(customer.id).await?;
        let plan = self.plan(&subscription.plan).await.map_err(|error| error.named_by("plan"))?;
        check_subscription(customer, &plan, &subscription, &others)?;
        // What a trial was agreed to last stays so, whatever becomes of the plan and of the customer's zone.
        let paid_from = subscription.paid_from(&plan, &customer.zone);
        let trial_end = Some(paid_from).filter(|paid_from| *paid_from > subscription.start);
        let subscription = Subscription { trial_end, ..subscription };
        let unbilled = self.check_unbilled(customer, "start", subscription.period()).await?;
        self.write(vec![write(&subscription, Expect::Absent), unbilled]).await?;
        Ok(subscription)
    }

    /// Ends a subscription at a moment; what comes of its last month is prorated.
    ///
    /// # Errors
    /// No such subscription, or a moment that is not after its start.
    pub async fn end_subscription(
        &self,
        customer: &Customer,
        id: SubscriptionId,
        at: Timestamp,
    ) -> Result<Subscription, EngineError> {
        let found = self.kept_subscription(customer, id).await?;
        let ended = Subscription { end: Some(at), ..found.value.clone() };
        ended.check(&self.plan(&ended.plan).await?)?;
        let until = found.value.end.unwrap_or(Timestamp::MAX);
        let changed = Period { start: at.min(until), end: at.max(until) };
        let unbilled = self.check_unbilled(customer, "at", changed).await?;
        self.write(vec![write(&ended, was(Some(&found))), unbilled]).await?;
        Ok(ended)
    }

    /// Puts a customer that is on one plan on another, at a moment: the one subscription ends as the other
    /// begins. A trial that is not over goes on.
    ///
    /// # Errors
    /// As for ending the one and beginning the other; then both stay as they were.
    pub async fn change_subscription(
        &self,
        customer: &Customer,
        id: SubscriptionId,
        new: (SubscriptionId, SubscriptionDraft),
        now: Timestamp,
    ) -> Result<Subscription, EngineError> {
        let found = self.kept_subscription(customer, id).await?;
        let (new, draft) = new;
        let at = draft.start.unwrap_or(now);
        if let Some(end) = found.value.end.filter(|end| *end <= at) {
            let reason = format!("must be before {end}, when the subscription ends, not {at}");
            return Err(InvalidPlan::new("start", reason).into());
        }
        let ended = Subscription { end: Some(at), ..found.value.clone() };
        let old_plan = self.plan(&ended.plan).await?;
        ended.check(&old_plan)?;
        let mut begun = Subscription {
            id: new,
            customer: customer.id,
            plan: draft.plan,
            version: draft.version,
            start: at,
            end: draft.end.or(found.value.end.filter(|end| *end > at)),
            trial_end: draft.trial_end,
            overrides: draft.overrides,
            created_at: now,
        };
        let mut others = self.subscriptions(customer.id).await?;
        others.retain(|other| other.id != id);
        others.push(ended.clone());
        let plan = self.plan(&begun.plan).await.map_err(|error| error.named_by("plan"))?;
        check_subscription(customer, &plan, &begun, &others)?;
        if begun.trial_end.is_none() {
            // The trial goes on, and the new plan's never begins.
            let paid_from = ended.paid_from(&old_plan, &customer.zone).max(at);
            begun.trial_end = Some(paid_from).filter(|from| *from != begun.paid_from(&plan, &customer.zone));
            begun.trial_end = begun.trial_end.or(Some(paid_from).filter(|from| *from > at));
        }
        let unbilled =
            self.check_unbilled(customer, "start", Period { start: at, end: Timestamp::MAX }).await?;
        self.write(vec![write(&ended, was(Some(&found))), write(&begun, Expect::Absent), unbilled]).await?;
        Ok(begun)
    }

    /// That no finalized bill is of any of this time: it would not change, and nothing would say so. Gives
    /// the write that makes sure that it stays so until the change is written.
    async fn check_unbilled(
        &self,
        customer: &Customer,
        field: &str,
        changed: Period,
    ) -> Result<DocumentWrite, EngineError> {
        let records = self.records_of(customer.id).await?;
        let history = &records.history;
        let start = |month: Month| month.period(&customer.zone).start;
        let is_changed = |period: Period| period.intersection(&changed).is_some();
        let billed = history.months().filter(|(month, _)| is_changed(month.period(&customer.zone))).last();
        let mut passed_over = history.passed_over().into_iter();
        let passed_over =
            passed_over.rfind(|(from, to)| is_changed(Period { start: start(*from), end: start(*to) }));
        let passed_over = passed_over.and_then(|(_, to)| history.passed_over_by(to.previous()?));
        if let Some((month, past)) = billed.or(passed_over) {
            let what = format!(
                "{field}: {month} is finalized (bill {}), and what is before its end stays as it is; void that \
                 bill first, or choose {} or later",
                past.number,
                month.period(&customer.zone).end
            );
            return Err(StoreError::Conflict(what).into());
        }
        let (id, text) = (customer.id.to_string(), history_text(history));
        Ok(put(Kind::History, id, Some(customer.id), text, records.history_was))
    }

    async fn kept_subscription(
        &self,
        customer: &Customer,
        id: SubscriptionId,
    ) -> Result<Kept<Subscription>, EngineError> {
        let found = self.kept_subscriptions(customer.id).await?.into_iter().find(|kept| kept.value.id == id);
        found.ok_or_else(|| EngineError::missing("subscription", &id.to_string()))
    }

    /// A customer's own taxes, and the coupons that it was given.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn account(&self, customer: CustomerId) -> Result<Account, EngineError> {
        let kept = self.record(Kind::Account, &customer.to_string(), stored::account).await?;
        Ok(kept.map_or_else(|| Account::new(customer), |kept| kept.value))
    }

    /// Gives a customer taxes of its own, or the usual ones.
    ///
    /// # Errors
    /// A tax that is not there.
    pub async fn set_taxes(
        &self,
        customer: CustomerId,
        taxes: Option<Vec<String>>,
    ) -> Result<Account, EngineError> {
        let known = self.taxes().await?;
        for key in taxes.iter().flatten() {
            if !known.iter().any(|tax| &tax.key == key) {
                return Err(EngineError::missing("tax", key).named_by("taxes"));
            }
        }
        self.change_account(customer, |account| account.taxes = taxes).await
    }

    /// Gives a customer a coupon, from the bill of a month on. One that it has from that month on stays as it is.
    ///
    /// # Errors
    /// No such coupon, one that the customer has from another month on, or as many as a customer can have.
    pub async fn give_coupon(
        &self,
        customer: CustomerId,
        key: &str,
        from: Month,
    ) -> Result<Account, EngineError> {
        let kept = self.record(Kind::Coupon, key, stored::coupon).await?;
        let coupon = kept.ok_or_else(|| EngineError::missing("coupon", key))?.value;
        let own = self.customer(&CustomerRef::Id(customer)).await?.currency;
        if let Some(other) = coupon.currency.filter(|other| *other != own) {
            let reason = format!("{key:?} is of an amount in {other}, and the customer is billed in {own}");
            return Err(InvalidPlan::new("coupon", reason).into());
        }
        let account = self.account(customer).await?;
        if let Some(given) = account.coupons.iter().find(|given| given.coupon.key == coupon.key) {
            if given.from == from {
                return Ok(account);
            }
            let reason = format!("must be {}, from when on the customer has {key:?} already", given.from);
            return Err(InvalidPlan::new("from", reason).into());
        }
        if account.coupons.len() >= MAX_APPLIED {
            let reason =
                format!("the customer has {MAX_APPLIED} coupons, and may have no more; take one first");
            return Err(InvalidPlan::new("coupon", reason).into());
        }
        self.change_account(customer, |account| account.coupons.push(AppliedCoupon { coupon, from })).await
    }

    /// Takes a coupon from a customer: open bills have it no more.
    ///
    /// # Errors
    /// The customer does not have it.
    pub async fn take_coupon(&self, customer: CustomerId, key: &str) -> Result<Account, EngineError> {
        let account = self.account(customer).await?;
        if !account.coupons.iter().any(|given| given.coupon.key == key) {
            return Err(EngineError::missing("coupon", key));
        }
        self.change_account(customer, |account| account.coupons.retain(|given| given.coupon.key != key)).await
    }

    async fn change_account(
        &self,
        customer: CustomerId,
        change: impl FnOnce(&mut Account),
    ) -> Result<Account, EngineError> {
        let kept = self.record(Kind::Account, &customer.to_string(), stored::account).await?;
        let expect = was(kept.as_ref());
        let mut account = kept.map_or_else(|| Account::new(customer), |kept| kept.value);
        change(&mut account);
        let body = stored::account_text(&account);
        let write = put(Kind::Account, customer.to_string(), Some(customer), body, expect);
        self.write(vec![write]).await?;
        Ok(account)
    }
}

/// That a customer, whose subscriptions these are, can be on a plan.
pub(crate) fn check_subscription(
    customer: &Customer,
    plan: &Plan,
    subscription: &Subscription,
    others: &[Subscription],
) -> Result<(), InvalidPlan> {
    subscription.check(plan)?;
    if let Some(trial_end) = subscription.trial_end.filter(|end| *end < subscription.start) {
        let reason = format!("must be at or after the start, {}, not {trial_end}", subscription.start);
        return Err(InvalidPlan::new("trial_end", reason));
    }
    if let Some(version) = plan.versions.iter().find(|version| version.currency != customer.currency) {
        let reason = format!(
            "{:?} is in {}, and the customer is billed in {}",
            plan.key, version.currency, customer.currency
        );
        return Err(InvalidPlan::new("plan", reason));
    }
    let same = |other: &&Subscription| {
        other.id != subscription.id
            && other.plan == subscription.plan
            && other.period().intersection(&subscription.period()).is_some()
    };
    match others.iter().find(same) {
        None => Ok(()),
        Some(other) => {
            let until = other.end.map_or("without an end".to_string(), |end| format!("until {end}"));
            let reason = format!(
                "the customer is on {:?} already, from {} {until} (subscription {})",
                plan.key, other.start, other.id
            );
            Err(InvalidPlan::new("start", reason))
        }
    }
}

fn write(subscription: &Subscription, expect: Expect) -> DocumentWrite {
    let (id, body) = (subscription.id.to_string(), stored::subscription_text(subscription));
    put(Kind::Subscription, id, Some(subscription.customer), body, expect)
}
