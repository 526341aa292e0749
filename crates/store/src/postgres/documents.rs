//! Documents, in SQL.
//!
//! Who writes holds the documents that are there, in the order of their names, before it looks at their
//! revisions; new ones are added in that order before any is deleted. So nobody waits for somebody who waits
//! for it, and of two who expect the same revision one finds another.

use super::Node;
use crate::document::check;
use crate::{Document, DocumentWrite, Kind, StoreError};
use deadpool_postgres::{GenericClient, Transaction};
use std::collections::HashSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::{IsolationLevel, Row};
use usage_domain::customer::CustomerId;

/// How often what is written whatever is there is tried again because others made or deleted it meanwhile.
/// Each time one of them did.
const ATTEMPTS: usize = 100;

/// The documents that are there, by the places of the writes.
const HELD: &str = "
    SELECT sent.place, d.revision
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS sent (kind, id, place)
    JOIN usage_app.document d ON d.kind = sent.kind AND d.id = sent.id
    ORDER BY d.kind, d.id FOR UPDATE OF d";
const DRAWN: &str = "SELECT nextval('usage_app.revision') FROM generate_series(1, $1::bigint)";
const SENT: &str = "unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
    AS sent (kind, id, owner, revision, body)";
const DOCUMENT: &str = "SELECT kind, id, owner, revision, body FROM usage_app.document";
const PAGE: &str = "WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3";

/// Why nothing was written.
enum Failed {
    /// This one, by its place, is not as expected.
    Stale(usize),
    /// Others did something between two looks: it can be tried again.
    Again,
    Database(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Failed {
        // The database has taken the transaction back.
        match error.code() {
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => Failed::Again,
            _ => Failed::Database(error),
        }
    }
}

/// Writes all of them or nothing; gives the new revisions.
pub(super) async fn write(node: &Node, writes: &[DocumentWrite]) -> Result<Vec<u64>, StoreError> {
    check(writes)?;
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    for _ in 0..ATTEMPTS {
        let mut client = node.pool.get().await?;
        let begun = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
        let transaction = begun.start().await?;
        let written = async {
            let revisions = attempt(&transaction, writes).await?;
            transaction.commit().await?;
            Ok(revisions)
        };
        match written.await {
            Ok(revisions) => return Ok(revisions),
            Err(Failed::Stale(place)) => return Err(writes[place].stale()),
            Err(Failed::Database(error)) => return Err(error.into()),
            Err(Failed::Again) => {}
        }
    }
    Err(StoreError::Overloaded)
}

async fn attempt(transaction: &Transaction<'_>, writes: &[DocumentWrite]) -> Result<Vec<u64>, Failed> {
    let kinds: Vec<&str> = writes.iter().map(|write| write.kind.name()).collect();
    let ids: Vec<&str> = writes.iter().map(|write| write.id.as_str()).collect();
    let (hold, draw) = (transaction.prepare_cached(HELD).await?, transaction.prepare_cached(DRAWN).await?);
    let count = i64::try_from(writes.len()).unwrap_or(i64::MAX);
    // The database does one after the other: a revision is drawn while its document is held.
    let (held, drawn) = tokio::try_join!(async { transaction.query(&hold, &[&kinds, &ids]).await }, async {
        transaction.query(&draw, &[&count]).await
    },)?;
    let mut found = vec![None; writes.len()];
    for row in &held {
        // Places are counted from 1.
        if let Some(place) =
            usize::try_from(row.get::<_, i64>(0) - 1).ok().and_then(|place| found.get_mut(place))
        {
            *place = Some(row.get::<_, i64>(1).cast_unsigned());
        }
    }
    let unexpected = writes.iter().zip(&found).position(|(write, found)| !write.expect.holds(*found));
    if let Some(place) = unexpected {
        return Err(Failed::Stale(place));
    }
    let revisions: Vec<i64> = drawn.iter().map(|row| row.get(0)).collect();
    let mut order: Vec<usize> = (0..writes.len()).collect();
    order.sort_unstable_by_key(|place| (kinds[*place], ids[*place]));
    let places = |is_wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
        order.iter().copied().filter(|place| is_wanted(*place)).collect()
    };
    let is_kept = |place: usize| writes[place].body.is_some();
    insert(transaction, writes, &revisions, &places(&|place| is_kept(place) && found[place].is_none()))
        .await?;
    update(transaction, writes, &revisions, &places(&|place| is_kept(place) && found[place].is_some()))
        .await?;
    delete(transaction, writes, &places(&|place| !is_kept(place) && found[place].is_some())).await?;
    Ok(revisions.into_iter().map(i64::cast_unsigned).collect())
}

/// What a statement is given of some writes, column by column.
struct Columns<'a> {
    kinds: Vec<&'a str>,
    ids: Vec<&'a str>,
    owners: Vec<Option<String>>,
    revisions: Vec<i64>,
    bodies: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(writes: &'a [DocumentWrite], revisions: &[i64], places: &[usize]) -> Columns<'a> {
        let writes = || places.iter().map(|place| &writes[*place]);
        Columns {
            kinds: writes().map(|write| write.kind.name()).collect(),
            ids: writes().map(|write| write.id.as_str()).collect(),
            owners: writes().map(|write| write.owner.map(|owner| owner.to_string())).collect(),
            revisions: places.iter().map(|place| revisions[*place]).collect(),
            bodies: writes().map(|write| write.body.as_deref().unwrap_or_default()).collect(),
        }
    }
}

