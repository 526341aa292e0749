//! Merging: deltas become part of the cells, behind the writers' backs.
//!
//! One node merges at a time. A delta goes in the transaction that adds it to the cells, so that every
//! reader sees it either here or there. What fails is tried again with the next one.

use super::changes::Sums;
use super::error::damaged;
use super::{Node, changes, usage};
use crate::StoreError;
use crate::embedded::projection::cells::{Cells, fold};
use crate::embedded::projection::metered::Series;
use crate::embedded::projection::rollup::{CellKey, Group, RollUps, Sum};
use crate::embedded::projection::row::Cell;
use crate::embedded::projection::slot::Slot;
use crate::embedded::projection::stretch::Stretch;
use crate::format::codec::Malformed;
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, HashMap};
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
    let mut sums = Sums::default();
    for form in forms {
        sums.add(form).map_err(damaged("a row of usage_app.delta"))?;
    }
    let mut pieces: Vec<(Key, Piece)> = pieces(sums).into_iter().collect();
    let (read, put) = (transaction.prepare_cached(CELLS).await?, transaction.prepare_cached(PUT).await?);
    for part in pieces.chunks_mut(ROWS) {
        let subjects: Vec<&[u8]> = part.iter().map(|((subject, _), _)| subject.as_bytes()).collect();
        let quarters: Vec<i32> = part.iter().map(|((_, quarter), _)| *quarter).collect();
        let rows = transaction.query(&read, &[&subjects, &quarters]).await?;
        let there: HashMap<(&[u8], i32), &[u8]> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
        let mut kept = Vec::with_capacity(part.len());
        for ((subject, quarter), piece) in part.iter() {
            kept.push(match there.get(&(subject.as_bytes(), *quarter)) {
                Some(before) => piece.added_to(before).map_err(damaged(format!(
                    "the row of subject {subject} and {quarter} of usage_app.cell"
                )))?,
                None => piece.encode(),
            });
        }
        transaction.execute(&put, &[&subjects, &quarters, &kept]).await?;
    }
    Ok(())
}

/// The subject and the first quarter-hour of a row.
type Key = (String, i32);

/// The cells of a row: of one subject.
#[derive(Default)]
struct Piece {
    charges: Cells<ChargeGroup, Totals>,
    metered: Cells<Series, State>,
}

impl Piece {
    fn encode(&self) -> Vec<u8> {
        changes::form(self.charges.encode(), self.metered.encode())
    }

    /// The stored form of these and of what a row had before.
    fn added_to(&self, before: &[u8]) -> Result<Vec<u8>, Malformed> {
        let before = Stretch::read(before)?;
        let charges = added(Cells::read(&before.charges)?, &self.charges);
        let metered = added(Cells::read(&before.metered)?, &self.metered);
        Ok(changes::form(charges.encode(), metered.encode()))
    }
}

/// Cells of a subject, and more of the same.
fn added<G: Group, S: Sum>(mut cells: Cells<G, S>, more: &Cells<G, S>) -> Cells<G, S> {
    if cells.subjects.is_empty() {
        cells.subjects = more.subjects.clone();
    }
    let mut places: HashMap<&G, u32> = cells.groups.iter().zip(0..).collect();
    let mut new = Vec::new();
    let place = |group| {
        // There are fewer groups than numbers.
        let next = u32::try_from(places.len()).unwrap_or(u32::MAX);
        *places.entry(group).or_insert_with(|| {
            new.push(group.clone());
            next
        })
    };
    let places: Vec<u32> = more.groups.iter().map(place).collect();
    cells.groups.extend(new);
    cells.cells.extend(
        more.cells
            .iter()
            .map(|(key, sum)| (CellKey { group: places[key.group as usize], ..*key }, sum.clone())),
    );
    fold(&mut cells.cells);
    cells
}

/// What sums are by row, in the order of their keys.
fn pieces(sums: Sums) -> BTreeMap<Key, Piece> {
    let mut pieces: BTreeMap<Key, Piece> = BTreeMap::new();
    split(&sums.charges, |key, cells| pieces.entry(key).or_default().charges = cells);
    split(&sums.metered, |key, cells| pieces.entry(key).or_default().metered = cells);
    pieces
}

/// Cells by row, each row's under numbers of its own.
fn split<G: Group, S: Sum>(sums: &RollUps<G, S>, mut put: impl FnMut(Key, Cells<G, S>)) {
    for subject in sums.subjects() {
        let all: Vec<&Cell<S>> = sums.cells_of(subject, Slot(0)).collect();
        let row = |cell: &Cell<S>| usage::quarter(subject, cell.0);
        for cells in all.chunk_by(|a, b| row(a) == row(b)) {
            let mut used: Vec<u32> = cells.iter().map(|(_, group, _)| *group).collect();
            used.sort_unstable();
            used.dedup();
            let renumber = |(slot, group, sum): &&Cell<S>| {
                // Fewer groups than there are numbers.
                let group = u32::try_from(used.partition_point(|used| used < group)).unwrap_or(u32::MAX);
                (CellKey { subject: 0, slot: *slot, group }, sum.clone())
            };
            let own = Cells {
                subjects: vec![subject.clone()],
                groups: used.iter().map(|group| sums.group(*group).clone()).collect(),
                cells: cells.iter().map(renumber).collect(),
            };
            put((subject.clone(), row(cells[0])), own);
        }
    }
}
