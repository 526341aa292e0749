//! Documents that are moved: with their revisions, none of which is given again.

use crate::database::Database;
use tempfile::TempDir;
use usage_domain::customer::CustomerId;
use usage_store::embedded::{EmbeddedStore, Options};
use usage_store::transfer::{Books, State, TABLES};
use usage_store::{Document, DocumentWrite, Expect, Kind, Store, embedded, postgres};

async fn copy(from: &dyn Books, to: &dyn Books) {
    for table in TABLES {
        let mut last = None;
        loop {
            // One at a time, so that pages follow each other.
            let rows = from.rows(table, last.as_ref(), 1).await.unwrap();
            let Some(row) = rows.last() else { break };
            to.put(table, &rows).await.unwrap();
            // Again, as after a move that was broken off.
            to.put(table, &rows).await.unwrap();
            last = Some(row.clone());
        }
    }
    to.skip_revisions(from.last_revision().await.unwrap()).await.unwrap();
}

fn document(id: &str, body: Option<&str>, expect: Expect) -> DocumentWrite {
    let (owner, body) = (Some(CustomerId(7u128.into())), body.map(str::to_string));
    DocumentWrite { kind: Kind::Grant, id: id.into(), owner, body, expect }
}

async fn all(store: &dyn Store) -> Vec<Document> {
    store.documents_of(CustomerId(7u128.into()), Kind::ALL.to_vec()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_keep_their_revisions_and_none_is_given_twice() {
    let Some(database) = Database::new().await else { return };
    let folder = TempDir::new().unwrap();
    let open =
        |name: &str| EmbeddedStore::open(&folder.path().join(name), Options::new([7; 16], "test")).unwrap();
    let (first, node, back) = (open("first"), database.node().await.unwrap(), open("back"));
    let written = first.write_documents(vec![
        document("a", Some("{\"text\":\"\u{e9}\"}"), Expect::Absent),
        document("b \u{1f980}", Some("{}"), Expect::Absent),
        document("gone", Some("{}"), Expect::Absent),
    ]);
    let revisions = written.await.unwrap();
    first.write_documents(vec![document("gone", None, Expect::Any)]).await.unwrap();
    let before = all(&first).await;
    assert_eq!(before.len(), 2);
    let books = [
        embedded::books(&folder.path().join("first")).unwrap(),
        postgres::books(&database.address()).await.unwrap(),
        embedded::books(&folder.path().join("back")).unwrap(),
    ];
    copy(&*books[0], &*books[1]).await;
    assert_eq!(all(&node).await, before);
    copy(&*books[1], &*books[2]).await;
    assert_eq!(all(&back).await, before);
    for store in [&node as &dyn Store, &back] {
        let next = store.write_documents(vec![document("gone", Some("{}"), Expect::Absent)]).await.unwrap();
        assert!(next[0] > revisions[2], "{next:?} after {revisions:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_being_filled_is_opened_by_nobody_else() {
    let Some(database) = Database::new().await else { return };
    let folder = TempDir::new().unwrap();
    let open = || EmbeddedStore::open(folder.path(), Options::new([7; 16], "test"));
    drop((open().unwrap(), database.node().await.unwrap()));
    let until = "3".parse().unwrap();
    for books in
        [embedded::books(folder.path()).unwrap(), postgres::books(&database.address()).await.unwrap()]
    {
        assert_eq!(books.state().await.unwrap(), State::Empty);
        books.note([1; 16], &until).await.unwrap();
        assert_eq!(books.state().await.unwrap(), State::UnderWay([1; 16], until.clone()));
    }
    for refused in [open().err().unwrap(), database.node().await.err().unwrap()] {
        assert!(refused.to_string().contains("is not here whole"), "{refused}");
    }
    for books in
        [embedded::books(folder.path()).unwrap(), postgres::books(&database.address()).await.unwrap()]
    {
        books.finish().await.unwrap();
        assert_eq!(books.state().await.unwrap(), State::Done([1; 16]));
    }
    drop((open().unwrap(), database.node().await.unwrap()));
}