/// Adds those that are not there.
async fn insert(
    transaction: &Transaction<'_>,
    writes: &[DocumentWrite],
    revisions: &[i64],
    places: &[usize],
) -> Result<(), Failed> {
    if places.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO usage_app.document (kind, id, owner, revision, body)
         SELECT kind, id, owner, revision, body FROM {SENT} ON CONFLICT (kind, id) DO NOTHING
         RETURNING kind, id"
    );
    let statement = transaction.prepare_cached(&sql).await?;
    let columns = Columns::of(writes, revisions, places);
    let Columns { kinds, ids, owners, revisions, bodies } = &columns;
    let rows = transaction.query(&statement, &[kinds, ids, owners, revisions, bodies]).await?;
    if rows.len() == places.len() {
        return Ok(());
    }
    // Somebody made them between the look and now.
    let made: HashSet<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let others = |place: &usize| !made.contains(&(writes[*place].kind.name(), writes[*place].id.as_str()));
    let mut others = places.iter().copied().filter(others);
    Err(others.find(|place| !writes[*place].expect.holds(Some(0))).map_or(Failed::Again, Failed::Stale))
}

/// Changes those that are held.
async fn update(
    transaction: &Transaction<'_>,
    writes: &[DocumentWrite],
    revisions: &[i64],
    places: &[usize],
) -> Result<(), Failed> {
    if places.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE usage_app.document d SET owner = sent.owner, revision = sent.revision, body = sent.body
         FROM {SENT} WHERE d.kind = sent.kind AND d.id = sent.id"
    );
    let statement = transaction.prepare_cached(&sql).await?;
    let columns = Columns::of(writes, revisions, places);
    let Columns { kinds, ids, owners, revisions, bodies } = &columns;
    transaction.execute(&statement, &[kinds, ids, owners, revisions, bodies]).await?;
    Ok(())
}

/// Deletes those that are held.
async fn delete(
    transaction: &Transaction<'_>,
    writes: &[DocumentWrite],
    places: &[usize],
) -> Result<(), Failed> {
    if places.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM usage_app.document d USING unnest($1::text[], $2::text[]) AS sent (kind, id)
               WHERE d.kind = sent.kind AND d.id = sent.id";
    let statement = transaction.prepare_cached(sql).await?;
    let kinds: Vec<&str> = places.iter().map(|place| writes[*place].kind.name()).collect();
    let ids: Vec<&str> = places.iter().map(|place| writes[*place].id.as_str()).collect();
    transaction.execute(&statement, &[&kinds, &ids]).await?;
    Ok(())
}

fn document(row: &Row) -> Result<Document, StoreError> {
    let (kind, id): (&str, &str) = (row.get(0), row.get(1));
    let broken = |what: &str| StoreError::DamagedRow {
        row: format!("{kind} \"{id}\""),
        what: format!("its {what} is none"),
    };
    let owner = row.get::<_, Option<&str>>(2).map(str::parse).transpose();
    Ok(Document {
        kind: kind.parse().map_err(|_| broken("kind"))?,
        id: id.to_string(),
        owner: owner.map_err(|_| broken("owner"))?,
        revision: row.get::<_, i64>(3).cast_unsigned(),
        body: row.get(4),
    })
}

/// The document of this kind and id.
pub(super) async fn find(
    client: &impl GenericClient,
    kind: Kind,
    id: &str,
) -> Result<Option<Document>, StoreError> {
    // The database has no text with this character, and does not take one.
    if id.contains('\0') {
        return Ok(None);
    }
    let statement = client.prepare_cached(&format!("{DOCUMENT} WHERE kind = $1 AND id = $2")).await?;
    client.query_opt(&statement, &[&kind.name(), &id]).await?.as_ref().map(document).transpose()
}

/// Documents of a kind, by id: the first of those behind `after`.
pub(super) async fn page(
    client: &impl GenericClient,
    kind: Kind,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Document>, StoreError> {
    let after = behind(after);
    let statement = client.prepare_cached(&format!("{DOCUMENT} {PAGE}")).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    client.query(&statement, &[&kind.name(), &after, &limit]).await?.iter().map(document).collect()
}

/// Documents of a kind that a customer has, by id: the first of those behind `after`.
pub(super) async fn page_of(
    client: &impl GenericClient,
    (owner, kind): (CustomerId, Kind),
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Document>, StoreError> {
    let sql = format!("{DOCUMENT} WHERE owner = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4");
    let statement = client.prepare_cached(&sql).await?;
    let (owner, limit) = (owner.to_string(), i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = client.query(&statement, &[&owner, &kind.name(), &behind(after), &limit]).await?;
    rows.iter().map(document).collect()
}

/// The text that the first document of a page is behind. No id is empty. None has U+0000: what is behind a text
/// with it is what is behind the text before it.
fn behind(after: Option<&str>) -> &str {
    after.unwrap_or_default().split('\0').next().unwrap_or_default()
}

/// The documents of these kinds that a customer has, by kind and id.
pub(super) async fn of(
    client: &impl GenericClient,
    owner: CustomerId,
    kinds: &[Kind],
) -> Result<Vec<Document>, StoreError> {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let sql = format!("{DOCUMENT} WHERE owner = $1 AND kind = ANY ($2) ORDER BY kind, id");
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&owner.to_string(), &names]).await?.iter().map(document).collect()
}
