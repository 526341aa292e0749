//! The contract of a store, in domain words.
//!
//! Whatever a call acknowledges is durable and visible to every later call. A failed call left
//! nothing behind. No call reads a clock: moments are arguments.

use crate::{Condition, Document, DocumentWrite, Kind, Reading, Readings, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use usage_domain::bill::BillError;
use usage_domain::care::{RebuildReport, VerifyReport};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, PaidSubject};
use usage_domain::event::{EventBatch, StoredEvent, UsageEvent};
use usage_domain::meter::query::{MeterQuery, MeterUsage};
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::money::Money;
use usage_domain::position::Position;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::subject::{Subject, SubjectDraft, SubjectId};
use usage_domain::time::{Month, Period, Timestamp};
use usage_domain::usage::{Unpaid, UnpaidTimes, Usage};
use usage_domain::verdict::Verdict;

/// Keeps usage events, customers, postings and documents.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores valid events that arrived together at `received`, and counts each (source, id) once.
    /// The answer has one verdict per event, in their order; it comes after the commit.
    ///
    /// An event that cannot be stored is [`Verdict::Rejected`]: its data is ambiguous, or it corrects an
    /// event that is not there. With [`Handling::Strict`] nothing of the request is stored then: the others
    /// would be accepted, and are not.
    async fn append_batch(
        &self,
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError>;

    /// The same for events that stand by themselves.
    async fn append(
        &self,
        events: Vec<UsageEvent>,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError> {
        self.append_batch(events.iter().collect(), received, handling).await
    }

    /// The position of the last acknowledged event.
    async fn position(&self) -> Result<Position, StoreError>;

    /// Stored events that pass the filter, newest time first; of one time, the last stored first.
    async fn events(&self, filter: EventFilter) -> Result<Vec<StoredEvent>, StoreError>;

    /// Stored events in the order of the log: those of `filter.period` behind `after`, up to `until`, where
    /// that is not past the end. Where a correction and its target were stored together, the target comes
    /// first. At most `filter.limit` of them, and no more than some mebibytes.
    async fn log(&self, after: Position, until: Position, filter: EventFilter)
    -> Result<LogPage, StoreError>;

    /// Charges and what meters are asked, all at one position of the log: corrected events count as corrected.
    ///
    /// # Errors
    /// [`StoreError::NoMeter`] where any of the meters is not there, or [`StoreError::Query`] where any
    /// question has no answer.
    async fn read(&self, reading: Reading) -> Result<Readings, StoreError>;

    /// What the charges of these subjects at these times add up to, within `period`.
    async fn usage(&self, subjects: Vec<PaidSubject>, period: Period) -> Result<Usage, StoreError> {
        let reading = Reading { charges: Some((subjects, period)), meters: Vec::new() };
        let Readings { position, charges, .. } = self.read(reading).await?;
        Ok(Usage { position, groups: charges })
    }

    /// Subjects that have charges or usage of a meter, as far as they are not paid for at all times: of the first
    /// `limit` behind `after`, in an order of the store's own.
    async fn unpaid_times(&self, after: Option<String>, limit: usize) -> Result<UnpaidTimes, StoreError>;

    /// Usage at times when no customer pays for it, with the first `most` subjects by name.
    async fn unpaid(&self, most: usize) -> Result<Unpaid, StoreError> {
        crate::unpaid::counted(self, most).await
    }

    /// Makes a customer. A subject that had no payer yet is its own from the first moment on, one
    /// that had is from `now` on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its number, its key or one of its subjects is taken.
    async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError>;

    /// Changes a customer; subjects that it no longer names are nobody's from `now` on. Its number
    /// stays where the draft names none.
    async fn update_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError>;

    /// Ends a customer: it is not found any more; its number is never used again.
    async fn delete_customer(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError>;

    /// The customer of this name.
    async fn customer(&self, name: &CustomerRef) -> Result<Option<Customer>, StoreError>;

    /// Customers by number, `limit` of them after the first `offset`, and how many there are in all.
    async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), StoreError>;

    /// The subjects that a customer pays or paid for.
    async fn paid_subjects(&self, id: CustomerId) -> Result<Vec<PaidSubject>, StoreError>;

    /// Who pays for a subject's usage at a moment.
    async fn payer(&self, subject: &str, time: Timestamp) -> Result<Option<CustomerId>, StoreError>;

    /// Who pays for each of these subjects, and at which times, in the order of the subjects and of the
    /// times.
    async fn payers(&self, subjects: Vec<String>) -> Result<Vec<Vec<(Period, CustomerId)>>, StoreError>;

    /// Makes what is said of these subjects known, all of it or nothing; a subject that is not known yet
    /// gets the id beside it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where more subjects would be known than are kept.
    async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, StoreError>;

    /// What is known of the subject of this key, or else of this id.
    async fn subject(&self, name: &str) -> Result<Option<Subject>, StoreError>;

    /// All subjects that are known, by key.
    async fn subjects(&self) -> Result<Vec<Subject>, StoreError>;

    /// Forgets a subject; its usage stays.
    ///
    /// # Errors
    /// [`StoreError::NoSubject`].
    async fn delete_subject(&self, id: SubjectId) -> Result<(), StoreError>;

    /// The posting of a customer's month.
    async fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError>;

    /// Posts a customer's usage of a month if any of it is new, on one reading of the log: of
    /// requests at the same time for the same usage, one posts it.
    async fn post(&self, request: PostRequest) -> Result<PostOutcome, StoreError>;

    /// Makes a meter. It covers the events that are stored already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its key is taken, or there are as many meters as may be.
    async fn create_meter(&self, id: MeterId, draft: MeterDraft, now: Timestamp)
    -> Result<Meter, StoreError>;

    /// Changes a meter: what people read of it, and its dimensions. Its key, aggregation, type of events,
    /// value and beginning stay: a draft that has others is a [`StoreError::Conflict`].
    async fn update_meter(&self, id: MeterId, draft: MeterDraft, now: Timestamp)
    -> Result<Meter, StoreError>;

    /// Ends a meter; the events that it measured stay. Its key is free again.
    async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError>;

    /// All meters, in the order in which they were made.
    async fn meters(&self) -> Result<Vec<Meter>, StoreError>;

    /// What a meter is asked, at one position of the log: corrected events count as corrected.
    ///
    /// # Errors
    /// [`StoreError::NoMeter`], or [`StoreError::Query`] where there is no answer.
    async fn query(&self, meter: MeterId, query: MeterQuery) -> Result<MeterUsage, StoreError> {
        let reading = Reading { charges: None, meters: vec![(meter, query)] };
        let Readings { position, meters, .. } = self.read(reading).await?;
        Ok(MeterUsage { position, rows: meters.into_iter().flatten().collect() })
    }

    /// Writes documents, each once, all of them or nothing; the answer has the new revision of each, in their
    /// order, and comes after the commit. No two writes of a store ever have the same revision, of whatever
    /// documents.
    ///
    /// # Errors
    /// [`StoreError::Stale`] for the first that is not as expected, [`StoreError::Limit`] for what is not
    /// kept, or too much at once.
    async fn write_documents(&self, writes: Vec<DocumentWrite>) -> Result<Vec<u64>, StoreError>;

    /// The document of this kind and id.
    async fn document(&self, kind: Kind, id: &str) -> Result<Option<Document>, StoreError>;

    /// Documents of a kind, by the bytes of their ids: the first `limit` of those behind `after`.
    async fn documents(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError>;

    /// The documents of these kinds that a customer has, at one moment, by kind and id. Those of a
    /// customer that was deleted stay.
    async fn documents_of(&self, owner: CustomerId, kinds: Vec<Kind>) -> Result<Vec<Document>, StoreError>;

    /// Documents of a kind that a customer has, by the bytes of their ids: the first `limit` of those behind
    /// `after`.
    async fn documents_of_kind(
        &self,
        owner: CustomerId,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError>;

    /// Reads the whole log, checks every byte of it, and compares the projections with a recount.
    async fn verify(&self) -> Result<VerifyReport, StoreError>;

    /// Makes the projections anew from the log.
    async fn rebuild(&self) -> Result<RebuildReport, StoreError>;

    /// Writes what is only in memory and stops; later calls are refused.
    async fn close(&self) -> Result<(), StoreError>;
}

/// What becomes of the good events of a request that has bad ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Nothing of the request is stored.
    Strict,
    /// The good ones are stored.
    Lenient,
}

/// A stretch of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Its events that pass the filter.
    pub events: Vec<StoredEvent>,
    /// Where it ends: what follows is behind this position.
    pub next: Position,
    /// Whether something follows.
    pub more: bool,
}

/// How the total of a posting comes from usage.
pub type RateFn = Arc<dyn Fn(Usage) -> Result<Money, BillError> + Send + Sync>;

/// What is to be posted.
#[derive(Clone)]
pub struct PostRequest {
    /// Whose usage.
    pub customer: CustomerId,
    /// Of which month.
    pub month: Month,
    /// That month in the customer's zone.
    pub period: Period,
    /// The total of the month's usage.
    pub rate: RateFn,
    /// The moment of the request.
    pub now: Timestamp,
}

/// Which events to list.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// Only events at these times.
    pub period: Period,
    /// Only events that arrived at these moments.
    pub ingested: Period,
    /// Only events of which the id contains this text.
    pub id: Option<String>,
    /// Only events of which the subject contains this text.
    pub subject: Option<String>,
    /// Only events of these subjects at these times.
    pub paid: Option<Vec<PaidSubject>>,
    /// Only events for which this holds.
    pub condition: Option<Condition>,
    /// Only what comes after this event (its time and sequence) in the listing.
    pub after: Option<(Timestamp, u64)>,
    /// At most so many.
    pub limit: usize,
}

impl EventFilter {
    /// The newest `limit` events.
    #[must_use]
    pub fn newest(limit: usize) -> EventFilter {
        EventFilter {
            period: Period::ALWAYS,
            ingested: Period::ALWAYS,
            id: None,
            subject: None,
            paid: None,
            condition: None,
            after: None,
            limit,
        }
    }

    /// Whether an event is asked for.
    #[must_use]
    pub fn matches(&self, stored: &StoredEvent) -> bool {
        let event = &stored.event;
        let paid_for = |paid: &Vec<PaidSubject>| {
            paid.iter().any(|p| p.subject == event.subject && p.period.contains(event.time))
        };
        self.period.contains(event.time)
            && self.ingested.contains(stored.ingested_at)
            && self.id.as_ref().is_none_or(|id| event.id.contains(id.as_str()))
            && self.subject.as_ref().is_none_or(|subject| event.subject.contains(subject.as_str()))
            && self.paid.as_ref().is_none_or(paid_for)
            && self.condition.as_ref().is_none_or(|condition| condition.holds(stored))
            && self.after.is_none_or(|after| (event.time, stored.sequence) < after)
    }
}
