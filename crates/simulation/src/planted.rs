//! Bugs that are planted on purpose: the simulation must find each of them, or it finds nothing.
//!
//! They are in a store around the real one, and in a disk that lies: no code of the product knows of
//! them.

use crate::dice::Dice;
use crate::site::{Hits, Moment, Settling, Site, Wreck};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use usage_domain::care::{RebuildReport, VerifyReport};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, PaidSubject};
use usage_domain::event::{EventBatch, StoredEvent, UsageEvent};
use usage_domain::meter::aggregate::Sign;
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::subject::{Subject, SubjectDraft, SubjectId};
use usage_domain::time::{Month, Period, Timestamp};
use usage_domain::usage::{Totals, UnpaidSubject};
use usage_domain::verdict::Verdict;
use usage_store::{
    Document, DocumentWrite, EventFilter, Handling, Kind, LogPage, Measured, PostRequest, Reading, Readings,
    Store, StoreError, correction, measure,
};

/// A bug to plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// After opening, an event that was stored before is taken for a new one.
    AClaimForgottenAfterOpening,
    /// An event whose commit failed counts twice when it is sent again.
    CountedTwiceAfterAFailedCommit,
    /// A crash takes a record that was acknowledged.
    WritesThatAreNotDurable,
    /// Usage at the first moment of a month is in the month before, too.
    TheEndOfAPeriodIsInIt,
    /// Who once paid for a subject pays for ever.
    PayersPayForEver,
    /// A page begins behind all events of the time that the last one ended with.
    PagesSkipEventsOfOneTime,
    /// After opening, what was taken back before counts again.
    AVoidForgottenAfterOpening,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 7] = [
        Bug::AClaimForgottenAfterOpening,
        Bug::CountedTwiceAfterAFailedCommit,
        Bug::WritesThatAreNotDurable,
        Bug::TheEndOfAPeriodIsInIt,
        Bug::PayersPayForEver,
        Bug::PagesSkipEventsOfOneTime,
        Bug::AVoidForgottenAfterOpening,
    ];
}

/// The site with a bug in its stores.
pub(crate) fn within(site: Box<dyn Site>, bug: Option<Bug>) -> Box<dyn Site> {
    match bug {
        // That one is in the disk.
        None | Some(Bug::WritesThatAreNotDurable) => site,
        Some(bug) => Box::new(Planted { site, bug, memory: Arc::default() }),
    }
}

struct Planted {
    site: Box<dyn Site>,
    bug: Bug,
    memory: Arc<Mutex<Memory>>,
}

/// What the bugs need to know.
#[derive(Default)]
struct Memory {
    /// Events that were stored before the store was last opened, and since.
    before: BTreeSet<(String, String)>,
    since: BTreeSet<(String, String)>,
    /// Events whose commit failed, and those of them that count once too often.
    failed: BTreeSet<(String, String)>,
    twice: Vec<UsageEvent>,
    /// What was stored, and what of it was taken back before the store was last opened, and since.
    stored: BTreeMap<(String, String), UsageEvent>,
    voided: Vec<UsageEvent>,
    voided_since: Vec<UsageEvent>,
}

impl Site for Planted {
    fn open(&mut self) -> Result<Arc<dyn Store>, StoreError> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let since = std::mem::take(&mut memory.since);
        memory.before.extend(since);
        let voided = std::mem::take(&mut memory.voided_since);
        memory.voided.extend(voided);
        Ok(Arc::new(Buggy { store: self.site.open()?, bug: self.bug, memory: self.memory.clone() }))
    }

    fn settle(&self) -> Settling<'_> {
        self.site.settle()
    }

    fn most_waiting(&self) -> usize {
        self.site.most_waiting()
    }

    fn begin_step(&mut self, events: u64) {
        self.site.begin_step(events);
    }

    fn hits(&self) -> Hits {
        self.site.hits()
    }

    fn plan_trouble(&mut self, dice: &mut Dice) -> String {
        self.site.plan_trouble(dice)
    }

    fn mend(&mut self) {
        self.site.mend();
    }

    fn hold(&self, moment: Moment) {
        self.site.hold(moment);
    }

    fn poll_held(&self, context: &mut Context<'_>) -> bool {
        self.site.poll_held(context)
    }

    fn release(&self) {
        self.site.release();
    }

    fn crash(&mut self) {
        self.site.crash();
    }

    fn crash_within_catalog_commit(&mut self, dice: &mut Dice) -> bool {
        self.site.crash_within_catalog_commit(dice)
    }

    fn clear_up(&mut self, dice: &mut Dice) -> Result<Wreck, String> {
        self.site.clear_up(dice)
    }
}

/// The real store, but for one thing.
struct Buggy {
    store: Arc<dyn Store>,
    bug: Bug,
    memory: Arc<Mutex<Memory>>,
}

fn claim(event: &UsageEvent) -> (String, String) {
    (event.source.clone(), event.id.clone())
}

impl Buggy {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what became of a request.
    fn remember(&self, events: Vec<UsageEvent>, answer: &Result<Vec<Verdict>, StoreError>) {
        let mut memory = self.memory();
        for (place, event) in events.into_iter().enumerate() {
            match answer {
                Err(_) => {
                    memory.failed.insert(claim(&event));
                }
                Ok(verdicts) if verdicts[place] == Verdict::Accepted => {
                    memory.since.insert(claim(&event));
                    memory.stored.insert(claim(&event), event.clone());
                    if let Some(Ok(void)) = correction(event.borrowed())
                        && void.data.is_none()
                    {
                        let target = memory.stored.get(&(void.source, void.id)).cloned();
                        memory.voided_since.extend(target);
                    }
                    if memory.failed.remove(&claim(&event)) {
                        memory.twice.push(event);
                    }
                }
                Ok(_) => {}
            }
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
        self.remember(events, &answer);
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
        self.store.create_meter(id, draft, now).await
    }

    async fn update_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        self.store.update_meter(id, draft, now).await
    }

    async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError> {
        self.store.delete_meter(id).await
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
        let Some((subjects, period)) = &mut reading.charges else {
            return self.store.read(reading).await;
        };
        if self.bug == Bug::TheEndOfAPeriodIsInIt {
            period.end = Timestamp::from_nanos(period.end.nanos() + 1).unwrap_or(period.end);
        }
        let mut more: Vec<UsageEvent> = match self.bug {
            Bug::CountedTwiceAfterAFailedCommit => self.memory().twice.clone(),
            Bug::AVoidForgottenAfterOpening => self.memory().voided.clone(),
            _ => Vec::new(),
        };
        more.retain(|event| {
            let pays = |p: &PaidSubject| p.subject == event.subject && p.period.contains(event.time);
            period.contains(event.time) && subjects.iter().any(pays)
        });
        let mut readings = self.store.read(reading).await?;
        for event in &more {
            let Measured::Charge(charge) = measure(event.borrowed()) else { continue };
            if let Some((_, totals)) = readings.charges.iter_mut().find(|(group, _)| *group == charge.group) {
                totals
                    .merge(&Totals::of(&charge, Sign::Added))
                    .map_err(|error| StoreError::Catalog(error.to_string()))?;
            }
        }
        Ok(readings)
    }

    async fn unpaid(&self) -> Result<Vec<UnpaidSubject>, StoreError> {
        self.store.unpaid().await
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
