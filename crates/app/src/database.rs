//! Where the data is: a folder, or a PostgreSQL database. A password is never shown.

use crate::args::Args;
use crate::failure::Failure;
use crate::present;
use serde::{Serialize, Serializer};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use usage_store::Store;
use usage_store::embedded::{self, EmbeddedStore, Options};
use usage_store::postgres::{self, Limits, PostgresStore};
use usage_store::transfer::Books;

#[derive(Clone)]
pub(crate) enum Database {
    /// One process owns it.
    Folder(PathBuf),
    /// Its address. Any number of processes are nodes on it.
    Postgres(String),
}

impl From<OsString> for Database {
    fn from(text: OsString) -> Database {
        match text.to_str() {
            Some(address) if postgres::is_address(address) => Database::Postgres(address.to_string()),
            _ => Database::Folder(text.into()),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Database::Folder(path) => path.display().fmt(f),
            Database::Postgres(address) => postgres::shown(address).fmt(f),
        }
    }
}

impl Serialize for Database {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Database {
    /// Whether it was made already.
    pub(crate) fn exists(&self) -> Result<bool, Failure> {
        runtime()?.block_on(self.is_there())
    }

    /// The same within a runtime.
    pub(crate) async fn is_there(&self) -> Result<bool, Failure> {
        match self {
            Database::Folder(path) => Ok(embedded::exists(path)),
            Database::Postgres(address) => Ok(postgres::exists(address).await?),
        }
    }

    /// Opens it, making it where it is not there. `owner` tells others who has a folder.
    pub(crate) async fn open(&self, args: &Args, owner: &str) -> Result<Arc<dyn Store>, Failure> {
        self.open_as(args, owner, Opening::Usual).await
    }

    /// Opens it for a purpose.
    pub(crate) async fn open_as(
        &self,
        args: &Args,
        owner: &str,
        opening: Opening,
    ) -> Result<Arc<dyn Store>, Failure> {
        let (secret, filling) = (present::secret()?, opening == Opening::Filling);
        match self {
            Database::Folder(path) => {
                let usual = Options::new(secret, owner);
                let options = Options {
                    checkpoint_every: args.checkpoint_every.unwrap_or(usual.checkpoint_every),
                    segment_bytes: args.segment_bytes.unwrap_or(usual.segment_bytes),
                    filling,
                    ..usual
                };
                Ok(Arc::new(EmbeddedStore::open(path, options)?))
            }
            Database::Postgres(address) => {
                let usual = args.postgres.limits();
                // What is moved keeps its order.
                let groups = if filling { 1 } else { usual.groups };
                let limits = Limits { groups, filling, ..usual };
                Ok(Arc::new(PostgresStore::open(address, secret, limits).await?))
            }
        }
    }

    /// Its catalog by rows; it must be there.
    pub(crate) async fn books(&self) -> Result<Box<dyn Books>, Failure> {
        match self {
            Database::Folder(path) => Ok(embedded::books(path)?),
            Database::Postgres(address) => Ok(postgres::books(address).await?),
        }
    }
}

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// All that it is for.
    Usual,
    /// The move of another to it; until that is whole, it is opened for nothing else.
    Filling,
}

/// What a command waits with: a thread for each core, as a service has, so that many bills are made at once.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::operation(format!("cannot start a runtime: {error}")))
}
