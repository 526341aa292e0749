//! The store that tests above it run on: a folder, or where the environment says so a PostgreSQL database of
//! the test's own. The tests are the same, and none of them knows which it is.

#[path = "database.rs"]
mod database;

use database::Database;
use std::sync::Arc;
use tempfile::TempDir;
use usage_store::Store;
use usage_store::embedded::{EmbeddedStore, Options};

/// Chooses the store: `embedded`, which is the usual one, or `postgres`.
const STORE: &str = "USAGE_TEST_STORE";

/// Where a store keeps its data; gone with all that is in it when this is dropped.
pub(crate) struct Place(#[expect(dead_code, reason = "it is kept for being dropped")] Kind);

#[expect(dead_code, reason = "they are kept for being dropped")]
enum Kind {
    Folder(TempDir),
    Database(Database),
}

/// Opens a store of the test's own. It is asked within a runtime with several threads.
pub(crate) async fn open() -> (Arc<dyn Store>, Place) {
    match std::env::var(STORE).as_deref() {
        Err(_) | Ok("embedded") => folder(Options::new([7; 16], "test")),
        Ok("postgres") => {
            let database = Database::new().await;
            let database = database.unwrap_or_else(|| panic!("{STORE}=postgres, and there is no server"));
            let node = database.node().await.unwrap_or_else(|error| panic!("{error}"));
            (Arc::new(node), Place(Kind::Database(database)))
        }
        Ok(other) => panic!("{STORE} is {other:?}, which is neither 'embedded' nor 'postgres'"),
    }
}

/// Opens a store in a folder, whatever the environment says.
pub(crate) fn folder(options: Options) -> (Arc<dyn Store>, Place) {
    let folder = TempDir::new().unwrap();
    let store = EmbeddedStore::open(&folder.path().join("data"), options).unwrap();
    (Arc::new(store), Place(Kind::Folder(folder)))
}
