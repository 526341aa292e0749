//! Documents on a disk that fails, and in what a crash or a backup leaves.

use crate::support::{Disk, Gate, Place, begin, disk_full, options};
use tokio::task::JoinSet;
use usage_store::embedded::{Options, Step, backup};
use usage_store::{DocumentWrite, Expect, Kind, Store, StoreError};

fn put(id: &str, body: &str, expect: Expect) -> DocumentWrite {
    DocumentWrite { kind: Kind::Bill, id: id.into(), owner: None, body: Some(body.into()), expect }
}

/// Writes the same text into two documents.
pub(crate) async fn write_pair(store: &dyn Store, text: &str) -> Result<Vec<u64>, StoreError> {
    store.write_documents(vec![put("one", text, Expect::Any), put("other", text, Expect::Any)]).await
}

/// The texts of the two.
pub(crate) async fn pair(store: &dyn Store) -> [Option<String>; 2] {
    let text = async |id| store.document(Kind::Bill, id).await.unwrap().map(|document| document.body);
    [text("one").await, text("other").await]
}

fn both(text: &str) -> [Option<String>; 2] {
    [Some(text.to_string()), Some(text.to_string())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_writes_no_document_and_its_retry_does() {
    let (place, disk) = (Place::new(), Disk::default());
    let store = place.try_open(Options { faults: disk.faults(), ..options() }).unwrap();
    let first = write_pair(&*store, "1").await.unwrap();
    disk.fail(&[Step::Catalog]);
    for _ in 0..2 {
        let changed = vec![
            put("one", "2", Expect::Revision(first[0])),
            DocumentWrite { body: None, ..put("other", "", Expect::Revision(first[1])) },
            put("new", "2", Expect::Absent),
        ];
        let answer = store.write_documents(changed).await;
        assert!(matches!(answer, Err(StoreError::WriteFailed { .. })), "{answer:?}");
        assert!(answer.unwrap_err().to_string().contains(&disk_full().to_string()));
        assert_eq!(pair(&*store).await, both("1"));
        assert_eq!(store.documents(Kind::Bill, None, 10).await.unwrap().len(), 2);
    }
    disk.mend();
    // What failed has not changed what is expected.
    store.write_documents(vec![put("one", "2", Expect::Revision(first[0]))]).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(pair(&*store).await, [Some("2".to_string()), Some("1".to_string())]);
    let later = write_pair(&*store, "3").await.unwrap();
    assert!(later[0] > first[1], "{first:?} {later:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_write_takes_nothing_from_the_others_of_its_commit_and_leaves_nothing_of_itself() {
    let (place, disk) = (Place::new(), Disk::default());
    let (gate, faults) = Gate::at(Step::Catalog, &disk);
    let store = place.try_open(Options { faults, ..options() }).unwrap();
    let held = begin(write_pair(&*store, "1")).await;
    gate.wait();
    let good = begin(store.write_documents(vec![put("a", "{}", Expect::Absent)])).await;
    let stale = vec![put("b", "{}", Expect::Any), put("a", "no", Expect::Absent)];
    let stale = begin(store.write_documents(stale)).await;
    let last = begin(store.write_documents(vec![put("c", "{}", Expect::Absent)])).await;
    // Nothing of what waits is seen.
    assert_eq!(pair(&*store).await, [None, None]);
    gate.open();
    let revisions = [held.await.unwrap(), good.await.unwrap(), last.await.unwrap()].concat();
    assert!(revisions.is_sorted() && revisions.windows(2).all(|pair| pair[0] != pair[1]), "{revisions:?}");
    let answer = stale.await;
    assert!(matches!(&answer, Err(StoreError::Stale { id, .. }) if id == "a"), "{answer:?}");
    let all = store.documents(Kind::Bill, None, 10).await.unwrap();
    let ids: Vec<_> = all.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["a", "c", "one", "other"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listings_and_backups_while_documents_are_written_are_of_one_moment() {
    let place = Place::new();
    let store = place.open();
    let large = "x".repeat(DocumentWrite::MAX_BODY / 4);
    write_pair(&*store, &format!("0{large}")).await.unwrap();
    let mut work = JoinSet::new();
    for _ in 0..6 {
        let store = store.clone();
        work.spawn(async move {
            for _ in 0..5 {
                let all = store.documents(Kind::Bill, None, 10).await.unwrap();
                assert!(all.len() == 2 && all[0].body == all[1].body);
            }
        });
    }
    for round in 1..10 {
        write_pair(&*store, &format!("{round}{large}")).await.unwrap();
        let copy = Place::new();
        backup(&place.path(), &copy.path(), |_, _| {}).unwrap();
        assert!(pair(&*copy.open()).await == both(&format!("{round}{large}")), "round {round}");
    }
    work.join_all().await;
}
