//! The catalog: customers and postings in SQLite, with an index in memory for reading.
//!
//! One thread writes. It takes all that is waiting into one transaction (group commit), each piece
//! within a savepoint of its own; the index changes, and answers go out, after the commit. Nothing
//! here ever waits for the log, nor the log for it.

mod customers;
mod index;
mod postings;
mod schema;

pub(crate) use index::{Change, Index};

use super::faults::{Faults, Step};
use crate::{PostRequest, StoreError};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::oneshot;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId};
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::time::{Month, Timestamp};
use usage_domain::usage::Usage;

/// Pieces of work that may wait for the catalog's thread.
const MOST_WAITING: usize = 4096;
/// Pieces of work that one transaction takes.
const GROUP: usize = 1024;

type Job = Box<dyn FnOnce(&Connection) -> After + Send>;
/// What is done once it is known whether the transaction was committed.
type After = Box<dyn FnOnce(Result<(), &StoreError>, &RwLock<Index>)>;

pub(crate) struct Catalog {
    index: Arc<RwLock<Index>>,
    jobs: Mutex<Option<SyncSender<Job>>>,
    worker: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// A second connection, for what the index does not hold.
    reader: Mutex<Connection>,
    pub(crate) secret: [u8; 16],
}

impl Catalog {
    pub(crate) fn open(path: &Path, secret: [u8; 16], faults: Faults) -> Result<Catalog, StoreError> {
        let mut connection = connect(path)?;
        schema::migrate(&mut connection, path, secret)?;
        let secret = schema::secret(&connection)?;
        let mut index = Index::default();
        for record in customers::all(&connection)? {
            index.apply(Change::Customer(Box::new(record)));
        }
        let index = Arc::new(RwLock::new(index));
        let (jobs, waiting) = sync_channel(MOST_WAITING);
        let (shared, file) = (index.clone(), path.to_path_buf());
        let worker = std::thread::Builder::new()
            .name("catalog".into())
            .spawn(move || work(&mut connection, &waiting, &shared, &faults, &file))
            .map_err(StoreError::io("cannot start a thread for", path))?;
        Ok(Catalog {
            index,
            jobs: Mutex::new(Some(jobs)),
            worker: Mutex::new(Some(worker)),
            reader: Mutex::new(connect(path)?),
            secret,
        })
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finishes what is waiting and stops.
    pub(crate) fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            let _ = worker.join();
        }
    }

    pub(crate) async fn create(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        self.submit(move |db| {
            let number = customers::create(db, id, &draft, now)?;
            changed(db, number)
        })
        .await
    }

    pub(crate) async fn update(
        &self,
        id: CustomerId,
        draft: CustomerDraft,
        now: Timestamp,
    ) -> Result<Customer, StoreError> {
        let number = self.number(id)?;
        self.submit(move |db| {
            customers::update(db, number, &draft, now)?;
            changed(db, number)
        })
        .await
    }

    pub(crate) async fn delete(&self, id: CustomerId, now: Timestamp) -> Result<(), StoreError> {
        let number = self.number(id)?;
        self.submit(move |db| {
            customers::delete(db, number, now)?;
            Ok(((), Change::Deleted(number)))
        })
        .await
    }

    /// Posts what `usage` reads within the transaction, so that of two requests the second sees
    /// what the first one posted, and never an older reading.
    pub(crate) async fn post(
        &self,
        request: PostRequest,
        usage: impl FnOnce() -> Result<Usage, StoreError> + Send + 'static,
    ) -> Result<PostOutcome, StoreError> {
        let number = self.number(request.customer)?;
        self.submit(move |db| {
            let usage = usage()?;
            let total = (request.rate)(usage.clone())?;
            let whose = (request.customer, number);
            let outcome = postings::post(db, whose, request.month, &usage, total, request.now)?;
            let change = match &outcome {
                PostOutcome::Posted(posting) | PostOutcome::NothingNew(posting) => {
                    Change::Posted(posting.clone())
                }
                PostOutcome::NoUsage => Change::None,
            };
            Ok((outcome, change))
        })
        .await
    }

    pub(crate) fn posting(&self, customer: CustomerId, month: Month) -> Result<Option<Posting>, StoreError> {
        if let Some(posting) = self.index().posting(customer, month) {
            return Ok(Some(posting.clone()));
        }
        let number = self.number(customer)?;
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        postings::find(&reader, customer, number, month)
    }

    fn number(&self, id: CustomerId) -> Result<u64, StoreError> {
        self.index().by_id(id).map(|record| record.customer.number).ok_or(StoreError::NoCustomer)
    }

    /// Has work done by the catalog's thread; the answer comes after the commit.
    async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<(T, Change), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let result = within_savepoint(db, work);
            Box::new(move |committed, index| {
                let result = match (committed, result) {
                    (Ok(()), Ok((value, change))) => {
                        index.write().unwrap_or_else(PoisonError::into_inner).apply(change);
                        Ok(value)
                    }
                    (Err(error), Ok(_)) => Err(StoreError::Catalog(error.to_string())),
                    (_, Err(error)) => Err(error),
                };
                let _ = reply.send(result);
            })
        });
        {
            let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            match jobs.as_ref().ok_or(StoreError::Closed)?.try_send(job) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return Err(StoreError::Overloaded),
                Err(TrySendError::Disconnected(_)) => return Err(StoreError::Closed),
            }
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // A file that is no database is noticed with the first statement.
    connection.pragma_update(None, "journal_mode", "WAL").map_err(|source| StoreError::WrongFolder {
        path: path.to_path_buf(),
        reason: format!("its catalog cannot be read: {source}"),
    })?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn changed(db: &Connection, number: u64) -> Result<(Customer, Change), StoreError> {
    let record = customers::record(db, number)?;
    Ok((record.customer.clone(), Change::Customer(Box::new(record))))
}

fn within_savepoint<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    db.prepare_cached("SAVEPOINT piece")?.execute([])?;
    let result = work(db);
    if result.is_err() {
        db.prepare_cached("ROLLBACK TO piece")?.execute([])?;
    }
    db.prepare_cached("RELEASE piece")?.execute([])?;
    result
}

/// The catalog's thread: works until the last sender is gone.
fn work(db: &mut Connection, jobs: &Receiver<Job>, index: &RwLock<Index>, faults: &Faults, path: &PathBuf) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let mut afters = Vec::with_capacity(group.len());
        let committed = transaction(db, |db| {
            afters.extend(group.into_iter().map(|job| job(db)));
            faults
                .check(Step::Catalog)
                .map_err(|source| StoreError::WriteFailed { path: path.clone(), source })
        });
        if let Err(error) = &committed {
            tracing::error!(%error, "the catalog did not commit");
        }
        for after in afters {
            after(committed.as_ref().map(|()| ()), index);
        }
    }
}

fn transaction(
    db: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    work(&transaction)?;
    transaction.commit()?;
    Ok(())
}
