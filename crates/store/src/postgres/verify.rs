//! Verifying: every record of the log is read and checked, everything made from it recounted, at one
//! moment. Ingest goes on meanwhile.

use super::fingerprint::Fingerprint;
use super::pool::snapshot;
use super::{Node, log, usage};
use crate::StoreError;
use crate::embedded::projection::cells::Cells;
use crate::embedded::projection::rollup::RollUps;
use crate::embedded::verify::{compare, note};
use crate::measure::{Measured, measure};
use deadpool_postgres::Transaction;
use futures_util::TryStreamExt;
use std::collections::BTreeMap;
use std::pin::pin;
use usage_domain::care::VerifyReport;

const CLAIMS: &str = "SELECT fingerprint, content, record FROM usage_app.claim";
const WRITERS: &str = "SELECT id, next FROM usage_app.writer";
const KEPT: &str = "SELECT cells FROM usage_app.cell UNION ALL SELECT cells FROM usage_app.delta";

/// What the log says.
#[derive(Default)]
struct Recount {
    rollups: RollUps,
    claims: u128,
    /// By writer: the events of its records.
    written: BTreeMap<i64, i64>,
}

/// Compares the claims and the cells with a recount of the log.
pub(super) async fn verify(node: &Node) -> Result<VerifyReport, StoreError> {
    let mut client = node.pool.get().await?;
    let transaction = snapshot(&mut client).await?;
    // However long it takes.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
    let mut report = VerifyReport {
        position: usage::position(&transaction).await?,
        events: 0,
        records: 0,
        bytes: 0,
        totals: 0,
        problems: Vec::new(),
    };
    let recount = recount(node, &transaction, &mut report).await?;
    for row in transaction.query(WRITERS, &[]).await? {
        let (writer, next): (i64, i64) = (row.get(0), row.get(1));
        let written = recount.written.get(&writer).copied().unwrap_or(0);
        if written != next {
            let text = format!("writer {writer} wrote {next} events, and the log has {written} of it");
            note(&mut report.problems, text);
        }
    }
    // A recount of a part compares with nothing.
    if !report.problems.is_empty() {
        return Ok(report);
    }
    if claims(&transaction).await? != recount.claims {
        let text = "the claims of events are not those of the log; run 'usage_app rebuild'";
        note(&mut report.problems, text.to_string());
    }
    let kept = match kept(&transaction).await {
        Ok(kept) => kept,
        Err(error @ StoreError::DamagedRow { .. }) => {
            note(&mut report.problems, format!("{error}; run 'usage_app rebuild'"));
            return Ok(report);
        }
        Err(error) => return Err(error),
    };
    let compared = tokio::task::spawn_blocking(move || {
        compare(&kept, &recount.rollups, &mut report);
        report
    });
    compared.await.map_err(|_| StoreError::Closed)
}

async fn recount(
    node: &Node,
    transaction: &Transaction<'_>,
    report: &mut VerifyReport,
) -> Result<Recount, StoreError> {
    let mut recount = Recount::default();
    log::records(transaction, "ORDER BY writer, first", &[], |record| {
        report.records += 1;
        report.bytes += record.bytes();
        let written = recount.written.entry(record.writer).or_default();
        if record.first != *written {
            let text = format!(
                "writer {}: record {} begins at event {}, and {written} are before it",
                record.writer, record.number, record.first
            );
            note(&mut report.problems, text);
        }
        *written = record.first + record.events;
        let events = match record.unpack(None) {
            Ok(events) => events,
            Err(error) => {
                note(&mut report.problems, error.to_string());
                return Ok(());
            }
        };
        for (stored, claim) in events {
            report.events += 1;
            let print = Fingerprint::of(&node.key, &claim.source, &claim.id);
            recount.claims = recount.claims.wrapping_add(print.digest(claim.content, record.number));
            if let Measured::Charge(charge) = measure(&stored.event) {
                recount.rollups.add(&stored.event.subject, stored.event.time, &charge);
            }
        }
        Ok(())
    })
    .await?;
    Ok(recount)
}

/// The digest of all claims. Each is there once, so that an event that the log has twice shows.
async fn claims(transaction: &Transaction<'_>) -> Result<u128, StoreError> {
    let rows = transaction.query_raw(CLAIMS, std::iter::empty::<i64>()).await?;
    let (mut rows, mut digest) = (pin!(rows), 0u128);
    while let Some(row) = rows.try_next().await? {
        let (print, content): (Fingerprint, i64) = (row.get(0), row.get(1));
        digest = digest.wrapping_add(print.digest(content.cast_unsigned(), row.get(2)));
    }
    Ok(digest)
}

/// All cells, merged or not.
pub(super) async fn kept(transaction: &Transaction<'_>) -> Result<RollUps, StoreError> {
    let rows = transaction.query_raw(KEPT, std::iter::empty::<i64>()).await?;
    let (mut rows, mut kept) = (pin!(rows), RollUps::default());
    while let Some(row) = rows.try_next().await? {
        let cells: Cells = usage::stored_cells(&row)?;
        cells.add_to(&mut kept);
    }
    Ok(kept)
}
