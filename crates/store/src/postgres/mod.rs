//! The PostgreSQL store: any number of equal nodes on one database.
//!
//! No node holds what another needs: what is acknowledged is in the database, and whatever is read is
//! read from there, at one moment. The database decides what is new, who may change what, and in which
//! order things came; two nodes whose clocks disagree give the same answers.
//!
//! The log is rows of records in the form that all stores share; a claim is a row; what a record adds to
//! the totals is one delta, merged into cells behind.

mod address;
mod changes;
mod claims;
mod corrections;
mod customers;
mod documents;
mod error;
mod fingerprint;
mod group;
mod limits;
mod log;
mod merge;
mod meters;
mod node;
mod pages;
mod pool;
mod postings;
mod query;
mod reading;
mod rebuild;
mod request;
mod schema;
mod subjects;
mod tail;
mod tls;
mod transfer;
mod unpaid;
mod usage;
mod verify;
mod writer;

pub use address::{is_address, shown};
pub use limits::Limits;
pub use transfer::books;

use crate::{
    Document, DocumentWrite, EventFilter, Handling, Kind, LogPage, PostRequest, Reading, Readings, Store,
    StoreError,
};
use address::Address;
use async_trait::async_trait;
use node::Node;
use pool::{Pool, snapshot};
use request::Request;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
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
use writer::Waiting;

/// Whether the database at `address` has this program's tables already. Changes nothing.
///
/// # Errors
/// As [`PostgresStore::open`].
pub async fn exists(address: &str) -> Result<bool, StoreError> {
    let pool = Pool::new(Address::read(address)?, &Limits { connections: 1, ..Limits::default() })?;
    let mut client = pool.first().await?;
    schema::exists(&snapshot(&mut client).await?, pool.address()).await
}

