//! What is known about subjects, in SQL. It is read from there as well: no hot path asks for it.

use super::{Catalog, Change};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use usage_domain::subject::{Edit, MAX_KNOWN, Subject, SubjectDraft, SubjectId};
use usage_domain::time::Timestamp;

const SUBJECT: &str = "id, key, display_name, metadata, created_at, updated_at FROM subject";

impl Catalog {
    pub(crate) async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, StoreError> {
        self.submit(move |db| {
            for (id, draft) in &subjects {
                upsert(db, *id, draft, now)?;
            }
            let count: usize = db.query_row("SELECT count(*) FROM subject", [], |row| row.get(0))?;
            if count > MAX_KNOWN {
                let reason = format!("at most {MAX_KNOWN} subjects are kept; delete some first");
                return Err(StoreError::Conflict(reason));
            }
            let known = subjects.iter().filter_map(|(_, draft)| find(db, &draft.key).transpose());
            Ok((known.collect::<Result<_, _>>()?, Change::None))
        })
        .await
    }

    pub(crate) async fn delete_subject(&self, id: SubjectId) -> Result<(), StoreError> {
        self.submit(move |db| {
            match db.prepare_cached("DELETE FROM subject WHERE id = ?1")?.execute([id.to_string()])? {
                0 => Err(StoreError::NoSubject),
                _ => Ok(((), Change::None)),
            }
        })
        .await
    }

    /// The subject of this key, or else of this id.
    pub(crate) fn subject(&self, name: &str) -> Result<Option<Subject>, StoreError> {
        find(&self.readers.get(), name)
    }

    /// All subjects that are known, by key.
    pub(crate) fn subjects(&self) -> Result<Vec<Subject>, StoreError> {
        let reader = self.readers.get();
        let mut statement = reader.prepare_cached(&format!("SELECT {SUBJECT} ORDER BY key"))?;
        let (mut rows, mut subjects) = (statement.query([])?, Vec::new());
        while let Some(row) = rows.next()? {
            subjects.push(subject(row)?);
        }
        Ok(subjects)
    }
}

fn find(connection: &Connection, name: &str) -> Result<Option<Subject>, StoreError> {
    for column in ["key", "id"] {
        let sql = format!("SELECT {SUBJECT} WHERE {column} = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([name])?;
        if let Some(row) = rows.next()? {
            return Ok(Some(subject(row)?));
        }
    }
    Ok(None)
}

fn subject(row: &Row<'_>) -> Result<Subject, StoreError> {
    let id: String = row.get(0)?;
    let moment = |nanos: i64| Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MIN);
    Ok(Subject {
        id: id.parse().map_err(|_| StoreError::Catalog(format!("subject {id} has a broken id")))?,
        key: row.get(1)?,
        display_name: row.get(2)?,
        metadata: row.get(3)?,
        created_at: moment(row.get(4)?),
        updated_at: moment(row.get(5)?),
    })
}

fn upsert(
    connection: &Connection,
    id: SubjectId,
    draft: &SubjectDraft,
    now: Timestamp,
) -> Result<(), StoreError> {
    let taken: Option<String> = connection
        .prepare_cached("SELECT key FROM subject WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    if let Some(key) = taken.filter(|key| *key != draft.key) {
        return Err(StoreError::Conflict(format!("id {id} is that of subject \"{key}\"")));
    }
    let (name, names) = parts(&draft.display_name);
    let (metadata, describes) = parts(&draft.metadata);
    connection
        .prepare_cached(
            "INSERT INTO subject (key, id, display_name, metadata, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?5, ?7, ?7)
             ON CONFLICT (key) DO UPDATE SET
                 display_name = CASE WHEN ?4 THEN ?3 ELSE display_name END,
                 metadata = CASE WHEN ?6 THEN ?5 ELSE metadata END,
                 updated_at = ?7",
        )?
        .execute(params![draft.key, id.to_string(), name, names, metadata, describes, now.nanos()])?;
    Ok(())
}

/// What a column becomes, and whether it becomes that.
fn parts(edit: &Edit<String>) -> (Option<&str>, bool) {
    match edit {
        Edit::Keep => (None, false),
        Edit::Set(text) => (text.as_deref(), true),
    }
}
