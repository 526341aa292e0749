//! The embedded store: a folder that one process owns.
//!
//! The log is segment files, customers, postings and documents are a SQLite catalog, projections are files that
//! carry the log position which they include. Reads come from memory; one thread writes the log,
//! another the catalog.

mod backup;
mod catalog;
mod change;
mod checkpoint;
mod cover;
pub(crate) mod effective;
mod faults;
mod folder;
mod known;
mod log;
pub(crate) mod metering;
pub(crate) mod meters;
mod open;
mod options;
pub(crate) mod prepare;
pub(crate) mod projection;
mod reading;
mod recount;
mod repeats;
pub(crate) mod replay;
mod rows;
pub(crate) mod shared;
pub(crate) mod stage;
mod targets;
mod transfer;
mod unpaid;
pub(crate) mod usage;
pub(crate) mod verify;
pub(crate) mod worth;
pub(crate) mod writer;

pub use backup::{BackupReport, backup};
pub use faults::{Faults, Step};
pub use folder::{exists, owner};
pub use options::Options;
pub use transfer::books;

use crate::{
    Document, DocumentWrite, EventFilter, Handling, Kind, LogPage, PostRequest, Reading, Readings, Store,
    StoreError,
};
use async_trait::async_trait;
use catalog::Catalog;
use folder::OwnedFolder;
use log::scan;
use shared::Shared;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
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
use writer::Command;

/// A store in a folder.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    catalog: Arc<Catalog>,
    commands: Mutex<Option<Sender<Command>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    folder: OwnedFolder,
    /// Held while a meter changes.
    changing_meters: Arc<tokio::sync::Mutex<()>>,
}