/// One node on a database.
pub struct PostgresStore {
    node: Arc<Node>,
    requests: Mutex<Option<UnboundedSender<Waiting>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl PostgresStore {
    /// Opens a node on the database at `address`, and brings its tables up to this version, once
    /// however many nodes do so at a time. `secret`, 16 random bytes, becomes that of a new database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where nothing answers, [`StoreError::WrongDatabase`] where the
    /// database is of another program or a newer version or gives too few rights; then nothing of it
    /// was changed.
    pub async fn open(address: &str, secret: [u8; 16], limits: Limits) -> Result<PostgresStore, StoreError> {
        let node = Arc::new(Node::open(address, secret, limits).await?);
        let (requests, waiting) = unbounded_channel();
        let (merges, committed) = unbounded_channel();
        tokio::spawn(merge::run(node.clone(), committed));
        let writer = tokio::spawn(writer::run(node.clone(), waiting, merges));
        Ok(PostgresStore { node, requests: Mutex::new(Some(requests)), writer: Mutex::new(Some(writer)) })
    }

    fn send(&self, waiting: Waiting) -> Result<(), StoreError> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.as_ref().ok_or(StoreError::Closed)?.send(waiting).map_err(|_| StoreError::Closed)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn append_batch(
        &self,
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError> {
        let request = Request::new(events, received, handling, &self.node.key, self.node.meters.last());
        let weight = request.prepared.weight();
        if weight.events == 0 || (handling == Handling::Strict && request.prepared.has_rejected()) {
            // Nothing is left to decide: no event is stored.
            let accepted = |verdict: Option<Verdict>| verdict.unwrap_or(Verdict::Accepted);
            return Ok(request.prepared.verdicts.into_iter().map(accepted).collect());
        }
        writer::check(weight)?;
        if !self.node.queue.take(weight) {
            return Err(StoreError::Overloaded);
        }
        let (reply, answer) = oneshot::channel();
        if let Err(error) = self.send((request, reply)) {
            self.node.queue.release(weight);
            return Err(error);
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn position(&self) -> Result<Position, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                Ok(usage::position(&snapshot(&mut client).await?).await?)
            })
            .await
    }

    async fn events(&self, filter: EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                log::list(&snapshot(&mut client).await?, &filter).await
            })
            .await
    }

    async fn log(
        &self,
        after: Position,
        until: Position,
        filter: EventFilter,
    ) -> Result<LogPage, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                pages::page(&snapshot(&mut client).await?, &after, &until, &filter).await
            })
            .await
    }

    async fn read(&self, reading: Reading) -> Result<Readings, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                reading::read(&self.node, &snapshot(&mut client).await?, &reading).await
            })
            .await
    }

    async fn unpaid_times(&self, after: Option<String>, limit: usize) -> Result<UnpaidTimes, StoreError> {
        let mut client = self.node.pool.get().await?;
        unpaid::times(&self.node, &snapshot(&mut client).await?, after, limit).await
    }

    async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                let transaction = client.transaction().await?;
                let customer = customers::create(&transaction, id, &draft, now).await?;
                transaction.commit().await?;
                Ok(customer)
            })
            .await
    }

    async fn update_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                let transaction = client.transaction().await?;
                let customer = customers::update(&transaction, id, &draft, now).await?;
                transaction.commit().await?;
                Ok(customer)
            })
            .await
    }

    async fn delete_customer(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                let transaction = client.transaction().await?;
                customers::delete(&transaction, id, now).await?;
                Ok(transaction.commit().await?)
            })
            .await
    }

    async fn customer(&self, name: &CustomerRef) -> Result<Option<Customer>, StoreError> {
        self.node.bounded(async { customers::find(&self.node.pool.get().await?, name).await }).await
    }

    async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                customers::page(&snapshot(&mut client).await?, offset, limit).await
            })
            .await
    }

    async fn paid_subjects(&self, id: CustomerId) -> Result<Vec<PaidSubject>, StoreError> {
        self.node.bounded(async { customers::paid_subjects(&self.node.pool.get().await?, id).await }).await
    }

    async fn payer(&self, subject: &str, time: Timestamp) -> Result<Option<CustomerId>, StoreError> {
        self.node.bounded(async { customers::payer(&self.node.pool.get().await?, subject, time).await }).await
    }

    async fn payers(&self, subjects: Vec<String>) -> Result<Vec<Vec<(Period, CustomerId)>>, StoreError> {
        self.node.bounded(async { subjects::payers(&self.node.pool.get().await?, &subjects).await }).await
    }

    async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                let transaction = client.transaction().await?;
                let known = subjects::upsert(&transaction, subjects, now).await?;
                transaction.commit().await?;
                Ok(known)
            })
            .await
    }

    async fn subject(&self, name: &str) -> Result<Option<Subject>, StoreError> {
        self.node.bounded(async { subjects::find(&self.node.pool.get().await?, name).await }).await
    }

    async fn subjects(&self) -> Result<Vec<Subject>, StoreError> {
        self.node.bounded(async { subjects::all(&self.node.pool.get().await?).await }).await
    }

    async fn delete_subject(&self, id: SubjectId) -> Result<(), StoreError> {
        self.node.bounded(async { subjects::delete(&self.node.pool.get().await?, id).await }).await
    }

    async fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError> {
        self.node.bounded(async { postings::find(&self.node.pool.get().await?, customer, month).await }).await
    }

    async fn post(&self, request: PostRequest) -> Result<PostOutcome, StoreError> {
        self.node.bounded(postings::post(&self.node, &request)).await
    }

    async fn create_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        let mut client = self.node.pool.get().await?;
        let transaction = client.transaction().await?;
        let meter = meters::create(&transaction, id, draft, now).await?;
        transaction.commit().await?;
        Ok(meter)
    }

    async fn update_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        let mut client = self.node.pool.get().await?;
        let transaction = client.transaction().await?;
        let meter = meters::update(&transaction, id, draft, now).await?;
        transaction.commit().await?;
        Ok(meter)
    }

    async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError> {
        self.node
            .bounded(async {
                let mut client = self.node.pool.get().await?;
                let transaction = client.transaction().await?;
                meters::delete(&transaction, id).await?;
                Ok(transaction.commit().await?)
            })
            .await
    }

    async fn meters(&self) -> Result<Vec<Meter>, StoreError> {
        self.node
            .bounded(async {
                let all = meters::all(&self.node.pool.get().await?).await?;
                Ok(all.into_iter().map(|(meter, _)| meter).collect())
            })
            .await
    }

    async fn write_documents(&self, writes: Vec<DocumentWrite>) -> Result<Vec<u64>, StoreError> {
        self.node.bounded(documents::write(&self.node, &writes)).await
    }

    async fn document(&self, kind: Kind, id: &str) -> Result<Option<Document>, StoreError> {
        self.node.bounded(async { documents::find(&self.node.pool.get().await?, kind, id).await }).await
    }

    async fn documents(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        self.node
            .bounded(async { documents::page(&self.node.pool.get().await?, kind, after, limit).await })
            .await
    }

    async fn documents_of(&self, owner: CustomerId, kinds: Vec<Kind>) -> Result<Vec<Document>, StoreError> {
        self.node.bounded(async { documents::of(&self.node.pool.get().await?, owner, &kinds).await }).await
    }

    async fn documents_of_kind(
        &self,
        owner: CustomerId,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        let page =
            async { documents::page_of(&self.node.pool.get().await?, (owner, kind), after, limit).await };
        self.node.bounded(page).await
    }

    async fn verify(&self) -> Result<VerifyReport, StoreError> {
        verify::verify(&self.node).await
    }

    async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        rebuild::rebuild(&self.node).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            writer.await.map_err(|_| StoreError::Closed)?;
        }
        self.node.pool.close();
        Ok(())
    }
}
