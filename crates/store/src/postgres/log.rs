//! Reading the log: its records as rows, checked and unpacked.
//!
//! Nothing of a record is used before its checksums were checked and its columns were compared with
//! what it says of itself.

use crate::format::block::{Claim, fingerprint};
use crate::format::codec::Malformed;
use crate::format::record::{self, HEADER, Header};
use crate::{EventFilter, StoreError};
use deadpool_postgres::Transaction;
use futures_util::TryStreamExt;
use std::pin::pin;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use usage_domain::event::{StoredEvent, UsageEvent};
use usage_domain::time::Period;

const COLUMNS: &str = "record, writer, first, events, earliest, latest, body";

/// Bits of a sequence that say the place within a record: more than one can have events.
const PLACE_BITS: u32 = 24;

/// A record's row.
pub(super) struct Record {
    pub(super) number: i64,
    pub(super) writer: i64,
    pub(super) first: i64,
    pub(super) events: i64,
    times: (i64, i64),
    body: Vec<u8>,
}

impl Record {
    fn of(row: &Row) -> Record {
        Record {
            number: row.get(0),
            writer: row.get(1),
            first: row.get(2),
            events: row.get(3),
            times: (row.get(4), row.get(5)),
            body: row.get(6),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.body.len() as u64
    }

    /// Its events, of blocks that may have one of these subjects (all, where `None`).
    pub(super) fn unpack(
        &self,
        fingerprints: Option<&[u32]>,
    ) -> Result<Vec<(StoredEvent, Claim)>, StoreError> {
        let row = format!("record {} of the log", self.number);
        self.events(fingerprints).map_err(super::error::damaged(row))
    }

    fn events(&self, fingerprints: Option<&[u32]>) -> Result<Vec<(StoredEvent, Claim)>, Malformed> {
        let (head, body) = self.body.split_first_chunk::<HEADER>().ok_or(Malformed("it ends too early"))?;
        let header = Header::read(head)?;
        header.check(body)?;
        let times = (header.times.0.nanos(), header.times.1.nanos());
        let own = (header.first.cast_signed(), i64::from(header.events), times);
        if own != (self.first, self.events, self.times) {
            return Err(Malformed("its columns are not what it says of itself"));
        }
        let mut events = record::events(&header, body, fingerprints)?;
        for (stored, _) in &mut events {
            let place = stored.sequence - header.first;
            stored.sequence = self.number.cast_unsigned() << PLACE_BITS | place;
        }
        Ok(events)
    }
}

/// Calls `each` for every record that the transaction sees, in the order of writers and counts.
pub(super) async fn records(
    transaction: &Transaction<'_>,
    condition: &str,
    values: &[&(dyn ToSql + Sync)],
    mut each: impl FnMut(Record) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM usage_app.log {condition}");
    let rows = transaction.query_raw(&sql, values.iter().copied()).await?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await? {
        each(Record::of(&row))?;
    }
    Ok(())
}

/// The events of one subject in a period, at the moment of the transaction.
pub(super) async fn subject_events(
    transaction: &Transaction<'_>,
    subject: &str,
    period: Period,
    mut each: impl FnMut(UsageEvent),
) -> Result<(), StoreError> {
    let prints = [fingerprint(subject)];
    let condition = "WHERE latest >= $1 AND earliest < $2";
    records(transaction, condition, &[&period.start.nanos(), &period.end.nanos()], |record| {
        for (stored, _) in record.unpack(Some(&prints))? {
            if stored.event.subject == subject && period.contains(stored.event.time) {
                each(stored.event);
            }
        }
        Ok(())
    })
    .await
}

/// Records that a listing reads at a time.
const PAGE: i64 = 8;

/// Events that pass the filter, newest time first; of one time, the last stored first.
pub(super) async fn list(
    transaction: &Transaction<'_>,
    filter: &EventFilter,
) -> Result<Vec<StoredEvent>, StoreError> {
    let prints: Option<Vec<u32>> =
        filter.paid.as_ref().map(|paid| paid.iter().map(|p| fingerprint(&p.subject)).collect());
    let condition = "WHERE (latest, record) < ($1, $2) AND latest >= $3 AND earliest < $4 AND earliest <= $5
                     ORDER BY latest DESC, record DESC LIMIT $6";
    let (start, end) = (filter.period.start.nanos(), filter.period.end.nanos());
    let after = filter.after.map_or(i64::MAX, |(time, _)| time.nanos());
    let mut last = (i64::MAX, i64::MAX);
    let mut newest: Vec<StoredEvent> = Vec::new();
    loop {
        let mut page = Vec::new();
        let values: [&(dyn ToSql + Sync); 6] = [&last.0, &last.1, &start, &end, &after, &PAGE];
        records(transaction, condition, &values, |record| {
            page.push(record);
            Ok(())
        })
        .await?;
        let Some(end) = page.last() else { return Ok(newest) };
        last = (end.times.1, end.number);
        for record in page {
            // Records come in the order of their latest time: once enough events are newer than all
            // of one, no later one has an event that belongs before them.
            let full = newest.len() >= filter.limit;
            let last = newest.get(filter.limit.saturating_sub(1));
            if full && last.is_none_or(|last| last.event.time.nanos() > record.times.1) {
                return Ok(newest);
            }
            let events = record.unpack(prints.as_deref())?.into_iter().map(|(stored, _)| stored);
            newest.extend(events.filter(|stored| filter.matches(stored)));
            newest.sort_by_key(|stored| std::cmp::Reverse((stored.event.time, stored.sequence)));
            newest.truncate(filter.limit);
        }
    }
}
