//! Making the claims, the fates and the cells anew from the log, in one transaction. Groups of events wait
//! for it meanwhile, on every node; readers go on with what was there before.

use super::changes::Changes;
use super::claims::Claims;
use super::corrections::{self, Asked, Targets};
use super::fingerprint::Fingerprint;
use super::{Node, log, merge, meters, usage, verify};
use crate::StoreError;
use crate::correction::{correction, is_correction};
use crate::embedded::meters::Meters;
use crate::embedded::replay::Effect;
use crate::embedded::stage::Stored;
use crate::embedded::worth::Worth;
use deadpool_postgres::Transaction;
use std::sync::Arc;
use usage_domain::care::RebuildReport;
use usage_domain::meter::aggregate::Sign;

/// The order of the tables is that in which a group uses them, so that neither waits in a circle.
const HOLD: &str = "
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
    LOCK TABLE usage_app.claim, usage_app.log, usage_app.delta IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM usage_app.claim;
    DELETE FROM usage_app.fate;
    DELETE FROM usage_app.delta;
    DELETE FROM usage_app.cell";
pub(super) async fn rebuild(node: &Node) -> Result<RebuildReport, StoreError> {
    let mut client = node.pool.get().await?;
    let transaction = client.transaction().await?;
    merge::hold(&transaction, "").await?;
    meters::all_covered(&transaction).await?;
    transaction.batch_execute(HOLD).await?;
    let all = meters::all(&transaction).await?.into_iter().map(|(meter, _)| Arc::new(meter));
    let meters = Arc::new(Meters::new(&all.collect::<Vec<_>>(), |_| true, 0));
    let (mut events, mut last) = (0, -1i64);
    loop {
        let page = log::page(&transaction, last).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        let mut forms = Vec::new();
        for record in page {
            let (count, form) = redo(node, &transaction, &record, &meters).await?;
            events += count;
            forms.extend(form);
        }
        merge::add(&transaction, &forms).await?;
    }
    let position = usage::position(&transaction).await?;
    let totals = verify::count(&transaction).await?;
    transaction.commit().await?;
    Ok(RebuildReport { position, events, totals })
}

/// Claims a record's events again; gives their count and what they add to the cells.
async fn redo(
    node: &Node,
    transaction: &Transaction<'_>,
    record: &log::Record,
    meters: &Arc<Meters>,
) -> Result<(u64, Option<Vec<u8>>), StoreError> {
    let (mut changes, mut rows, mut wanted) = (Changes::default(), Vec::new(), Vec::new());
    let events = record.unpack(None)?;
    for (stored, claim) in &events {
        rows.push((Fingerprint::of(&node.key, &claim.source, &claim.id), claim.content));
        let order = (stored.event.time, stored.sequence);
        match correction(stored.event.borrowed()) {
            None => {
                let worth = Worth::of(stored.event.borrowed(), &meters.set);
                changes.apply(meters, &stored.event.subject, order, &worth, Sign::Added);
            }
            Some(Ok(correction)) => wanted.push((stored.sequence, correction)),
            // None is stored that does not say what it means.
            Some(Err(_)) => {}
        }
    }
    let taken = Claims::sorted(rows).take(transaction, record.number).await?;
    if taken != events.len() {
        return Err(StoreError::DamagedRow {
            row: format!("record {} of the log", record.number),
            what: "it has an event that the log has twice".into(),
        });
    }
    for (by, correction) in &wanted {
        // One at a time: each sees what the one before made of the same event.
        let asked = Asked { corrections: vec![correction], ..Asked::default() };
        let mut targets = Targets::read(transaction, &node.key, meters.clone(), asked, record.number).await?;
        let Some(target) = targets.find(0, correction)? else { continue };
        if target.sequence >= *by || is_correction(&target.event.event_type) {
            continue;
        }
        let before = targets.fate(target.sequence);
        let effect = Effect::of(target, before, correction, *by, meters, |earlier| targets.amended(earlier))?;
        if let Some(effect) = effect {
            changes.correct(meters, &effect);
            corrections::put(transaction, &[effect]).await?;
        }
    }
    Ok((events.len() as u64, changes.encode()))
}
