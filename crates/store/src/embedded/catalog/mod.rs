//! The catalog: customers, postings and documents in SQLite, with an index in memory for reading.
//!
//! One thread writes. It takes all that is waiting into one transaction (group commit), each piece
//! within a savepoint of its own; the index changes, and answers go out, after the commit. Nothing
//! here ever waits for the log, nor the log for it.

mod customers;
mod documents;
mod index;
mod meters;
mod postings;
mod readers;
mod schema;
mod subjects;

pub(crate) use index::{Change, Index};

use super::faults::{Faults, Step};
use super::folder::Layout;
use crate::{PostRequest, StoreError};
use readers::Readers;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};
use std::io;
use std::path::Path;
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
/// Statements that each connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;
/// Kibibytes of pages that the writing connection holds: more than a group of bills changes.
const CACHE: i32 = 16 << 10;
/// Pages of the write-ahead log after which it is brought into the database.
const CHECKPOINT: u32 = 4000;

/// A piece of work for the catalog's thread.
trait Job: Send {
    /// Works within the transaction.
    fn run(&mut self, db: &Connection);
    /// Answers, once it is known whether the transaction was committed.
    fn finish(self: Box<Self>, committed: Result<(), &StoreError>, index: &RwLock<Index>);
}

/// Work, its result once it ran, and who waits for that.
struct Task<T, W> {
    work: Option<W>,
    result: Option<Result<(T, Change), StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnOnce(&Connection) -> Result<(T, Change), StoreError> + Send> Job for Task<T, W> {
    fn run(&mut self, db: &Connection) {
        self.result = self.work.take().map(|work| within_savepoint(db, work));
    }

    fn finish(self: Box<Self>, committed: Result<(), &StoreError>, index: &RwLock<Index>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(Ok((value, change)))) => {
                index.write().unwrap_or_else(PoisonError::into_inner).apply(change);
                Ok(value)
            }
            // What was wrong with the request itself says more than what became of the others.
            (_, Some(Err(error))) => Err(error),
            (Err(error), _) => Err(error.repeated()),
            (Ok(()), None) => Err(StoreError::Closed),
        };
        let _ = self.reply.send(result);
    }
}

pub(crate) struct Catalog {
    index: Arc<RwLock<Index>>,
    jobs: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    worker: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// For what the index does not hold.
    readers: Readers,
    pub(crate) secret: [u8; 16],
}

impl Catalog {
    pub(crate) fn open(layout: &Layout, secret: [u8; 16], faults: Faults) -> Result<Catalog, StoreError> {
        let path = &layout.catalog;
        let mut connection = Connection::open(path)?;
        let is_new = schema::check(&connection, path)?;
        if is_new && layout.has_log() {
            // With a new secret nothing in the log would be recognised as a duplicate.
            return Err(StoreError::WrongFolder {
                path: path.clone(),
                reason: "it is empty and there is a log; bring the catalog back from a backup".into(),
            });
        }
        configure(&connection)?;
        connection.pragma_update(None, "cache_size", -CACHE)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        schema::migrate(&mut connection, secret)?;
        let secret = schema::secret(&connection)?;
        let mut index = Index::default();
        for record in customers::all(&connection)? {
            index.apply(Change::Customer(Box::new(record)));
        }
        for meter in meters::all(&connection)? {
            index.apply(Change::Meter(Arc::new(meter)));
        }
        let index = Arc::new(RwLock::new(index));
        let readers = Readers::open(path)?;
        let (jobs, waiting) = sync_channel(MOST_WAITING);
        let (shared, file) = (index.clone(), path.to_path_buf());
        let worker = std::thread::Builder::new()
            .name("catalog".into())
            .spawn(move || work(&mut connection, &waiting, &shared, &faults, &file))
            .map_err(StoreError::io("cannot start a thread for", path))?;
        Ok(Catalog { index, jobs: Mutex::new(Some(jobs)), worker: Mutex::new(Some(worker)), readers, secret })
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
            customers::check_live(db, number)?;
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
        let number = self.number(customer)?;
        if let Some(posting) = self.index().posting(customer, month) {
            return Ok(Some(posting.clone()));
        }
        postings::find(&self.readers.get(), customer, number, month)
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
        let job: Box<dyn Job> = Box::new(Task { work: Some(work), result: None, reply });
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

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // No statement is compiled again because a parameter has another value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
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
    // A disk that fails makes SQLite give the whole transaction up, and the savepoint with it.
    if db.is_autocommit() {
        return result;
    }
    if result.is_err() {
        db.prepare_cached("ROLLBACK TO piece")?.execute([])?;
    }
    db.prepare_cached("RELEASE piece")?.execute([])?;
    result
}

/// The catalog's thread: works until the last sender is gone.
fn work(
    db: &mut Connection,
    jobs: &Receiver<Box<dyn Job>>,
    index: &RwLock<Index>,
    faults: &Faults,
    path: &Path,
) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let committed = transaction(db, path, |db| {
            for job in &mut group {
                job.run(db);
                if db.is_autocommit() {
                    return Err(io::Error::other("the database gave the transaction up"));
                }
            }
            faults.check(Step::Catalog)
        });
        if let Err(error) = &committed {
            tracing::error!(%error, "the catalog did not commit");
        }
        for job in group {
            job.finish(committed.as_ref().copied(), index);
        }
    }
}

