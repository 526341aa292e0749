//! Verifying: every record of the log is read and checked, everything made from it recounted, at one
//! moment. Ingest goes on meanwhile.

use super::changes::{Changes, Sums};
use super::corrections::{self, Fates};
use super::fingerprint::Fingerprint;
use super::pool::snapshot;
use super::{Node, log, meters, usage};
use crate::StoreError;
use crate::correction::correction;
use crate::embedded::meters::Meters;
use crate::embedded::projection::corrections::Fate;
use crate::embedded::projection::metered::Series;
use crate::embedded::verify::{compare, note};
use crate::embedded::worth::Worth;
use crate::measure::{Measured, measure};
use deadpool_postgres::Transaction;
use futures_util::TryStreamExt;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use usage_domain::care::VerifyReport;
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::event::{EventRef, StoredEvent};
use usage_domain::meter::aggregate::Sign;

const CLAIMS: &str = "SELECT fingerprint, content, record FROM usage_app.claim";
const WRITERS: &str = "SELECT id, next FROM usage_app.writer";
const KEPT: &str = "SELECT cells FROM usage_app.cell UNION ALL SELECT cells FROM usage_app.delta";

/// What the log says.
#[derive(Default)]
struct Recount {
    changes: Changes,
    claims: u128,
    /// By writer: the first and the count of the events of each of its records.
    written: HashMap<i64, Vec<(i64, i64)>>,
    /// What became of events, by their claims: as the log says it, and as it is kept.
    said: HashMap<Fingerprint, Said>,
    kept: HashMap<Fingerprint, Kept>,
    /// How many events are kept as corrected, whether the log has them or not.
    corrected: usize,
}

/// What corrections say of an event.
struct Said {
    fate: Fate,
    /// In their order, whether what it counts for from then on is a charge, if it is of the type of charges.
    charges: Vec<bool>,
}

/// What is kept of an event that was corrected.
struct Kept {
    fate: Fate,
    changes: u64,
    /// Whether the event as it was sent is of the type of charges, and whether it is one.
    is_of_charges: bool,
    is_charge: bool,
}

impl Said {
    /// Whether what is kept of the event is this.
    fn is(&self, kept: &Kept) -> bool {
        let mut changes = 0;
        let mut before = kept.is_charge;
        for after in self.charges.iter().map(|after| *after && kept.is_of_charges) {
            changes += u64::from(before) + u64::from(after);
            before = after;
        }
        (self.fate, changes) == (kept.fate, kept.changes)
    }
}

/// Compares the claims, the fates and the cells with a recount of the log.
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
    let all = meters::all(&transaction).await?.into_iter().filter(|(_, covered)| *covered);
    let meters = Meters::new(&all.map(|(meter, _)| Arc::new(meter)).collect::<Vec<_>>(), |_| true, 0);
    let mut recount = recount(node, &transaction, &meters, &mut report).await?;
    writers(&transaction, &mut recount, &mut report).await?;
    // A recount of a part compares with nothing.
    if !report.problems.is_empty() {
        return Ok(report);
    }
    if claims(&transaction).await? != recount.claims {
        let text = "the claims of events are not those of the log; run 'usage_app rebuild'";
        note(&mut report.problems, text.to_string());
    }
    if !recount.agrees() {
        let text = "the corrections are not those of the log; run 'usage_app rebuild'";
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
        let counted = &recount.changes.sums;
        compare(&kept.charges, &counted.charges, &mut report, |group| group.service.clone(), |_| true);
        let name = |series: &Series| format!("meter {} {:?}", series.meter, series.dimensions);
        let covered = |series: &Series| meters.covers(series.meter);
        compare(&kept.metered, &counted.metered, &mut report, name, covered);
        report
    });
    compared.await.map_err(|_| StoreError::Closed)
}

