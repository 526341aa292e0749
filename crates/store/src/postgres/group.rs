//! A group of requests, committed in one transaction: claims, the record, what it changes.
//!
//! The database alone decides which event is new: nothing that a node remembers does. A group that
//! fails leaves nothing behind.

use super::Node;
use super::changes::Changes;
use super::error::is_passing;
use super::fingerprint::Fingerprint;
use super::request::Request;
use super::stage::Claims;
use crate::StoreError;
use crate::embedded::projection::rollup::RollUps;
use crate::embedded::writer::{Fate, block_to_write};
use crate::format::record;
use deadpool_postgres::Transaction;
use std::collections::HashMap;
use std::sync::Arc;
use usage_domain::time::Timestamp;

const NUMBER: &str = "SELECT nextval('usage_app.record_number')";
const CLAIM: &str = "
    INSERT INTO usage_app.claim (fingerprint, content, record)
    SELECT fingerprint, content, $3 FROM unnest($1::uuid[], $2::bigint[]) AS sent (fingerprint, content)
    ON CONFLICT (fingerprint) DO NOTHING";
const KNOWN: &str = "
    SELECT fingerprint, content FROM usage_app.claim WHERE fingerprint = ANY ($1) AND record <> $2";
const WRITER: &str = "
    SELECT id, next FROM usage_app.writer ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
const NEW_WRITER: &str =
    "UPDATE usage_app.counter SET value = value + 1 WHERE name = 'writer' RETURNING value";
const ADD_WRITER: &str = "INSERT INTO usage_app.writer (id, next) VALUES ($1, 0)";
const STORE: &str = "
    WITH written AS (UPDATE usage_app.writer SET next = $3::bigint + $4::bigint WHERE id = $2),
         changed AS (INSERT INTO usage_app.delta (record, cells) SELECT $1::bigint, $8::bytea WHERE $8::bytea IS NOT NULL)
    INSERT INTO usage_app.log (record, writer, first, events, earliest, latest, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Why a group was not stored.
enum Failed {
    /// Nothing of it was, for a reason that passes.
    Passing(tokio_postgres::Error),
    Other(StoreError),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Failed {
        if is_passing(&error) { Failed::Passing(error) } else { Failed::Other(error.into()) }
    }
}

/// Commits a group; the answer says what became of every row, by request.
pub(super) async fn commit(node: &Node, requests: &[Request]) -> Result<Vec<Vec<Fate>>, StoreError> {
    let claims = Claims::of(requests);
    match attempt(node, requests, &claims).await {
        Ok(fates) => Ok(fates),
        Err(Failed::Other(error)) => Err(error),
        // A connection may have died while nobody used it; nothing was stored.
        Err(Failed::Passing(error)) => {
            tracing::warn!(error = super::error::reason(&error), "a group of events is tried again");
            attempt(node, requests, &claims).await.map_err(|failed| match failed {
                Failed::Passing(error) => error.into(),
                Failed::Other(error) => error,
            })
        }
    }
}

async fn attempt(node: &Node, requests: &[Request], claims: &Claims) -> Result<Vec<Vec<Fate>>, Failed> {
    let mut client = node.pool.get().await.map_err(Failed::Other)?;
    let transaction = client.transaction().await?;
    let number: i64 = transaction.query_one(&transaction.prepare_cached(NUMBER).await?, &[]).await?.get(0);
    let known = claim(&transaction, claims, number).await?;
    let fates = claims.fates(requests, &known);
    let changes = if claims.fingerprints.len() > known.len() {
        Some(store(&transaction, requests, &fates, number).await?)
    } else {
        None
    };
    // Whether a commit that fails was done is not known: that is never tried again here.
    transaction.commit().await.map_err(|error| Failed::Other(error.into()))?;
    if let Some(changes) = changes {
        node.tail.add(number, changes);
    }
    Ok(fates)
}

/// Claims what is new; gives the contents of what was claimed before. Who claims the same at the
/// same time is waited for.
async fn claim(
    transaction: &Transaction<'_>,
    claims: &Claims,
    number: i64,
) -> Result<HashMap<Fingerprint, u64>, tokio_postgres::Error> {
    let insert = transaction.prepare_cached(CLAIM).await?;
    let inserted = transaction.execute(&insert, &[&claims.fingerprints, &claims.contents, &number]).await?;
    if inserted == claims.fingerprints.len() as u64 {
        return Ok(HashMap::new());
    }
    let known = transaction.prepare_cached(KNOWN).await?;
    let rows = transaction.query(&known, &[&claims.fingerprints, &number]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).cast_unsigned())).collect())
}

/// Writes the record of a group and what it adds to the cells.
async fn store(
    transaction: &Transaction<'_>,
    requests: &[Request],
    fates: &[Vec<Fate>],
    number: i64,
) -> Result<Arc<RollUps>, tokio_postgres::Error> {
    let group = New::of(requests, fates);
    let (writer, first) = writer(transaction).await?;
    let stored_at = requests.iter().map(|r| r.prepared.received).max().unwrap_or(Timestamp::MIN);
    let blocks: Vec<_> =
        requests.iter().map(|request| &request.prepared).zip(fates).filter_map(block_to_write).collect();
    let body = record::encode(first.cast_unsigned(), group.events, group.times, stored_at, &blocks);
    let (earliest, latest) = (group.times.0.nanos(), group.times.1.nanos());
    let (events, cells) = (i64::from(group.events), group.changes.encode());
    let statement = transaction.prepare_cached(STORE).await?;
    transaction
        .execute(&statement, &[&number, &writer, &first, &events, &earliest, &latest, &body, &cells])
        .await?;
    Ok(Arc::new(group.changes.rollups))
}

/// Takes a writer that no other group holds, and says how many events it wrote.
async fn writer(transaction: &Transaction<'_>) -> Result<(i64, i64), tokio_postgres::Error> {
    let free = transaction.prepare_cached(WRITER).await?;
    if let Some(row) = transaction.query_opt(&free, &[]).await? {
        return Ok((row.get(0), row.get(1)));
    }
    let id: i64 = transaction.query_one(NEW_WRITER, &[]).await?.get(0);
    transaction.execute(ADD_WRITER, &[&id]).await?;
    Ok((id, 0))
}

/// What the new rows of a group add up to.
struct New {
    events: u32,
    times: (Timestamp, Timestamp),
    changes: Changes,
}

impl New {
    fn of(requests: &[Request], fates: &[Vec<Fate>]) -> New {
        let mut new = New { events: 0, times: (Timestamp::MAX, Timestamp::MIN), changes: Changes::default() };
        for (request, fates) in requests.iter().zip(fates) {
            for (row, fate) in request.prepared.rows().zip(fates) {
                let Fate::New = fate else { continue };
                let event = &row.event;
                new.events += 1;
                new.times = (new.times.0.min(event.time), new.times.1.max(event.time));
                if let Some(charge) = &row.charge {
                    new.changes.add(&event.subject, event.time, charge);
                }
            }
        }
        new
    }
}
