//! The store around the real one: whatever is asked of it is passed on, but for one thing.

use super::Bug;
use super::memory::{Memory, claim};
use super::metering;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use usage_domain::care::{RebuildReport, VerifyReport};
use usage_domain::charge::ChargeGroup;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, PaidSubject};
use usage_domain::event::{EventBatch, StoredEvent, UsageEvent, VOID_TYPE};
use usage_domain::meter::aggregate::Sign;
use usage_domain::meter::query::{MeterQuery, MeterRow};
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::subject::{Subject, SubjectDraft, SubjectId};
use usage_domain::time::{Month, Period, Timestamp};
use usage_domain::usage::{Totals, UnpaidTimes};
use usage_domain::verdict::Verdict;
use usage_store::{
    Document, DocumentWrite, EventFilter, Handling, Kind, LogPage, Measured, PostRequest, Reading, Readings,
    Store, StoreError, is_correction, measure,
};

/// The real store, but for one thing.
pub(super) struct Buggy {
    pub(super) store: Arc<dyn Store>,
    /// Which of the nodes it is.
    pub(super) node: usize,
    pub(super) bug: Bug,
    pub(super) memory: Arc<Mutex<Memory>>,
}

impl Buggy {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bugs in what charges add up to.
    fn charge(
        &self,
        groups: &mut [(ChargeGroup, Totals)],
        subjects: &[PaidSubject],
        period: Period,
    ) -> Result<(), StoreError> {
        let (more, sign): (Vec<UsageEvent>, Sign) = match self.bug {
            Bug::CountedTwiceAfterAFailedCommit => (self.memory().twice.clone(), Sign::Added),
            Bug::AVoidForgottenAfterOpening => (self.memory().voided.clone(), Sign::Added),
            Bug::ANodeThatDoesNotSeeTheOther => {
                (self.memory().of_others(self.node, |event| !is_correction(&event.event_type)), Sign::Removed)
            }
            Bug::ANodeThatDoesNotSeeVoidsOfTheOther => {
                let memory = self.memory();
                let voids = memory.of_others(self.node, |event| event.event_type == VOID_TYPE);
                let targets = voids.iter().filter_map(|void| memory.target(void));
                (targets.collect(), Sign::Added)
            }
            _ => (Vec::new(), Sign::Added),
        };
        for event in more {
            let pays = |p: &PaidSubject| p.subject == event.subject && p.period.contains(event.time);
            let Measured::Charge(charge) = measure(event.borrowed()) else { continue };
            if period.contains(event.time)
                && subjects.iter().any(pays)
                && let Some((_, totals)) = groups.iter_mut().find(|(group, _)| *group == charge.group)
            {
                totals
                    .merge(&Totals::of(&charge, sign))
                    .map_err(|error| StoreError::Catalog(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// Bugs in what a meter answers.
    fn measure(&self, rows: &mut Vec<MeterRow>, meter: &Meter, query: &MeterQuery) -> Result<(), StoreError> {
        let memory = self.memory();
        let of = |events: Option<&Vec<UsageEvent>>| events.cloned().unwrap_or_default();
        let mut more = of(memory.overcounted.get(&meter.id));
        if self.bug == Bug::AVoidThatMetersDoNotSee {
            more.extend(memory.voided.iter().chain(&memory.voided_since).cloned());
        }
        let fewer = of(memory.uncounted.get(&meter.id));
        metering::count(rows, (meter, query), &more, Sign::Added)?;
        metering::count(rows, (meter, query), &fewer, Sign::Removed)
    }

    /// Has a meter made or changed, and notes what is stored meanwhile.
    async fn covering<T>(&self, id: MeterId, change: impl Future<Output = T>) -> T {
        self.memory().covering = (self.bug == Bug::AMeterWithoutWhatCameMeanwhile).then_some(id);
        let changed = change.await;
        self.memory().covering = None;
        changed
    }

    /// Bugs of a meter that is about to be made.
    fn making(&self, id: MeterId, draft: &MeterDraft) {
        let mut memory = self.memory();
        match self.bug {
            Bug::AMeterWithoutEarlierEvents => {
                let earlier = memory.counting();
                memory.uncounted.insert(id, earlier);
            }
            Bug::SumsOfADeletedMeterReused => {
                let left = memory.left.remove(&draft.event_type);
                memory.overcounted.insert(id, left.unwrap_or_default());
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Store for Buggy {
    async fn append(
        &self,
        mut events: Vec<UsageEvent>,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError> {
        if self.bug == Bug::AClaimForgottenAfterOpening {
            let memory = self.memory();
            for event in events.iter_mut().filter(|event| memory.before.contains(&claim(event))) {
                event.source.push_str(" again");
            }
        }
        let answer = self.store.append(events.clone(), received, handling).await;
        self.memory().remember(self.node, events, &answer);
        answer
    }

    async fn append_batch(
        &self,
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError> {
        let events = events.iter().map(|event| event.to_event()).collect();
        self.append(events, received, handling).await
    }

    async fn log(
        &self,
        after: Position,
        until: Position,
        filter: EventFilter,
    ) -> Result<LogPage, StoreError> {
        self.store.log(after, until, filter).await
    }

    async fn create_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        self.making(id, &draft);
        self.covering(id, self.store.create_meter(id, draft, now)).await
    }

    async fn update_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        self.covering(id, self.store.update_meter(id, draft, now)).await
    }

    async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError> {
        let meters = self.store.meters().await?;
        self.store.delete_meter(id).await?;
        meters.iter().filter(|meter| meter.id == id).for_each(|meter| self.memory().deleted(meter));
        Ok(())
    }

    async fn meters(&self) -> Result<Vec<Meter>, StoreError> {
        self.store.meters().await
    }

    async fn write_documents(&self, writes: Vec<DocumentWrite>) -> Result<Vec<u64>, StoreError> {
        self.store.write_documents(writes).await
    }

    async fn document(&self, kind: Kind, id: &str) -> Result<Option<Document>, StoreError> {
        self.store.document(kind, id).await
    }

    async fn documents(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        self.store.documents(kind, after, limit).await
    }

    async fn documents_of_kind(
        &self,
        owner: CustomerId,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        self.store.documents_of_kind(owner, kind, after, limit).await
    }

    async fn documents_of(&self, owner: CustomerId, kinds: Vec<Kind>) -> Result<Vec<Document>, StoreError> {
        self.store.documents_of(owner, kinds).await
    }

    async fn position(&self) -> Result<Position, StoreError> {
        self.store.position().await
    }

    async fn events(&self, mut filter: EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        if let (Bug::PagesSkipEventsOfOneTime, Some((_, sequence))) = (self.bug, &mut filter.after) {
            *sequence = 0;
        }
        self.store.events(filter).await
    }

    async fn read(&self, mut reading: Reading) -> Result<Readings, StoreError> {
        let (charges, asked) = (reading.charges.clone(), reading.meters.clone());
        if let (Bug::TheEndOfAPeriodIsInIt, Some((_, period))) = (self.bug, &mut reading.charges) {
            period.end = Timestamp::from_nanos(period.end.nanos() + 1).unwrap_or(period.end);
        }
        let mut readings = self.store.read(reading).await?;
        if let Some((subjects, period)) = charges {
            self.charge(&mut readings.charges, &subjects, period)?;
        }
        let meters = self.store.meters().await?;
        for ((id, query), rows) in asked.into_iter().zip(&mut readings.meters) {
            if let Some(meter) = meters.iter().find(|meter| meter.id == id) {
                self.measure(rows, meter, &query)?;
            }
        }
        Ok(readings)
    }

    async fn unpaid_times(&self, after: Option<String>, limit: usize) -> Result<UnpaidTimes, StoreError> {
        self.store.unpaid_times(after, limit).await
    }

    async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.store.create_customer(id, draft, now).await
    }

    async fn update_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.store.update_customer(id, draft, now).await
    }

    async fn delete_customer(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        self.store.delete_customer(id, now).await
    }

    async fn customer(&self, name: &CustomerRef) -> Result<Option<Customer>, StoreError> {
        self.store.customer(name).await
    }

    async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), StoreError> {
        self.store.customers(offset, limit).await
    }

    async fn paid_subjects(&self, id: CustomerId) -> Result<Vec<PaidSubject>, StoreError> {
        let mut paid = self.store.paid_subjects(id).await?;
        if self.bug == Bug::PayersPayForEver {
            for paid in &mut paid {
                paid.period.end = Timestamp::MAX;
            }
        }
        Ok(paid)
    }

    async fn payer(&self, subject: &str, time: Timestamp) -> Result<Option<CustomerId>, StoreError> {
        self.store.payer(subject, time).await
    }

    async fn payers(&self, subjects: Vec<String>) -> Result<Vec<Vec<(Period, CustomerId)>>, StoreError> {
        self.store.payers(subjects).await
    }

    async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, StoreError> {
        self.store.upsert_subjects(subjects, now).await
    }

    async fn subject(&self, name: &str) -> Result<Option<Subject>, StoreError> {
        self.store.subject(name).await
    }

    async fn subjects(&self) -> Result<Vec<Subject>, StoreError> {
        self.store.subjects().await
    }

    async fn delete_subject(&self, id: SubjectId) -> Result<(), StoreError> {
        self.store.delete_subject(id).await
    }

    async fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError> {
        self.store.posting(customer, month).await
    }

    async fn post(&self, request: PostRequest) -> Result<PostOutcome, StoreError> {
        self.store.post(request).await
    }

    async fn verify(&self) -> Result<VerifyReport, StoreError> {
        self.store.verify().await
    }

    async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        self.store.rebuild().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}
