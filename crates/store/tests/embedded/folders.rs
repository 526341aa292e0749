//! Folders that cannot be used: said so, and left as they are.

use crate::support::{Place, accept, has_exactly, options};
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use usage_store::StoreError;
use usage_store::embedded::{EmbeddedStore, Options, exists, owner};

fn refusal(folder: &Path) -> String {
    match EmbeddedStore::open(folder, options()) {
        Ok(_) => "it opened".to_string(),
        Err(StoreError::WrongFolder { path, reason }) => {
            assert!(path.starts_with(folder), "{}", path.display());
            reason
        }
        Err(other) => format!("another error: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_in_use_names_its_owner_until_the_owner_is_gone() {
    let place = Place::new();
    assert_eq!((exists(&place.path()), owner(&place.path())), (false, None));
    let store = place.try_open(Options { owner: "process 12".into(), ..options() }).unwrap();
    assert_eq!((exists(&place.path()), owner(&place.path())), (true, Some("process 12".into())));
    store.announce("process 12 at http://127.0.0.1:8080").unwrap();
    let text = "process 12 at http://127.0.0.1:8080".to_string();
    assert_eq!(owner(&place.path()), Some(text.clone()));
    let refused = place.try_open(options()).map(|_| ());
    assert!(matches!(&refused, Err(StoreError::InUse { owner, .. }) if *owner == text), "{refused:?}");
    // The refused one took nothing from the owner.
    accept(&*store, &["a"]).await;
    store.announce("x").unwrap();
    assert_eq!(owner(&place.path()), Some("x".into()));
    drop(store);
    assert_eq!((exists(&place.path()), owner(&place.path())), (true, None));
    has_exactly(&*place.open(), &["a"]).await;
}

#[test]
fn asking_for_the_owner_never_keeps_a_store_from_opening() {
    let place = Place::new();
    drop(place.open());
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let _ = owner(&place.path());
            }
        });
        let opened: Vec<_> = (0..20).map(|_| place.try_open(options()).map(|_| ())).collect();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_a_newer_version_is_refused_and_left_as_it_is() {
    let place = Place::new();
    accept(&*place.open(), &["a"]).await;
    let version = |change: i32| {
        let db = Connection::open(place.path().join("catalog.db")).unwrap();
        let now: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        db.pragma_update(None, "user_version", now + change).unwrap();
    };
    version(1);
    let reason = refusal(&place.path());
    assert!(reason.contains("use a newer usage_app"), "{reason}");
    version(-1);
    has_exactly(&*place.open(), &["a"]).await;
}

#[test]
fn what_is_no_store_of_ours_is_refused() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let (file, full) = (place.path().join("file"), place.path().join("full"));
    fs::write(&file, "text").unwrap();
    assert_eq!(refusal(&file), "it is a file, not a folder");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("notes.txt"), "text").unwrap();
    assert!(refusal(&full).starts_with("it is not empty"), "{}", refusal(&full));
    assert_eq!(Place::files(&full), [full.join("notes.txt")]);
    // An empty folder is fine.
    let empty = place.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(refusal(&empty), "it opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_its_catalog_is_refused() {
    let place = Place::new();
    accept(&*place.open(), &["a"]).await;
    let catalog = place.path().join("catalog.db");
    let bytes = fs::read(&catalog).unwrap();
    fs::remove_file(&catalog).unwrap();
    assert_eq!(
        refusal(&place.path()),
        "it has a log and no catalog.db; bring the catalog back from a backup"
    );
    // An empty file, or a catalog that lost its tables, would get a new secret: the duplicates of
    // all that is in the log would no longer be known.
    fs::write(&catalog, "").unwrap();
    let reason = refusal(&place.path());
    assert!(reason.contains("bring the catalog back from a backup"), "{reason}");
    assert_eq!(fs::metadata(&catalog).unwrap().len(), 0);
    fs::write(&catalog, bytes).unwrap();
    has_exactly(&*place.open(), &["a"]).await;
}

#[test]
fn a_catalog_that_is_no_database_or_another_programs_is_refused_and_left_as_it_is() {
    let place = Place::new();
    drop(place.open());
    let catalog = place.path().join("catalog.db");
    let junk = "this is no database at all ".repeat(200);
    fs::write(&catalog, &junk).unwrap();
    let reason = refusal(&place.path());
    assert!(reason.starts_with("its catalog cannot be read"), "{reason}");
    assert_eq!(fs::read_to_string(&catalog).unwrap(), junk);
    fs::remove_file(&catalog).unwrap();
    let db = Connection::open(&catalog).unwrap();
    db.execute_batch("CREATE TABLE theirs (a)").unwrap();
    db.close().unwrap();
    let bytes = fs::read(&catalog).unwrap();
    assert_eq!(refusal(&place.path()), "its catalog belongs to another program");
    assert_eq!(fs::read(&catalog).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_keeps_its_own_secret() {
    let place = Place::new();
    accept(&*place.open(), &["a"]).await;
    let store = place.try_open(Options { secret: [9; 16], ..options() }).unwrap();
    let again = crate::support::send(&*store, &["a"]).await.unwrap();
    assert_eq!(again, [usage_domain::verdict::Verdict::Duplicate]);
    has_exactly(&*store, &["a"]).await;
}
