//! Customers in memory, by every name that they have: what a request asks for first.
//!
//! It holds what the catalog has committed, and is changed after the commit alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use usage_domain::customer::{Customer, CustomerId, CustomerRef, PaidSubject};
use usage_domain::meter::{Meter, MeterId};
use usage_domain::posting::Posting;
use usage_domain::time::{Month, Period, Timestamp};

/// The most postings that are kept in memory; those that are not are read from the catalog.
const MOST_POSTINGS: usize = 200_000;

/// A subject that a customer pays for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) subject: String,
    pub(crate) period: Period,
    /// Whether the customer lists it; otherwise it is its key.
    pub(crate) listed: bool,
}

/// A customer with all that it pays or paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomerRecord {
    pub(crate) customer: Customer,
    pub(crate) payments: Vec<Payment>,
}

#[derive(Default)]
pub(crate) struct Index {
    by_number: BTreeMap<u64, Arc<CustomerRecord>>,
    by_key: HashMap<String, u64>,
    by_id: HashMap<CustomerId, u64>,
    payers: HashMap<String, Vec<(Period, u64)>>,
    postings: HashMap<(CustomerId, Month), Posting>,
    meters: BTreeMap<MeterId, Arc<Meter>>,
}

/// What a commit changed.
pub(crate) enum Change {
    None,
    Customer(Box<CustomerRecord>),
    Deleted(u64),
    Posted(Posting),
    Meter(Arc<Meter>),
    MeterDeleted(MeterId),
}

impl Index {
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::None => {}
            Change::Customer(record) => {
                self.remove(record.customer.number);
                self.insert(*record);
            }
            Change::Deleted(number) => self.remove(number),
            Change::Meter(meter) => {
                self.meters.insert(meter.id, meter);
            }
            Change::MeterDeleted(id) => {
                self.meters.remove(&id);
            }
            Change::Posted(posting) => {
                if self.postings.len() >= MOST_POSTINGS {
                    self.postings.clear();
                }
                self.postings.insert((posting.customer, posting.month), posting);
            }
        }
    }

    fn insert(&mut self, record: CustomerRecord) {
        let number = record.customer.number;
        if let Some(key) = &record.customer.key {
            self.by_key.insert(key.clone(), number);
        }
        self.by_id.insert(record.customer.id, number);
        for payment in &record.payments {
            self.payers.entry(payment.subject.clone()).or_default().push((payment.period, number));
        }
        self.by_number.insert(number, Arc::new(record));
    }

    fn remove(&mut self, number: u64) {
        let Some(record) = self.by_number.remove(&number) else { return };
        if let Some(key) = &record.customer.key {
            self.by_key.remove(key);
        }
        self.by_id.remove(&record.customer.id);
        for payment in &record.payments {
            if let Some(payers) = self.payers.get_mut(&payment.subject) {
                payers.retain(|(_, payer)| *payer != number);
            }
        }
    }

    pub(crate) fn find(&self, name: &CustomerRef) -> Option<&Arc<CustomerRecord>> {
        let by_key = |key: &str| self.by_key.get(key).and_then(|number| self.by_number.get(number));
        match name {
            CustomerRef::Key(key) => by_key(key),
            CustomerRef::Number(number) => self.by_number.get(number),
            CustomerRef::Id(id) => self.by_id(*id),
            CustomerRef::Any(text) => by_key(text)
                .or_else(|| text.parse().ok().and_then(|number: u64| self.by_number.get(&number)))
                .or_else(|| text.parse().ok().and_then(|id| self.by_id(id))),
        }
    }

    pub(crate) fn by_id(&self, id: CustomerId) -> Option<&Arc<CustomerRecord>> {
        self.by_id.get(&id).and_then(|number| self.by_number.get(number))
    }

    pub(crate) fn page(&self, offset: usize, limit: usize) -> Vec<Customer> {
        self.by_number.values().skip(offset).take(limit).map(|record| record.customer.clone()).collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.by_number.len() as u64
    }

    pub(crate) fn payer(&self, subject: &str, time: Timestamp) -> Option<CustomerId> {
        let payers = self.payers.get(subject)?;
        let (_, number) = payers.iter().find(|(period, _)| period.contains(time))?;
        self.by_number.get(number).map(|record| record.customer.id)
    }

    /// Who pays for a subject, and when, in the order of the times.
    pub(crate) fn payers(&self, subject: &str) -> Vec<(Period, CustomerId)> {
        let payers = self.payers.get(subject).into_iter().flatten();
        let named =
            payers.filter_map(|(period, number)| Some((*period, self.by_number.get(number)?.customer.id)));
        let mut named: Vec<_> = named.collect();
        named.sort_by_key(|(period, _)| period.start);
        named
    }

    /// The times at which nobody pays for a subject.
    pub(crate) fn unpaid(&self, subject: &str) -> Vec<Period> {
        let mut paid: Vec<Period> =
            self.payers.get(subject).into_iter().flatten().map(|(period, _)| *period).collect();
        paid.sort_by_key(|period| period.start);
        crate::unpaid::gaps(paid)
    }

    pub(crate) fn meter(&self, id: MeterId) -> Option<&Arc<Meter>> {
        self.meters.get(&id)
    }

    /// All meters, in the order in which they were made.
    pub(crate) fn meters(&self) -> Vec<Arc<Meter>> {
        let mut meters: Vec<_> = self.meters.values().cloned().collect();
        meters.sort_by_key(|meter| (meter.created_at, meter.id));
        meters
    }

    pub(crate) fn posting(&self, customer: CustomerId, month: Month) -> Option<&Posting> {
        self.postings.get(&(customer, month))
    }
}

impl CustomerRecord {
    pub(crate) fn paid_subjects(&self) -> Vec<PaidSubject> {
        let paid = |p: &Payment| PaidSubject { subject: p.subject.clone(), period: p.period };
        self.payments.iter().map(paid).collect()
    }
}
