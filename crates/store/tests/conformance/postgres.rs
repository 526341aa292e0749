//! PostgreSQL for the suite: a database for each test, and two nodes on it.
//!
//! Whatever a test asks of its store goes to the one node and the other in turn: every test is one of
//! many nodes.

use crate::database::Database;
use crate::support::Setup;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use usage_domain::care::{RebuildReport, VerifyReport};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, CustomerRef, PaidSubject};
use usage_domain::event::{EventBatch, StoredEvent};
use usage_domain::meter::{Meter, MeterDraft, MeterId};
use usage_domain::position::Position;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::subject::{Subject, SubjectDraft, SubjectId};
use usage_domain::time::{Month, Period, Timestamp};
use usage_domain::usage::UnpaidTimes;
use usage_domain::verdict::Verdict;
use usage_store::{
    Document, DocumentWrite, EventFilter, Handling, Kind, LogPage, PostRequest, Reading, Readings, Store,
    StoreError,
};

/// A database for two nodes.
pub(crate) struct Nodes(Database);

impl Nodes {
    /// `None` where there is no server.
    pub(crate) async fn new() -> Option<Nodes> {
        Database::new().await.map(Nodes)
    }
}

impl Setup for Nodes {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(Pair { nodes: self.open_two(), calls: AtomicUsize::new(0) })
    }

    fn open_two(&self) -> [Arc<dyn Store>; 2] {
        // At once, so that both find the same database, new or not.
        let two = async { tokio::try_join!(self.0.node(), self.0.node()) };
        let (one, other) = block_in_place(|| Handle::current().block_on(two)).unwrap();
        [Arc::new(one), Arc::new(other)]
    }
}

/// Two nodes that are asked in turn.
struct Pair {
    nodes: [Arc<dyn Store>; 2],
    calls: AtomicUsize,
}

impl Pair {
    fn next(&self) -> &dyn Store {
        &*self.nodes[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl Store for Pair {
    async fn append_batch(
        &self,
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError> {
        self.next().append_batch(events, received, handling).await
    }

    async fn position(&self) -> Result<Position, StoreError> {
        self.next().position().await
    }

    async fn events(&self, filter: EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        self.next().events(filter).await
    }

    async fn log(
        &self,
        after: Position,
        until: Position,
        filter: EventFilter,
    ) -> Result<LogPage, StoreError> {
        self.next().log(after, until, filter).await
    }

    async fn read(&self, reading: Reading) -> Result<Readings, StoreError> {
        self.next().read(reading).await
    }

    async fn unpaid_times(&self, after: Option<String>, limit: usize) -> Result<UnpaidTimes, StoreError> {
        self.next().unpaid_times(after, limit).await
    }

    async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.next().create_customer(id, draft, now).await
    }

    async fn update_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.next().update_customer(id, draft, now).await
    }

    async fn delete_customer(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        self.next().delete_customer(id, now).await
    }

    async fn customer(&self, name: &CustomerRef) -> Result<Option<Customer>, StoreError> {
        self.next().customer(name).await
    }

    async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), StoreError> {
        self.next().customers(offset, limit).await
    }

    async fn paid_subjects(&self, id: CustomerId) -> Result<Vec<PaidSubject>, StoreError> {
        self.next().paid_subjects(id).await
    }

    async fn payer(&self, subject: &str, time: Timestamp) -> Result<Option<CustomerId>, StoreError> {
        self.next().payer(subject, time).await
    }

    async fn payers(&self, subjects: Vec<String>) -> Result<Vec<Vec<(Period, CustomerId)>>, StoreError> {
        self.next().payers(subjects).await
    }

    async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, StoreError> {
        self.next().upsert_subjects(subjects, now).await
    }

    async fn subject(&self, name: &str) -> Result<Option<Subject>, StoreError> {
        self.next().subject(name).await
    }

    async fn subjects(&self) -> Result<Vec<Subject>, StoreError> {
        self.next().subjects().await
    }

    async fn delete_subject(&self, id: SubjectId) -> Result<(), StoreError> {
        self.next().delete_subject(id).await
    }

    async fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError> {
        self.next().posting(customer, month).await
    }

    async fn post(&self, request: PostRequest) -> Result<PostOutcome, StoreError> {
        self.next().post(request).await
    }

    async fn create_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        self.next().create_meter(id, draft, now).await
    }

    async fn update_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        self.next().update_meter(id, draft, now).await
    }

    async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError> {
        self.next().delete_meter(id).await
    }

    async fn meters(&self) -> Result<Vec<Meter>, StoreError> {
        self.next().meters().await
    }

    async fn write_documents(&self, writes: Vec<DocumentWrite>) -> Result<Vec<u64>, StoreError> {
        self.next().write_documents(writes).await
    }

    async fn document(&self, kind: Kind, id: &str) -> Result<Option<Document>, StoreError> {
        self.next().document(kind, id).await
    }

    async fn documents(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        self.next().documents(kind, after, limit).await
    }

    async fn documents_of_kind(
        &self,
        owner: CustomerId,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        self.next().documents_of_kind(owner, kind, after, limit).await
    }

    async fn documents_of(&self, owner: CustomerId, kinds: Vec<Kind>) -> Result<Vec<Document>, StoreError> {
        self.next().documents_of(owner, kinds).await
    }

    async fn verify(&self) -> Result<VerifyReport, StoreError> {
        self.next().verify().await
    }

    async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        self.next().rebuild().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.nodes[0].close().await?;
        self.nodes[1].close().await
    }
}
