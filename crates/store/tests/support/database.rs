//! A database of a test's own, on the server that the environment names.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio_postgres::{Client, NoTls};
use usage_store::StoreError;
use usage_store::postgres::{Limits, PostgresStore};

/// Names the server to test with: a role on it that may do everything.
const SERVER: &str = "USAGE_TEST_POSTGRES";
/// Makes its absence a failure.
const REQUIRED: &str = "USAGE_REQUIRE_POSTGRES";

static MADE: AtomicU32 = AtomicU32::new(0);

/// Says that a test is left out, and why; fails where none may be.
pub(crate) fn left_out(why: &str) {
    let required = std::env::var(REQUIRED).is_ok_and(|value| value == "1");
    assert!(!required, "{REQUIRED}=1, and {why}");
    // Past the capture of what tests print: nobody is to think that this was tested.
    let _ = writeln!(std::io::stderr(), "LEFT OUT: a test of PostgreSQL: {why}");
}

/// An empty database, gone when this is dropped.
pub(crate) struct Database {
    server: String,
    pub(crate) name: String,
}

impl Database {
    /// `None` where no server is named and none needs to be.
    pub(crate) async fn new() -> Option<Database> {
        let Ok(server) = std::env::var(SERVER) else {
            left_out(&format!("{SERVER} names no server: 'cargo xtask test' starts one"));
            return None;
        };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let database = Database { server, name: format!("usage_test_{}_{number}", std::process::id()) };
        database.at_server(&format!("CREATE DATABASE {}", database.name)).await;
        Some(database)
    }

    /// Its address.
    pub(crate) fn address(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("an address with a database at its end");
        format!("{server}/{}", self.name)
    }

    /// Does something in another database of the server.
    pub(crate) async fn at_server(&self, sql: &str) {
        connect(&self.server).await.batch_execute(sql).await.unwrap();
    }

    #[allow(dead_code, reason = "tests of the program open none themselves")]
    /// Opens a node, with small figures, so that tests cross merges.
    pub(crate) async fn node(&self) -> Result<PostgresStore, StoreError> {
        let limits = Limits {
            connections: 6,
            wait: std::time::Duration::from_secs(30),
            merge_every: 7,
            ..Limits::default()
        };
        PostgresStore::open(&self.address(), [7; 16], limits).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        block_in_place(|| Handle::current().block_on(self.at_server(&sql)));
    }
}

/// A connection of the test's own.
pub(crate) async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
