//! Why the store did not do as asked: one type for both stores, in words for the person who reads it.

use crate::Kind;
use std::path::PathBuf;
use usage_domain::bill::BillError;
use usage_domain::meter::query::QueryError;

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// More is waiting than may wait. Nothing of the request was stored; try again.
    #[error("the store is busy: too many events are waiting to be written; try again")]
    Overloaded,
    /// The write failed, and nothing of it was stored; it can be tried again.
    #[error("the write to {path} failed and nothing of it was stored: {source}")]
    WriteFailed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be used.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried, such as "cannot open".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Stored bytes are not what was written.
    #[error("{path} is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged record begins.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// Another process owns the folder.
    #[error("{path} is in use by another usage_app ({owner})")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Its process and address, as far as known.
        owner: String,
    },
    /// The folder is not one of this program, or of a version that this one does not know.
    #[error("{path} cannot be used: {reason}")]
    WrongFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The database does not answer, or did not do as it was told. Whether the last change was
    /// stored may be unknown; to send the same again is safe.
    #[error("{0}")]
    Unavailable(String),
    /// The database is not one of this program, of a version that this one does not know, or gives
    /// it too few rights.
    #[error("{database} cannot be used: {reason}")]
    WrongDatabase {
        /// Its address, without a password.
        database: String,
        /// Why.
        reason: String,
    },
    /// A stored row is not what was written.
    #[error("{row} is damaged: {what}")]
    DamagedRow {
        /// Which row.
        row: String,
        /// What is wrong.
        what: String,
    },
    /// Somebody else has this name.
    #[error("{0}")]
    Conflict(String),
    /// A document is not as was expected; nothing was written.
    #[error("{kind} \"{id}\" is not as it was expected: it was changed, made or deleted meanwhile")]
    Stale {
        /// Of this kind.
        kind: Kind,
        /// Of this id.
        id: String,
    },
    /// More than is kept in a document, or written at once; nothing was written.
    #[error("{0}")]
    Limit(String),
    /// No such customer.
    #[error("there is no such customer")]
    NoCustomer,
    /// No such subject.
    #[error("there is no such subject")]
    NoSubject,
    /// No such meter.
    #[error("there is no such meter")]
    NoMeter,
    /// A question to a meter that has no answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The catalog refused.
    #[error("the catalog: {0}")]
    Catalog(String),
    /// A bill that cannot be made.
    #[error(transparent)]
    Bill(#[from] BillError),
    /// The store was closed, or stopped for a reason that it logged.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The same error for another request that failed together with this one.
    pub(crate) fn repeated(&self) -> StoreError {
        let same = |source: &std::io::Error| match source.raw_os_error() {
            Some(code) => std::io::Error::from_raw_os_error(code),
            None => std::io::Error::new(source.kind(), source.to_string()),
        };
        match self {
            StoreError::WriteFailed { path, source } => {
                StoreError::WriteFailed { path: path.clone(), source: same(source) }
            }
            StoreError::Io { action, path, source } => {
                StoreError::Io { action, path: path.clone(), source: same(source) }
            }
            StoreError::Damaged { path, offset, what } => {
                StoreError::Damaged { path: path.clone(), offset: *offset, what: what.clone() }
            }
            StoreError::Unavailable(what) => StoreError::Unavailable(what.clone()),
            StoreError::DamagedRow { row, what } => {
                StoreError::DamagedRow { row: row.clone(), what: what.clone() }
            }
            StoreError::Overloaded => StoreError::Overloaded,
            StoreError::Closed => StoreError::Closed,
            other => StoreError::Catalog(other.to_string()),
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { action, path, source }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Catalog(error.to_string())
    }
}
