//! Making the claims and the cells anew from the log, in one transaction. Groups of events wait for it
//! meanwhile, on every node; readers go on with what was there before.

use super::changes::Changes;
use super::fingerprint::Fingerprint;
use super::{Node, log, merge, usage, verify};
use crate::StoreError;
use crate::measure::{Measured, measure};
use deadpool_postgres::Transaction;
use usage_domain::care::RebuildReport;

/// The order of the tables is that in which a group uses them, so that neither waits in a circle.
const HOLD: &str = "
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
    LOCK TABLE usage_app.claim, usage_app.log, usage_app.delta IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM usage_app.claim;
    DELETE FROM usage_app.delta;
    DELETE FROM usage_app.cell";
const CLAIM: &str = "
    INSERT INTO usage_app.claim (fingerprint, content, record)
    SELECT fingerprint, content, $3 FROM unnest($1::uuid[], $2::bigint[]) AS sent (fingerprint, content)
    ON CONFLICT (fingerprint) DO NOTHING";

/// Records that are read at a time.
const PAGE: i64 = 16;

pub(super) async fn rebuild(node: &Node) -> Result<RebuildReport, StoreError> {
    let mut client = node.pool.get().await?;
    let transaction = client.transaction().await?;
    merge::hold(&transaction, "").await?;
    transaction.batch_execute(HOLD).await?;
    let (mut events, mut last) = (0, -1i64);
    loop {
        let mut page = Vec::new();
        let condition = "WHERE record > $1 ORDER BY record LIMIT $2";
        log::records(&transaction, condition, &[&last, &PAGE], |record| {
            page.push(record);
            Ok(())
        })
        .await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        let mut forms = Vec::new();
        for record in page {
            let (count, form) = redo(node, &transaction, &record).await?;
            events += count;
            forms.extend(form);
        }
        merge::add(&transaction, &forms).await?;
    }
    let position = usage::position(&transaction).await?;
    let totals = verify::kept(&transaction).await?.cells();
    transaction.commit().await?;
    Ok(RebuildReport { position, events, totals })
}

/// Claims a record's events again; gives their count and what they add to the cells.
async fn redo(
    node: &Node,
    transaction: &Transaction<'_>,
    record: &log::Record,
) -> Result<(u64, Option<Vec<u8>>), StoreError> {
    let (mut changes, mut claims) = (Changes::default(), Vec::new());
    for (stored, claim) in record.unpack(None)? {
        claims.push((Fingerprint::of(&node.key, &claim.source, &claim.id), claim.content.cast_signed()));
        if let Measured::Charge(charge) = measure(&stored.event) {
            changes.add(&stored.event.subject, stored.event.time, &charge);
        }
    }
    claims.sort_unstable();
    let (fingerprints, contents): (Vec<_>, Vec<_>) = claims.into_iter().unzip();
    let statement = transaction.prepare_cached(CLAIM).await?;
    let claimed = transaction.execute(&statement, &[&fingerprints, &contents, &record.number]).await?;
    if claimed != fingerprints.len() as u64 {
        return Err(StoreError::DamagedRow {
            row: format!("record {} of the log", record.number),
            what: "it has an event that the log has twice".into(),
        });
    }
    Ok((claimed, changes.encode()))
}
