//! Where the data is: a folder, or a PostgreSQL database. A password is never shown.

use crate::args::Args;
use crate::failure::Failure;
use crate::present;
use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use serde::{Serialize, Serializer};
use std::ffi::OsStr;
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

impl Database {
    /// Reads what a person gave; refuses what looks like an address and is none of PostgreSQL, in words
    /// that do not repeat it: it may have a password in it.
    fn read(text: &OsStr) -> Result<Database, String> {
        if let Some(address) = text.to_str().filter(|text| postgres::is_address(text)) {
            return Ok(Database::Postgres(address.to_string()));
        }
        match text.to_str().and_then(scheme) {
            Some(scheme) => Err(format!(
                "{scheme}:… is no address of a PostgreSQL database, such as postgres://user@host/database, \
                 and no folder is made of what looks like an address; write ./{scheme}:… where one is meant"
            )),
            None => Ok(Database::Folder(text.into())),
        }
    }
}

/// What stands before the first `:/` of an address. A single letter is a drive.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(":/")?;
    let within = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_scheme = scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_scheme && scheme.chars().all(within)).then_some(scheme)
}

impl ValueParserFactory for Database {
    type Parser = DatabaseParser;

    fn value_parser() -> DatabaseParser {
        DatabaseParser
    }
}

/// Reads the argument; unlike what the command line says of others, a message never has the value in it.
#[derive(Clone)]
pub(crate) struct DatabaseParser;

impl TypedValueParser for DatabaseParser {
    type Value = Database;

    fn parse_ref(&self, cmd: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Database, clap::Error> {
        Database::read(value).map_err(|reason| {
            let name = arg.map(ToString::to_string).unwrap_or_default();
            clap::Error::raw(ErrorKind::ValueValidation, format!("{name}: {reason}\n")).with_cmd(cmd)
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_address_becomes_no_folder() {
        for (text, expected) in [
            ("usage-data", Ok("usage-data")),
            ("/var/lib/usage", Ok("/var/lib/usage")),
            ("C:/usage", Ok("C:/usage")),
            ("./mysql://db/prod", Ok("./mysql://db/prod")),
            ("a b:/c", Ok("a b:/c")),
            ("postgres://bob:secret@db/prod", Ok("postgres://bob@db:5432/prod")),
            ("Postgres://bob:secret@db/prod", Ok("postgres://bob@db:5432/prod")),
            ("mysql://user:secret@db/prod", Err("mysql:…")),
            ("postgre://h:secret@d", Err("postgre:…")),
            ("http://localhost:8400", Err("http:…")),
            ("postgres:/x", Err("postgres:…")),
            ("file+x:/y", Err("file+x:…")),
        ] {
            let read = Database::read(OsStr::new(text)).map(|database| database.to_string());
            match (&read, expected) {
                (Ok(shown), Ok(expected)) => assert_eq!(shown, expected),
                (Err(said), Err(expected)) => assert!(said.starts_with(expected), "{said}"),
                _ => panic!("{text}: {read:?}"),
            }
            assert!(!format!("{read:?}").contains("secret"), "{read:?}");
        }
    }
}
