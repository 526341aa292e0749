//! Documents, in SQL.

use super::{Catalog, Change};
use crate::document::check;
use crate::{Document, DocumentWrite, Expect, Kind, StoreError};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use usage_domain::customer::CustomerId;

/// Begins every question.
const DOCUMENT: &str = "SELECT kind, id, owner, revision, body FROM document";
const FIND: &str = "WHERE kind = ?1 AND id = ?2";
const PAGE: &str = "WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
const PAGE_OF: &str = "WHERE owner = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4";

/// Which documents a customer has of some kinds. The kinds are in the text: a table made of a parameter would
/// have SQLite compile the statement again whenever it is used.
fn of_owner(kinds: &[Kind]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| format!("'{kind}'")).collect();
    format!("WHERE owner = ?1 AND kind IN ({}) ORDER BY kind, id", names.join(", "))
}

impl Catalog {
    pub(crate) async fn write_documents(&self, writes: Vec<DocumentWrite>) -> Result<Vec<u64>, StoreError> {
        check(&writes)?;
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        self.submit(move |db| Ok((write_all(db, &writes)?, Change::None))).await
    }

    pub(crate) fn document(&self, kind: Kind, id: &str) -> Result<Option<Document>, StoreError> {
        let reader = self.readers.get();
        let mut statement = reader.prepare_cached(&format!("{DOCUMENT} {FIND}"))?;
        let mut rows = statement.query(params![kind.name(), id])?;
        rows.next()?.map(document).transpose()
    }

    pub(crate) fn documents(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        // No id is empty.
        let (after, limit) = (after.unwrap_or_default(), i64::try_from(limit).unwrap_or(i64::MAX));
        all(&self.readers.get(), PAGE, params![kind.name(), after, limit])
    }

    pub(crate) fn documents_of(
        &self,
        owner: CustomerId,
        kinds: &[Kind],
    ) -> Result<Vec<Document>, StoreError> {
        all(&self.readers.get(), &of_owner(kinds), [owner.to_string()])
    }

    pub(crate) fn documents_of_kind(
        &self,
        owner: CustomerId,
        kind: Kind,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Document>, StoreError> {
        let (after, limit) = (after.unwrap_or_default(), i64::try_from(limit).unwrap_or(i64::MAX));
        all(&self.readers.get(), PAGE_OF, params![owner.to_string(), kind.name(), after, limit])
    }

    /// All of some kinds, without waiting for anybody: `None` where no reader is free.
    pub(crate) fn documents_of_at_once(
        &self,
        owner: CustomerId,
        kinds: &[Kind],
    ) -> Result<Option<Vec<Document>>, StoreError> {
        let Some(reader) = self.readers.free() else { return Ok(None) };
        all(&reader, &of_owner(kinds), [owner.to_string()]).map(Some)
    }
}

fn all(connection: &Connection, which: &str, params: impl Params) -> Result<Vec<Document>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{DOCUMENT} {which}"))?;
    let (mut rows, mut documents) = (statement.query(params)?, Vec::new());
    while let Some(row) = rows.next()? {
        documents.push(document(row)?);
    }
    Ok(documents)
}

fn document(row: &Row<'_>) -> Result<Document, StoreError> {
    let (kind, id): (String, String) = (row.get(0)?, row.get(1)?);
    let broken = |what: &str| StoreError::Catalog(format!("{kind} \"{id}\" has a broken {what}"));
    Ok(Document {
        kind: kind.parse().map_err(|_| broken("kind"))?,
        owner: row
            .get::<_, Option<String>>(2)?
            .map(|owner| owner.parse().map_err(|_| broken("owner")))
            .transpose()?,
        revision: row.get(3)?,
        body: row.get(4)?,
        id,
    })
}

/// Writes all of them, or fails; whoever calls takes back what was written until then.
fn write_all(connection: &Connection, writes: &[DocumentWrite]) -> Result<Vec<u64>, StoreError> {
    let drawn = u64::try_from(writes.len()).unwrap_or(u64::MAX);
    let last: u64 = connection
        .prepare_cached("UPDATE counter SET value = value + ?1 WHERE name = 'revision' RETURNING value")?
        .query_row([drawn], |row| row.get(0))?;
    let revisions: Vec<u64> = (last - drawn + 1..=last).collect();
    for (write, revision) in writes.iter().zip(&revisions) {
        if !is_written(connection, write, *revision)? {
            return Err(write.stale());
        }
    }
    Ok(revisions)
}

/// Writes a document if what is there is as expected: each write is one statement that says so itself.
fn is_written(connection: &Connection, write: &DocumentWrite, revision: u64) -> Result<bool, StoreError> {
    let (kind, id) = (write.kind.name(), &write.id);
    let Some(body) = &write.body else { return is_deleted(connection, write) };
    let owner = write.owner.map(|owner| owner.to_string());
    let written = match write.expect {
        Expect::Absent => connection
            .prepare_cached(
                "INSERT INTO document (kind, id, owner, revision, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (kind, id) DO NOTHING",
            )?
            .execute(params![kind, id, owner, revision, body])?,
        Expect::Revision(was) => connection
            .prepare_cached(
                "UPDATE document SET owner = ?3, revision = ?4, body = ?5
                 WHERE kind = ?1 AND id = ?2 AND revision = ?6",
            )?
            .execute(params![kind, id, owner, revision, body, was])?,
        Expect::Any => connection
            .prepare_cached(
                "INSERT INTO document (kind, id, owner, revision, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (kind, id) DO UPDATE SET owner = ?3, revision = ?4, body = ?5",
            )?
            .execute(params![kind, id, owner, revision, body])?,
    };
    Ok(written > 0)
}

/// The same of a write that leaves nothing.
fn is_deleted(connection: &Connection, write: &DocumentWrite) -> Result<bool, StoreError> {
    let (kind, id) = (write.kind.name(), &write.id);
    let found: Option<u64> = connection
        .prepare_cached("SELECT revision FROM document WHERE kind = ?1 AND id = ?2")?
        .query_row([kind, id], |row| row.get(0))
        .optional()?;
    if !write.expect.holds(found) {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM document WHERE kind = ?1 AND id = ?2")?.execute([kind, id])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::catalog::schema;
    use rusqlite::StatementStatus;

    #[test]
    fn no_question_reads_all_documents() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db, [1; 16]).unwrap();
        let of_owner = of_owner(&[Kind::Bill, Kind::Grant]);
        for (which, index) in [
            (FIND, "sqlite_autoindex_document_1"),
            (PAGE, "sqlite_autoindex_document_1"),
            (of_owner.as_str(), "document_by_owner"),
            (PAGE_OF, "document_by_owner"),
        ] {
            let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {DOCUMENT} {which}")).unwrap();
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert!(
                steps.iter().any(|step| step.starts_with("SEARCH document") && step.contains(index)),
                "{which}: {steps:?}"
            );
        }
    }
    #[test]
    fn a_question_that_is_asked_again_is_not_compiled_again() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db, [1; 16]).unwrap();
        let of_owner = of_owner(&[Kind::Bill, Kind::Grant]);
        for (which, rest) in [(FIND, &["a"][..]), (of_owner.as_str(), &[])] {
            let mut statement = db.prepare(&format!("{DOCUMENT} {which}")).unwrap();
            for round in 0..3 {
                let first = format!("text {round}");
                let params = [first.as_str()].into_iter().chain(rest.iter().copied());
                assert!(
                    statement.query(rusqlite::params_from_iter(params)).unwrap().next().unwrap().is_none()
                );
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{which}");
        }
    }
}
