//! The catalog's tables, and the small steps by which they came to be.
//!
//! A step is never changed once it was released: a new one is added behind it.

use crate::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// What marks a database as this program's ("uapp").
const APPLICATION_ID: i32 = 0x7561_7070;

const STEPS: &[&str] = &[
    "
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE customer (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        key TEXT,
        name TEXT NOT NULL,
        currency TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        description TEXT,
        primary_email TEXT,
        billing_address TEXT,
        metadata TEXT,
        created_at INTEGER NOT NULL, -- nanoseconds since 1970, as all moments here
        updated_at INTEGER NOT NULL,
        deleted_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX customer_by_key ON customer (key) WHERE deleted_at IS NULL;

    -- Who pays for a subject's usage, from a moment to a moment.
    CREATE TABLE payer (
        subject TEXT NOT NULL,
        from_time INTEGER NOT NULL,
        until_time INTEGER NOT NULL, -- the end of time where it still holds
        customer INTEGER NOT NULL REFERENCES customer,
        listed INTEGER NOT NULL, -- 0: only because the subject is the customer's key
        PRIMARY KEY (subject, from_time)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX payer_by_customer ON payer (customer);

    CREATE TABLE posting (
        id INTEGER PRIMARY KEY,
        customer INTEGER NOT NULL REFERENCES customer,
        month TEXT NOT NULL,
        accumulated TEXT NOT NULL,
        currency TEXT NOT NULL,
        changes INTEGER NOT NULL,
        position INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        UNIQUE (customer, month)
    ) STRICT;
",
    "
    -- Each set of sums in the projections has a number that is never used again.
    CREATE TABLE series (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        meter TEXT NOT NULL
    ) STRICT;

    CREATE TABLE meter (
        id TEXT PRIMARY KEY,
        series INTEGER NOT NULL UNIQUE REFERENCES series,
        key TEXT NOT NULL UNIQUE,
        name TEXT,
        description TEXT,
        aggregation TEXT NOT NULL,
        event_type TEXT NOT NULL,
        value_property TEXT,
        event_from INTEGER,
        metadata TEXT,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE dimension (
        meter TEXT NOT NULL REFERENCES meter ON DELETE CASCADE,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (meter, name)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- What is known about a subject; usage needs none of it.
    CREATE TABLE subject (
        key TEXT PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        display_name TEXT,
        metadata TEXT,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE counter (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('revision', 0);

    -- What billing keeps, as it is: no column is taken from a body.
    CREATE TABLE document (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        owner TEXT, -- the id of a customer, whom it outlives
        revision INTEGER NOT NULL, -- never used again
        body TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT;
    CREATE INDEX document_by_owner ON document (owner, kind, id) WHERE owner IS NOT NULL;
",
];

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// Checks that the database is this program's, of a version that is known, or new; says whether it
/// is new. Changes nothing.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let wrong = |reason: String| StoreError::WrongFolder { path: path.to_path_buf(), reason };
    let read = || -> rusqlite::Result<(i32, i32, i64)> {
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number(connection, "application_id")?, number(connection, "user_version")?, tables))
    };
    let (application, version, tables) =
        read().map_err(|error| wrong(format!("its catalog cannot be read: {error}")))?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(wrong("its catalog belongs to another program".into()));
    }
    let known = i32::try_from(STEPS.len()).unwrap_or(i32::MAX);
    if version > known {
        return Err(wrong(format!(
            "its catalog has version {version} and this usage_app knows versions up to {known}; use a newer usage_app"
        )));
    }
    Ok(application != APPLICATION_ID)
}

/// Brings a checked database up to the newest version; `secret` becomes the key of a new one.
pub(super) fn migrate(connection: &mut Connection, secret: [u8; 16]) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let version = number(&transaction, "user_version")?;
    for (step, next) in STEPS.iter().zip(1..).skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", next)?;
    }
    if number(&transaction, "application_id")? != APPLICATION_ID {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute("INSERT INTO meta (key, value) VALUES ('secret', ?1)", [secret.as_slice()])?;
    }
    transaction.commit()?;
    Ok(())
}

/// The secret that hashes of this database are keyed with.
pub(super) fn secret(connection: &Connection) -> Result<[u8; 16], StoreError> {
    let bytes: Vec<u8> =
        connection.query_row("SELECT value FROM meta WHERE key = 'secret'", [], |row| row.get(0))?;
    bytes.try_into().map_err(|_| StoreError::Catalog("the secret has another length than 16 bytes".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut db = open();
        let schema = |db: &Connection| -> Vec<String> {
            let mut statement =
                db.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert!(check(&db, Path::new("x")).unwrap());
        migrate(&mut db, [1; 16]).unwrap();
        let once = schema(&db);
        assert!(!check(&db, Path::new("x")).unwrap());
        migrate(&mut db, [2; 16]).unwrap();
        assert_eq!(schema(&db), once);
        assert_eq!(secret(&db).unwrap(), [1; 16]);
    }

    #[test]
    fn every_earlier_version_is_brought_up_to_the_same_schema() {
        let schema = |db: &Connection| -> Vec<String> {
            let mut statement =
                db.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        let mut new = open();
        migrate(&mut new, [1; 16]).unwrap();
        for version in 1..STEPS.len() {
            let mut db = open();
            db.execute_batch(&STEPS[..version].concat()).unwrap();
            db.execute("INSERT INTO meta (key, value) VALUES ('secret', ?1)", [[3u8; 16].as_slice()])
                .unwrap();
            db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            db.pragma_update(None, "user_version", i32::try_from(version).unwrap()).unwrap();
            migrate(&mut db, [2; 16]).unwrap();
            assert_eq!((schema(&db), secret(&db).unwrap()), (schema(&new), [3; 16]), "of version {version}");
        }
    }

    #[test]
    fn a_newer_version_and_another_program_are_refused() {
        let mut db = open();
        migrate(&mut db, [1; 16]).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        let error = check(&db, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("has version 99"), "{error}");

        let db = open();
        db.execute_batch("CREATE TABLE theirs (a)").unwrap();
        let error = check(&db, Path::new("x")).unwrap_err().to_string();
        assert!(error.contains("another program"), "{error}");
    }
}
