//! Merging: deltas become part of the cells, behind the writers' backs.
//!
//! One node merges at a time. A delta goes in the transaction that adds it to the cells, so that every
//! reader sees it either here or there. What fails is tried again with the next one.

use super::error::damaged;
use super::{Node, changes, usage};
use crate::StoreError;
use crate::embedded::projection::cells::Cells;
use crate::embedded::projection::metered::Series;
use crate::embedded::projection::rollup::{CellKey, Group, Sum};
use crate::embedded::projection::stretch::{Stretch, merge_stretches};
use crate::format::codec::Malformed;
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use usage_domain::charge::ChargeGroup;
use usage_domain::meter::aggregate::State;
use usage_domain::usage::Totals;

const COUNT: &str = "SELECT count(*) FROM usage_app.delta";
const DELTAS: &str = "SELECT record, cells FROM usage_app.delta ORDER BY record LIMIT $1";
const FORGET: &str = "DELETE FROM usage_app.delta WHERE record = ANY ($1)";
const CELLS: &str = "
    SELECT subject, quarter, cells FROM usage_app.cell
    JOIN unnest($1::bytea[], $2::integer[]) AS wanted (subject, quarter) USING (subject, quarter)";
const PUT: &str = "
    INSERT INTO usage_app.cell (subject, quarter, cells)
    SELECT subject, quarter, cells
    FROM unnest($1::bytea[], $2::integer[], $3::bytea[]) AS sent (subject, quarter, cells)
    ON CONFLICT (subject, quarter) DO UPDATE SET cells = excluded.cells";

/// Deltas that are merged at a time.
const MOST_DELTAS: i64 = 256;
/// Rows of cells that are read and written at a time.
const ROWS: usize = 5000;

/// Merges when enough deltas wait, until the last sender is gone.
pub(super) async fn run(node: Arc<Node>, mut committed: UnboundedReceiver<()>) {
    // What earlier nodes left is merged first, however little this one adds.
    let mut waiting = node.limits.merge_every;
    loop {
        while waiting >= node.limits.merge_every {
            waiting = merge(&node).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the totals were not merged; it is tried again");
                0
            });
        }
        if committed.recv().await.is_none() {
            return;
        }
        waiting += 1;
    }
}

/// Merges the oldest deltas if enough wait and nobody else does; says how many still wait.
async fn merge(node: &Node) -> Result<u32, StoreError> {
    let mut client = node.pool.get().await?;
    let transaction = client.transaction().await?;
    let waiting: i64 = transaction.query_one(COUNT, &[]).await?.get(0);
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    if waiting < node.limits.merge_every {
        return Ok(waiting);
    }
    if !hold(&transaction, "SKIP LOCKED").await? {
        return Ok(0);
    }
    let deltas = transaction.query(DELTAS, &[&MOST_DELTAS]).await?;
    let records: Vec<i64> = deltas.iter().map(|row| row.get(0)).collect();
    let forms: Vec<Vec<u8>> = deltas.iter().map(|row| row.get(1)).collect();
    add(&transaction, &forms).await?;
    transaction.execute(FORGET, &[&records]).await?;
    transaction.commit().await?;
    Ok(waiting.saturating_sub(u32::try_from(records.len()).unwrap_or(u32::MAX)))
}

/// Becomes the one that merges until the end of the transaction; whether it did.
pub(super) async fn hold(transaction: &Transaction<'_>, otherwise: &str) -> Result<bool, StoreError> {
    let sql = format!("SELECT value FROM usage_app.counter WHERE name = 'merge' FOR UPDATE {otherwise}");
    Ok(transaction.query_opt(&sql, &[]).await?.is_some())
}

/// Adds deltas to the cells.
pub(super) async fn add(transaction: &Transaction<'_>, forms: &[Vec<u8>]) -> Result<(), StoreError> {
    let pieces = pieces(forms).map_err(damaged("a row of usage_app.delta"))?;
    let (read, put) = (transaction.prepare_cached(CELLS).await?, transaction.prepare_cached(PUT).await?);
    for part in pieces.chunks(ROWS) {
        let subjects: Vec<&[u8]> = part.iter().map(|((subject, _), _)| subject.as_bytes()).collect();
        let quarters: Vec<i32> = part.iter().map(|((_, quarter), _)| *quarter).collect();
        let rows = transaction.query(&read, &[&subjects, &quarters]).await?;
        let there: HashMap<(&[u8], i32), &[u8]> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        let mut sums = Vec::with_capacity(part.len());
        for ((subject, quarter), form) in part {
            sums.push(match there.get(&(subject.as_bytes(), *quarter)) {
                Some(before) => merge_stretches(&[before.to_vec(), form.clone()]).map_err(damaged(
                    format!("the row of subject {subject} and {quarter} of usage_app.cell"),
                ))?,
                None => form.clone(),
            });
        }
        transaction.execute(&put, &[&subjects, &quarters, &sums]).await?;
    }
    Ok(())
}

/// The subject and the first quarter-hour of a row.
type Key = (String, i32);

/// What these deltas add up to, by row, in the order of their keys.
fn pieces(forms: &[Vec<u8>]) -> Result<Vec<(Key, Vec<u8>)>, Malformed> {
    let all = Stretch::read(&merge_stretches(forms)?)?;
    let mut charges = split::<ChargeGroup, Totals>(&all.charges)?;
    let mut metered = split::<Series, State>(&all.metered)?;
    let keys: BTreeSet<Key> = charges.keys().chain(metered.keys()).cloned().collect();
    let nothing =
        (Cells::<ChargeGroup, Totals>::default().encode(), Cells::<Series, State>::default().encode());
    let piece = |key: Key| {
        let own = charges.remove(&key).unwrap_or_else(|| nothing.0.clone());
        let form = changes::form(own, metered.remove(&key).unwrap_or_else(|| nothing.1.clone()));
        (key, form)
    };
    Ok(keys.into_iter().map(piece).collect())
}

/// Cells by row, each row's under numbers of its own.
fn split<G: Group, S: Sum>(bytes: &[u8]) -> Result<BTreeMap<Key, Vec<u8>>, Malformed> {
    let all = Cells::<G, S>::read(bytes)?;
    let subject = |key: &CellKey| &all.subjects[key.subject as usize];
    let row = |(key, _): &(CellKey, S)| (key.subject, usage::quarter(subject(key), key.slot));
    let rows = all.cells.chunk_by(|a, b| row(a) == row(b)).map(|cells| {
        let (key, quarter) = (&cells[0].0, row(&cells[0]).1);
        let mut used: Vec<u32> = cells.iter().map(|(key, _)| key.group).collect();
        used.sort_unstable();
        used.dedup();
        let renumber = |(key, sum): &(CellKey, S)| {
            // Fewer groups than there are numbers.
            let group = u32::try_from(used.partition_point(|group| *group < key.group)).unwrap_or(u32::MAX);
            (CellKey { subject: 0, slot: key.slot, group }, sum.clone())
        };
        let own = Cells {
            subjects: vec![subject(key).clone()],
            groups: used.iter().map(|group| all.groups[*group as usize].clone()).collect(),
            cells: cells.iter().map(renumber).collect(),
        };
        ((subject(key).clone(), quarter), own.encode())
    });
    Ok(rows.collect())
}