async fn recount(
    node: &Node,
    transaction: &Transaction<'_>,
    meters: &Meters,
    report: &mut VerifyReport,
) -> Result<Recount, StoreError> {
    let fates = corrections::all(transaction).await?;
    let mut recount = Recount { corrected: fates.len(), ..Recount::default() };
    let mut last = -1i64;
    loop {
        let page = log::page(transaction, last).await?;
        let Some(end) = page.last() else { return Ok(recount) };
        last = end.number;
        let mut events = Vec::new();
        for record in page {
            report.records += 1;
            report.bytes += record.bytes();
            recount.written.entry(record.writer).or_default().push((record.first, record.events));
            match record.unpack(None) {
                Ok(unpacked) => {
                    for (stored, claim) in unpacked {
                        let print = Fingerprint::of(&node.key, &claim.source, &claim.id);
                        let digest = print.digest(claim.content, record.number);
                        recount.claims = recount.claims.wrapping_add(digest);
                        recount.see(node, &stored, print, &fates);
                        events.push(stored);
                    }
                }
                Err(error) => note(&mut report.problems, error.to_string()),
            }
        }
        report.events += events.len() as u64;
        let counting = match corrections::effective_by(transaction, events, &fates).await {
            Ok(counting) => counting,
            // The amendment is in a damaged record, which is named by itself.
            Err(StoreError::DamagedRow { .. }) => continue,
            Err(error) => return Err(error),
        };
        for stored in counting {
            let (event, order) = (&stored.event, (stored.event.time, stored.sequence));
            recount.changes.apply(
                meters,
                &event.subject,
                order,
                &Worth::of(event.borrowed(), &meters.set),
                Sign::Added,
            );
        }
    }
}

impl Recount {
    /// Notes what became of this event, and what it says became of another.
    fn see(&mut self, node: &Node, stored: &StoredEvent, print: Fingerprint, fates: &Fates) {
        if let Some(fate) = fates.fate(stored.sequence) {
            let is_of_charges = stored.event.event_type == CHARGE_TYPE;
            let (changes, is_charge) = (fates.changes(stored.sequence), usage::charge(stored).is_some());
            self.kept.insert(print, Kept { fate, changes, is_of_charges, is_charge });
        }
        let Some(Ok(wanted)) = correction(stored.event.borrowed()) else { return };
        let fate = if wanted.data.is_some() { Fate::Amended(stored.sequence) } else { Fate::Voided };
        let said = self.said.entry(Fingerprint::of(&node.key, &wanted.source, &wanted.id));
        let said = said.or_insert(Said { fate, charges: Vec::new() });
        if said.charges.is_empty() || said.fate != Fate::Voided {
            said.fate = fate;
            let (event_type, data) = (CHARGE_TYPE, wanted.data.as_deref());
            let from_now_on = EventRef { event_type, data, ..stored.event.borrowed() };
            said.charges.push(data.is_some() && matches!(measure(from_now_on), Measured::Charge(_)));
        }
    }

    /// Whether what is kept of corrected events is what the log says.
    fn agrees(&self) -> bool {
        let is_kept =
            |(print, said): (&Fingerprint, &Said)| self.kept.get(print).is_some_and(|kept| said.is(kept));
        self.said.len() == self.corrected && self.said.iter().all(is_kept)
    }
}

/// Whether every writer's records follow each other, and are all there.
async fn writers(
    transaction: &Transaction<'_>,
    recount: &mut Recount,
    report: &mut VerifyReport,
) -> Result<(), StoreError> {
    for row in transaction.query(WRITERS, &[]).await? {
        let (writer, next): (i64, i64) = (row.get(0), row.get(1));
        let mut records = recount.written.remove(&writer).unwrap_or_default();
        records.sort_unstable();
        let mut written = 0;
        for (first, events) in records {
            if first != written {
                let text =
                    format!("writer {writer}: a record begins at event {first}, and {written} are before it");
                note(&mut report.problems, text);
            }
            written = first + events;
        }
        if written != next {
            let text = format!("writer {writer} wrote {next} events, and the log has {written} of it");
            note(&mut report.problems, text);
        }
    }
    for writer in recount.written.keys() {
        note(&mut report.problems, format!("the log has records of writer {writer}, which there is none of"));
    }
    Ok(())
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
async fn kept(transaction: &Transaction<'_>) -> Result<Sums, StoreError> {
    let rows = transaction.query_raw(KEPT, std::iter::empty::<i64>()).await?;
    let (mut rows, mut kept) = (pin!(rows), Sums::default());
    while let Some(row) = rows.try_next().await? {
        kept.add(row.get(0)).map_err(super::error::damaged("a row of usage_app.cell"))?;
    }
    Ok(kept)
}

/// How many cells there are once all are merged: one row after the other, so that they need not fit in memory.
pub(super) async fn count(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    let rows = transaction.query_raw(KEPT, std::iter::empty::<i64>()).await?;
    let (mut rows, mut count) = (pin!(rows), 0);
    while let Some(row) = rows.try_next().await? {
        count += usage::stored_sums(&row)?.count();
    }
    Ok(count)
}
