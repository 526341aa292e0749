//! The customers of the model, and who pays for which subject when; beside them the meters and postings.

use super::meters::Meters;
use super::posting::Postings;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef};
use usage_domain::time::Timestamp;

/// That a customer pays for a subject, from a moment to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) subject: String,
    pub(crate) from: Timestamp,
    /// The end of time where it still holds.
    pub(crate) until: Timestamp,
    pub(crate) customer: u64,
    /// Not only because the subject is the customer's key.
    pub(crate) listed: bool,
}

impl Payment {
    pub(crate) fn covers(&self, subject: &str, time: Timestamp) -> bool {
        self.subject == subject && self.from <= time && time < self.until
    }
}

/// Why a customer or a meter is not as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A name or a subject is taken.
    Conflict,
    /// There is no such customer.
    NoCustomer,
    /// There is no such meter.
    NoMeter,
    /// A field is out of its limits.
    Invalid,
}

/// All that the store's catalog has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Catalog {
    /// By number; those that ended, too.
    customers: BTreeMap<u64, Customer>,
    ended: BTreeSet<u64>,
    payments: Vec<Payment>,
    pub(crate) postings: Postings,
    pub(crate) meters: Meters,
}

impl Catalog {
    /// Customers that have not ended, by number.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Customer> {
        self.customers.values().filter(|customer| !self.ended.contains(&customer.number))
    }

    pub(crate) fn by_id(&self, id: CustomerId) -> Option<&Customer> {
        self.live().find(|customer| customer.id == id)
    }

    /// The customer that a name means: a key first, then a number, then an id.
    pub(crate) fn find(&self, name: &CustomerRef) -> Option<&Customer> {
        let key = |key: &str| self.live().find(|customer| customer.key.as_deref() == Some(key));
        let number = |number: u64| self.live().find(|customer| customer.number == number);
        match name {
            CustomerRef::Key(text) => key(text),
            CustomerRef::Number(n) => number(*n),
            CustomerRef::Id(id) => self.by_id(*id),
            CustomerRef::Any(text) => key(text)
                .or_else(|| text.parse().ok().and_then(number))
                .or_else(|| text.parse().ok().and_then(|id| self.by_id(id))),
        }
    }

    /// What a customer pays or paid for.
    pub(crate) fn payments(&self, number: u64) -> impl Iterator<Item = &Payment> {
        self.payments.iter().filter(move |payment| payment.customer == number)
    }

    /// Who pays for a subject's usage at a moment. Who has ended pays for nothing.
    pub(crate) fn payer(&self, subject: &str, time: Timestamp) -> Option<CustomerId> {
        let pays = |number| self.payments(number).any(|payment| payment.covers(subject, time));
        self.live().find(|customer| pays(customer.number)).map(|customer| customer.id)
    }

    pub(crate) fn create(
        &mut self,
        id: CustomerId,
        draft: &CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, Refusal> {
        check(draft)?;
        let next = self.customers.keys().next_back().map_or(1, |last| last + 1);
        let number = draft.number.unwrap_or(next);
        if self.customers.contains_key(&number) || self.customers.values().any(|customer| customer.id == id) {
            return Err(Refusal::Conflict);
        }
        self.change(number, draft, now, |draft, subjects| customer(id, number, draft, subjects, (now, now)))
    }

    pub(crate) fn update(
        &mut self,
        name: &CustomerRef,
        draft: &CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, Refusal> {
        check(draft)?;
        let before = self.find(name).cloned().ok_or(Refusal::NoCustomer)?;
        if draft.number.is_some_and(|number| number != before.number) {
            return Err(Refusal::Conflict);
        }
        let (id, number, times) = (before.id, before.number, (before.created_at, now));
        self.change(number, draft, now, |draft, subjects| customer(id, number, draft, subjects, times))
    }

    pub(crate) fn delete(&mut self, name: &CustomerRef, now: Timestamp) -> Result<(), Refusal> {
        let number = self.find(name).ok_or(Refusal::NoCustomer)?.number;
        self.end_payments(number, &BTreeMap::new(), now);
        self.ended.insert(number);
        Ok(())
    }

    /// Changes all or nothing.
    fn change(
        &mut self,
        number: u64,
        draft: &CustomerDraft,
        now: Timestamp,
        made: impl FnOnce(&CustomerDraft, Vec<String>) -> Customer,
    ) -> Result<Customer, Refusal> {
        let mut changed = self.clone();
        let key_is_taken = changed
            .live()
            .any(|other| other.number != number && other.key.is_some() && other.key == draft.key);
        if key_is_taken {
            return Err(Refusal::Conflict);
        }
        changed.pay(number, draft, now)?;
        let mut subjects: Vec<String> = changed
            .payments(number)
            .filter(|payment| payment.listed && payment.until == Timestamp::MAX)
            .map(|payment| payment.subject.clone())
            .collect();
        subjects.sort();
        let customer = made(draft, subjects);
        changed.customers.insert(number, customer.clone());
        *self = changed;
        Ok(customer)
    }

    /// From now on the customer pays for what the draft names, and for nothing else.
    fn pay(&mut self, number: u64, draft: &CustomerDraft, now: Timestamp) -> Result<(), Refusal> {
        let mut wanted: BTreeMap<&str, bool> = draft.key.iter().map(|key| (key.as_str(), false)).collect();
        wanted.extend(draft.subjects.iter().map(|subject| (subject.as_str(), true)));
        self.end_payments(number, &wanted, now);
        for (subject, listed) in wanted {
            let last = self
                .payments
                .iter_mut()
                .filter(|payment| payment.subject == subject)
                .max_by_key(|payment| payment.from);
            let from = match last {
                Some(last) if last.until == Timestamp::MAX && last.customer == number => {
                    last.listed = listed;
                    continue;
                }
                Some(last) if last.until == Timestamp::MAX => return Err(Refusal::Conflict),
                Some(last) => last.until.max(now),
                None => Timestamp::MIN,
            };
            let (subject, until) = (subject.to_string(), Timestamp::MAX);
            self.payments.push(Payment { subject, from, until, customer: number, listed });
        }
        Ok(())
    }

    fn end_payments(&mut self, number: u64, wanted: &BTreeMap<&str, bool>, now: Timestamp) {
        let open = |p: &Payment| p.customer == number && p.until == Timestamp::MAX;
        let ending: BTreeSet<String> = self
            .payments
            .iter()
            .filter(|payment| open(payment) && !wanted.contains_key(payment.subject.as_str()))
            .map(|payment| payment.subject.clone())
            .collect();
        // What has not begun yet never was.
        self.payments.retain(|p| !(p.customer == number && ending.contains(&p.subject) && p.from >= now));
        for payment in self.payments.iter_mut().filter(|p| open(p) && ending.contains(&p.subject)) {
            payment.until = now;
        }
    }
}

fn check(draft: &CustomerDraft) -> Result<(), Refusal> {
    let too_long = draft.name.trim().is_empty() || draft.name.len() > 256;
    if too_long || draft.number == Some(0) || draft.key.as_deref() == Some("") {
        return Err(Refusal::Invalid);
    }
    Ok(())
}

fn customer(
    id: CustomerId,
    number: u64,
    draft: &CustomerDraft,
    subjects: Vec<String>,
    (created_at, updated_at): (Timestamp, Timestamp),
) -> Customer {
    Customer {
        id,
        number,
        key: draft.key.clone(),
        name: draft.name.clone(),
        currency: draft.currency,
        zone: draft.zone.clone(),
        subjects,
        profile: draft.profile.clone(),
        created_at,
        updated_at,
    }
}
