//! Merging: deltas become part of the cells, behind the writers' backs.
//!
//! One node merges at a time. A delta goes in the transaction that adds it to the cells, so that every
//! reader sees it either here or there. What fails is tried again with the next one.

use super::error::damaged;
use super::{Node, usage};
use crate::StoreError;
use crate::embedded::projection::cells::{Cells, merge_cells};
use crate::embedded::projection::rollup::CellKey;
use deadpool_postgres::Transaction;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use usage_domain::charge::ChargeGroup;
use usage_domain::usage::Totals;

const COUNT: &str = "SELECT count(*) FROM usage_app.delta";
const DELTAS: &str = "SELECT record, cells FROM usage_app.delta ORDER BY record LIMIT $1";
const FORGET: &str = "DELETE FROM usage_app.delta WHERE record = ANY ($1)";
const CELLS: &str = "
    SELECT subject, day, cells FROM usage_app.cell
    JOIN unnest($1::bytea[], $2::integer[]) AS wanted (subject, day) USING (subject, day)";
const PUT: &str = "
    INSERT INTO usage_app.cell (subject, day, cells)
    SELECT subject, day, cells FROM unnest($1::bytea[], $2::integer[], $3::bytea[]) AS sent (subject, day, cells)
    ON CONFLICT (subject, day) DO UPDATE SET cells = excluded.cells";

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
        let subjects: Vec<&[u8]> = part.iter().map(|piece| piece.subject.as_bytes()).collect();
        let days: Vec<i32> = part.iter().map(|piece| piece.day).collect();
        let rows = transaction.query(&read, &[&subjects, &days]).await?;
        let there: HashMap<(&[u8], i32), &[u8]> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        let mut sums = Vec::with_capacity(part.len());
        for piece in part {
            sums.push(match there.get(&(piece.subject.as_bytes(), piece.day)) {
                Some(before) => merge_cells(&[before.to_vec(), piece.cells.clone()])
                    .map_err(damaged(format!("the cells of {} on day {}", piece.subject, piece.day)))?,
                None => piece.cells.clone(),
            });
        }
        transaction.execute(&put, &[&subjects, &days, &sums]).await?;
    }
    Ok(())
}

/// The cells of one subject and day, in their stored form.
struct Piece {
    subject: String,
    day: i32,
    cells: Vec<u8>,
}

/// What these deltas add up to, by subject and day.
fn pieces(forms: &[Vec<u8>]) -> Result<Vec<Piece>, crate::format::codec::Malformed> {
    let all = Cells::read(&merge_cells(forms)?)?;
    let of = |(key, _): &(CellKey, Totals)| (key.subject, usage::day(key.slot));
    let mut pieces: Vec<Piece> = all
        .cells
        .chunk_by(|a, b| of(a) == of(b))
        .map(|cells| {
            let (subject, day) = of(&cells[0]);
            let subject = all.subjects[subject as usize].clone();
            Piece { cells: piece(&subject, &all.groups, cells).encode(), subject, day }
        })
        .collect();
    pieces.sort_by(|a, b| (&a.subject, a.day).cmp(&(&b.subject, b.day)));
    Ok(pieces)
}

/// The cells of one subject under numbers of their own.
fn piece(subject: &str, groups: &[ChargeGroup], cells: &[(CellKey, Totals)]) -> Cells {
    let mut used: Vec<u32> = cells.iter().map(|(key, _)| key.group).collect();
    used.sort_unstable();
    used.dedup();
    let renumber = |(key, totals): &(CellKey, Totals)| {
        let place = used.partition_point(|group| *group < key.group);
        // Fewer groups than there are numbers.
        let group = u32::try_from(place).unwrap_or(u32::MAX);
        (CellKey { subject: 0, slot: key.slot, group }, *totals)
    };
    Cells {
        subjects: vec![subject.to_string()],
        groups: used.iter().map(|group| groups[*group as usize].clone()).collect(),
        cells: cells.iter().map(renumber).collect(),
    }
}