/// Does all of the work or nothing of it.
fn transaction(
    db: &mut Connection,
    path: &Path,
    work: impl FnOnce(&Connection) -> io::Result<()>,
) -> Result<(), StoreError> {
    let all = || -> io::Result<()> {
        let transaction =
            db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(io::Error::other)?;
        work(&transaction)?;
        transaction.commit().map_err(io::Error::other)
    };
    all().map_err(|source| StoreError::WriteFailed { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A piece of work that does `sql`, and the answer that it gets.
    fn job(sql: &'static str) -> (Box<dyn Job>, oneshot::Receiver<Result<(), StoreError>>) {
        let (reply, answer) = oneshot::channel();
        let work = move |db: &Connection| {
            db.execute_batch(sql)?;
            Ok(((), Change::None))
        };
        (Box::new(Task { work: Some(work), result: None, reply }), answer)
    }

    /// What becomes of pieces of work that come together, and how many rows are there then.
    fn together(db: &mut Connection, pieces: &[&'static str]) -> (Vec<String>, u64) {
        let (jobs, waiting) = sync_channel(10);
        let mut answers = Vec::new();
        for sql in pieces {
            let (job, answer) = job(sql);
            jobs.send(job).unwrap();
            answers.push(answer);
        }
        drop(jobs);
        work(db, &waiting, &RwLock::default(), &Faults::default(), Path::new("catalog.db"));
        let shown =
            |answer: Result<(), StoreError>| answer.map_or_else(|e| e.to_string(), |()| "done".into());
        let answers = answers.into_iter().map(|answer| shown(answer.blocking_recv().unwrap())).collect();
        (answers, db.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap())
    }

    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (a UNIQUE)").unwrap();
        db
    }

    #[test]
    fn a_piece_that_fails_takes_nothing_from_the_others() {
        let (insert, twice) =
            ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)");
        let (answers, rows) = together(&mut database(), &[insert, twice, "INSERT INTO t VALUES (3)"]);
        assert_eq!((answers[0].as_str(), answers[2].as_str(), rows), ("done", "done", 2));
        assert!(answers[1].contains("UNIQUE"), "{answers:?}");
    }

    #[test]
    fn where_the_database_gives_the_transaction_up_nothing_of_the_group_is_stored() {
        // As SQLite does by itself on a full disk.
        let gives_up = "INSERT INTO t VALUES (2); ROLLBACK";
        let (answers, rows) =
            together(&mut database(), &["INSERT INTO t VALUES (1)", gives_up, "INSERT INTO t VALUES (3)"]);
        for answer in &answers {
            assert!(answer.contains("nothing of it was stored"), "{answers:?}");
        }
        assert_eq!(rows, 0);
    }

    #[test]
    fn a_transaction_that_cannot_begin_says_why() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("test.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE t (a UNIQUE); BEGIN IMMEDIATE").unwrap();
        let mut db = Connection::open(&path).unwrap();
        db.busy_timeout(std::time::Duration::ZERO).unwrap();
        let (answers, rows) = together(&mut db, &["INSERT INTO t VALUES (1)"]);
        assert!(answers[0].contains("database is locked"), "{answers:?}");
        assert_eq!(rows, 0);
    }
}
