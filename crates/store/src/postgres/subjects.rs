//! What is known about subjects, in SQL.

use super::customers::hold;
use super::usage::moment;
use crate::StoreError;
use deadpool_postgres::{GenericClient, Transaction};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use usage_domain::customer::CustomerId;
use usage_domain::subject::{Edit, MAX_KNOWN, Subject, SubjectDraft, SubjectId};
use usage_domain::time::{Period, Timestamp};

const SUBJECT: &str = "SELECT id, key, display_name, metadata, created_at, updated_at FROM usage_app.subject";
const INSERT: &str = "
    INSERT INTO usage_app.subject (key, id, created_at, updated_at)
    SELECT key, id, $3, $3 FROM unnest($1::bytea[], $2::text[]) AS sent (key, id)
    ON CONFLICT (key) DO NOTHING";
const UPDATE: &str = "
    UPDATE usage_app.subject SET updated_at = $6,
        display_name = CASE WHEN names THEN sent.name ELSE subject.display_name END,
        metadata = CASE WHEN describes THEN sent.description ELSE subject.metadata END
    FROM unnest($1::bytea[], $2::text[], $3::boolean[], $4::text[], $5::boolean[])
         AS sent (key, name, names, description, describes)
    WHERE subject.key = sent.key";
const PAYERS: &str = "
    SELECT subject, from_time, until_time, id FROM usage_app.payer
    JOIN usage_app.customer ON number = payer.customer
    WHERE subject = ANY ($1) AND deleted_at IS NULL ORDER BY from_time";

fn subject(row: &Row) -> Result<Subject, StoreError> {
    let id: &str = row.get(0);
    let broken = |_| StoreError::DamagedRow { row: format!("subject {id}"), what: "its id is none".into() };
    Ok(Subject {
        id: id.parse().map_err(broken)?,
        key: String::from_utf8_lossy(row.get(1)).into_owned(),
        display_name: row.get(2),
        metadata: row.get(3),
        created_at: moment(row.get(4)),
        updated_at: moment(row.get(5)),
    })
}

/// What becomes known of one subject by all that is said of it.
#[derive(Default)]
struct Said {
    name: Edit<String>,
    metadata: Edit<String>,
}

/// Makes what is said of these subjects known, all of it or nothing.
pub(super) async fn upsert(
    transaction: &Transaction<'_>,
    subjects: Vec<(SubjectId, SubjectDraft)>,
    now: Timestamp,
) -> Result<Vec<Subject>, StoreError> {
    hold(transaction).await?;
    check_ids(transaction, &subjects).await?;
    let mut said: BTreeMap<&[u8], (String, Said)> = BTreeMap::new();
    for (id, draft) in &subjects {
        let (_, said) = said.entry(draft.key.as_bytes()).or_insert_with(|| (id.to_string(), Said::default()));
        for (kept, edit) in [(&mut said.name, &draft.display_name), (&mut said.metadata, &draft.metadata)] {
            if let Edit::Set(_) = edit {
                *kept = edit.clone();
            }
        }
    }
    let keys: Vec<&[u8]> = said.keys().copied().collect();
    let ids: Vec<&str> = said.values().map(|(id, _)| id.as_str()).collect();
    transaction.execute(INSERT, &[&keys, &ids, &now.nanos()]).await?;
    let (names, named): (Vec<_>, Vec<_>) = said.values().map(|(_, said)| parts(&said.name)).unzip();
    let (texts, described): (Vec<_>, Vec<_>) = said.values().map(|(_, said)| parts(&said.metadata)).unzip();
    transaction.execute(UPDATE, &[&keys, &names, &named, &texts, &described, &now.nanos()]).await?;
    let count: i64 = transaction.query_one("SELECT count(*) FROM usage_app.subject", &[]).await?.get(0);
    if usize::try_from(count).is_ok_and(|count| count > MAX_KNOWN) {
        let reason = format!("at most {MAX_KNOWN} subjects are kept; delete some first");
        return Err(StoreError::Conflict(reason));
    }
    let rows = transaction.query(&format!("{SUBJECT} WHERE key = ANY ($1)"), &[&keys]).await?;
    let known = rows.iter().map(subject).collect::<Result<Vec<_>, _>>()?;
    let known: BTreeMap<&str, &Subject> = known.iter().map(|known| (known.key.as_str(), known)).collect();
    Ok(subjects.iter().filter_map(|(_, draft)| known.get(draft.key.as_str()).copied().cloned()).collect())
}

/// Checks that no id is that of another subject.
async fn check_ids(
    transaction: &Transaction<'_>,
    subjects: &[(SubjectId, SubjectDraft)],
) -> Result<(), StoreError> {
    let wanted: BTreeMap<String, &str> =
        subjects.iter().map(|(id, draft)| (id.to_string(), draft.key.as_str())).collect();
    let ids: Vec<&str> = wanted.keys().map(String::as_str).collect();
    let taken = "SELECT id, key FROM usage_app.subject WHERE id = ANY ($1)";
    for row in transaction.query(taken, &[&ids]).await? {
        let (id, key): (&str, &[u8]) = (row.get(0), row.get(1));
        if wanted.get(id).is_some_and(|wanted| wanted.as_bytes() != key) {
            let key = String::from_utf8_lossy(key);
            return Err(StoreError::Conflict(format!("id {id} is that of subject \"{key}\"")));
        }
    }
    Ok(())
}

/// What a column becomes, and whether it becomes that.
fn parts(edit: &Edit<String>) -> (Option<&str>, bool) {
    match edit {
        Edit::Keep => (None, false),
        Edit::Set(text) => (text.as_deref(), true),
    }
}

/// The subject of this key, or else of this id.
pub(super) async fn find(client: &impl GenericClient, name: &str) -> Result<Option<Subject>, StoreError> {
    // The database has no text with this character, and does not take one.
    let id = Some(name).filter(|name| !name.contains('\0'));
    let sql = format!("{SUBJECT} WHERE key = $1 OR id = $2 ORDER BY key = $1 DESC LIMIT 1");
    let row = client.query_opt(&client.prepare_cached(&sql).await?, &[&name.as_bytes(), &id]).await?;
    row.as_ref().map(subject).transpose()
}

/// All subjects that are known, by key.
pub(super) async fn all(client: &impl GenericClient) -> Result<Vec<Subject>, StoreError> {
    client.query(&format!("{SUBJECT} ORDER BY key"), &[]).await?.iter().map(subject).collect()
}

/// Forgets a subject.
pub(super) async fn delete(client: &impl GenericClient, id: SubjectId) -> Result<(), StoreError> {
    match client.execute("DELETE FROM usage_app.subject WHERE id = $1", &[&id.to_string()]).await? {
        0 => Err(StoreError::NoSubject),
        _ => Ok(()),
    }
}

/// Who pays for each of these subjects, and when, in their order.
pub(super) async fn payers(
    client: &impl GenericClient,
    subjects: &[String],
) -> Result<Vec<Vec<(Period, CustomerId)>>, StoreError> {
    let names: Vec<&[u8]> = subjects.iter().map(String::as_bytes).collect();
    let rows = client.query(&client.prepare_cached(PAYERS).await?, &[&names]).await?;
    let mut payers: BTreeMap<&[u8], Vec<(Period, CustomerId)>> = BTreeMap::new();
    for row in &rows {
        let period = Period { start: moment(row.get(1)), end: moment(row.get(2)) };
        if let Ok(customer) = row.get::<_, &str>(3).parse() {
            payers.entry(row.get(0)).or_default().push((period, customer));
        }
    }
    Ok(names.iter().map(|name| payers.get(name).cloned().unwrap_or_default()).collect())
}