/// Runs what may take long beside the threads that serve requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn append_batch(
        &self,
        events: EventBatch,
        received: Timestamp,
        handling: Handling,
    ) -> Result<Vec<Verdict>, StoreError> {
        let meters = self.shared.read().meters.clone();
        let mut prepared = prepare::prepare(events, received, handling, &self.shared.key, meters);
        prepared.look_up(&self.shared.subjects);
        let weight = prepared.weight();
        if weight.events == 0 || (handling == Handling::Strict && prepared.has_rejected()) {
            // Nothing is left to decide: no event is stored.
            let accepted = |verdict: Option<Verdict>| verdict.unwrap_or(Verdict::Accepted);
            return Ok(prepared.verdicts.into_iter().map(accepted).collect());
        }
        if !weight.is_storable() {
            let path = self.folder.layout.log.clone();
            return Err(StoreError::WriteFailed { path, source: std::io::ErrorKind::FileTooLarge.into() });
        }
        if !self.shared.queue.take(weight) {
            return Err(StoreError::Overloaded);
        }
        let (reply, answer) = oneshot::channel();
        if let Err(error) = self.command(Command::Append(prepared, reply)) {
            self.shared.queue.release(weight);
            return Err(error);
        }
        let (verdicts, prepared) = answer.await.map_err(|_| StoreError::Closed)??;
        drop(prepared);
        Ok(verdicts)
    }

    async fn position(&self) -> Result<Position, StoreError> {
        Ok(Position::after(self.shared.read().next))
    }

    async fn events(&self, filter: EventFilter) -> Result<Vec<StoredEvent>, StoreError> {
        let log = self.shared.read().log.clone();
        blocking(move || scan::list(&log, &filter)).await
    }

    async fn log(
        &self,
        after: Position,
        until: Position,
        filter: EventFilter,
    ) -> Result<LogPage, StoreError> {
        let log = self.shared.read().log.clone();
        blocking(move || scan::page(&log, after.events(), until.events(), &filter)).await
    }

    async fn read(&self, reading: Reading) -> Result<Readings, StoreError> {
        let meters = reading.meters.iter().map(|(meter, _)| self.meter(*meter));
        let meters = meters.collect::<Result<Vec<_>, _>>()?;
        if meters.is_empty() {
            return reading::read(&self.shared, &meters, &reading);
        }
        if let Some(read) = reading::at_once(&self.shared, &meters, &reading)? {
            return Ok(read);
        }
        let shared = self.shared.clone();
        blocking(move || reading::read(&shared, &meters, &reading)).await
    }

    async fn unpaid_times(&self, after: Option<String>, limit: usize) -> Result<UnpaidTimes, StoreError> {
        let (shared, catalog) = (self.shared.clone(), self.catalog.clone());
        blocking(move || Ok(unpaid::times(&shared, &catalog, after.as_deref(), limit))).await
    }

    async fn create_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.catalog.create(id, draft, now).await
    }

    async fn update_customer(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.catalog.update(id, draft, now).await
    }

    async fn delete_customer(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        self.catalog.delete(id, now).await
    }

    async fn customer(&self, name: &CustomerRef) -> Result<Option<Customer>, StoreError> {
        Ok(self.catalog.index().find(name).map(|record| record.customer.clone()))
    }

    async fn customers(&self, offset: u64, limit: u64) -> Result<(Vec<Customer>, u64), StoreError> {
        let index = self.catalog.index();
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Ok((index.page(size(offset), size(limit)), index.count()))
    }

    async fn paid_subjects(&self, id: CustomerId) -> Result<Vec<PaidSubject>, StoreError> {
        self.catalog.index().by_id(id).map(|record| record.paid_subjects()).ok_or(StoreError::NoCustomer)
    }

    async fn payer(&self, subject: &str, time: Timestamp) -> Result<Option<CustomerId>, StoreError> {
        Ok(self.catalog.index().payer(subject, time))
    }

    async fn payers(&self, subjects: Vec<String>) -> Result<Vec<Vec<(Period, CustomerId)>>, StoreError> {
        let index = self.catalog.index();
        Ok(subjects.iter().map(|subject| index.payers(subject)).collect())
    }

    async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, StoreError> {
        self.catalog.upsert_subjects(subjects, now).await
    }

    async fn subject(&self, name: &str) -> Result<Option<Subject>, StoreError> {
        let (catalog, name) = (self.catalog.clone(), name.to_string());
        blocking(move || catalog.subject(&name)).await
    }

    async fn subjects(&self) -> Result<Vec<Subject>, StoreError> {
        let catalog = self.catalog.clone();
        blocking(move || catalog.subjects()).await
    }

    async fn delete_subject(&self, id: SubjectId) -> Result<(), StoreError> {
        self.catalog.delete_subject(id).await
    }

    async fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError> {
        self.catalog.posting(customer, month)
    }

    async fn post(&self, request: PostRequest) -> Result<PostOutcome, StoreError> {
        let paid = self.paid_subjects(request.customer).await?;
        // Most requests find nothing new: for that, counting is enough, and nobody is waited for.
        if let Some(changes) = usage::changes(&self.shared, &paid, request.period) {
            match self.catalog.posting(request.customer, request.month)? {
                Some(posting) if posting.changes == changes => return Ok(PostOutcome::NothingNew(posting)),
                None if changes == 0 => return Ok(PostOutcome::NoUsage),
                _ => {}
            }
        }
        let (shared, period) = (self.shared.clone(), request.period);
        self.catalog.post(request, move || usage::read(&shared, paid, period)).await
    }

    async fn create_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        change::in_turn(&self.changing_meters, self.change()?.create(id, draft, now)).await
    }

    async fn update_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, StoreError> {
        change::in_turn(&self.changing_meters, self.change()?.update(id, draft, now)).await
    }

    async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError> {
        change::in_turn(&self.changing_meters, self.change()?.delete(id)).await
    }

    async fn meters(&self) -> Result<Vec<Meter>, StoreError> {
        Ok(self.catalog.index().meters().iter().map(|meter| Meter::clone(meter)).collect())
    }

    async fn write_documents(&self, writes: Vec<DocumentWrite>) -> Result<Vec<u64>, StoreError> {
        self.catalog.write_documents(writes).await
    }

    async fn document(&self, kind: Kind, id: &str) -> Result<Option<Document>, StoreError> {
        self.catalog.document(kind, id)
    }

    async fn documents(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        let (catalog, after) = (self.catalog.clone(), after.map(str::to_string));
        blocking(move || catalog.documents(kind, after.as_deref(), limit)).await
    }

    async fn documents_of(&self, owner: CustomerId, kinds: Vec<Kind>) -> Result<Vec<Document>, StoreError> {
        // What is agreed with a customer is little; bills are not.
        let is_little = !kinds.iter().any(|kind| matches!(kind, Kind::Bill | Kind::Input));
        if is_little && let Some(found) = self.catalog.documents_of_at_once(owner, &kinds)? {
            return Ok(found);
        }
        let catalog = self.catalog.clone();
        blocking(move || catalog.documents_of(owner, &kinds)).await
    }

    async fn documents_of_kind(
        &self,
        owner: CustomerId,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        let (catalog, after) = (self.catalog.clone(), after.map(str::to_string));
        blocking(move || catalog.documents_of_kind(owner, kind, after.as_deref(), limit)).await
    }

    async fn verify(&self) -> Result<VerifyReport, StoreError> {
        let shared = self.shared.clone();
        blocking(move || verify::verify(&shared)).await
    }

    async fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Rebuild(reply))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.shared.close();
        let (reply, answer) = oneshot::channel();
        self.command(Command::Close(reply))?;
        let closed = answer.await.map_err(|_| StoreError::Closed)?;
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).take();
        let catalog = self.catalog.clone();
        blocking(move || {
            catalog.close();
            Ok(())
        })
        .await?;
        closed
    }
}
