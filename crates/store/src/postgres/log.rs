//! Reading the log: its records as rows, checked and unpacked.
//!
//! Nothing of a record is used before its checksums were checked and its columns were compared with
//! what it says of itself.

use super::corrections;
use crate::format::block::fingerprints;
use crate::format::claims::Claim;
use crate::format::codec::Malformed;
use crate::format::record::{self, HEADER, Header};
use crate::{EventFilter, StoreError};
use deadpool_postgres::Transaction;
use futures_util::TryStreamExt;
use std::pin::pin;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use usage_domain::event::StoredEvent;
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
            stored.sequence = first_of(self.number) | place;
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

/// The number of the record that has the event of this sequence.
pub(super) fn record_of(sequence: u64) -> i64 {
    (sequence >> PLACE_BITS).cast_signed()
}

/// The sequence of the first event of a record.
pub(super) fn first_of(record: i64) -> u64 {
    record.cast_unsigned() << PLACE_BITS
}

/// Calls `each` for every event of the records with these numbers.
pub(super) async fn numbered(
    transaction: &Transaction<'_>,
    numbers: &[i64],
    mut each: impl FnMut(StoredEvent),
) -> Result<(), StoreError> {
    if numbers.is_empty() {
        return Ok(());
    }
    records(transaction, "WHERE record = ANY ($1)", &[&numbers], |record| {
        record.unpack(None)?.into_iter().for_each(|(stored, _)| each(stored));
        Ok(())
    })
    .await
}

/// Records that are read at a time where something else is asked between.
const PAGE: i64 = 8;

/// The records after this number, in their order, a page of them.
pub(super) async fn page(transaction: &Transaction<'_>, after: i64) -> Result<Vec<Record>, StoreError> {
    let mut page = Vec::new();
    records(transaction, "WHERE record > $1 ORDER BY record LIMIT $2", &[&after, &PAGE], |record| {
        page.push(record);
        Ok(())
    })
    .await?;
    Ok(page)
}

/// Calls `each` for the events that are wanted, as they count, of records that have some in a period, of
/// blocks that may have one of these subjects (all, where `None`).
pub(super) async fn effective(
    transaction: &Transaction<'_>,
    fingerprints: Option<&[u32]>,
    period: Period,
    wanted: impl Fn(&StoredEvent) -> bool,
    mut each: impl FnMut(&StoredEvent) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    counted(transaction, fingerprints, period, wanted, |_, _, counts| counts.map_or(Ok(()), &mut each)).await
}

/// The same with the events as they were sent, and how often a charge came or went as they were corrected: also
/// those that count no more.
pub(super) async fn counted(
    transaction: &Transaction<'_>,
    fingerprints: Option<&[u32]>,
    period: Period,
    wanted: impl Fn(&StoredEvent) -> bool,
    mut each: impl FnMut(&StoredEvent, u64, Option<&StoredEvent>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let condition = "WHERE record > $1 AND latest >= $2 AND earliest < $3 ORDER BY record LIMIT $4";
    let (start, end) = (period.start.nanos(), period.end.nanos());
    let mut last = -1i64;
    loop {
        let (mut count, mut events) = (0, Vec::new());
        let values: [&(dyn ToSql + Sync); 4] = [&last.clone(), &start, &end, &PAGE];
        records(transaction, condition, &values, |record| {
            (count, last) = (count + 1, record.number);
            let found = record.unpack(fingerprints)?.into_iter().map(|(stored, _)| stored);
            events.extend(found.filter(|stored| period.contains(stored.event.time) && wanted(stored)));
            Ok(())
        })
        .await?;
        for (sent, changes, counts) in corrections::counted(transaction, events).await? {
            each(&sent, changes, counts.as_ref())?;
        }
        if count < PAGE {
            return Ok(());
        }
    }
}

/// Events that pass the filter, newest time first; of one time, the last stored first.
pub(super) async fn list(
    transaction: &Transaction<'_>,
    filter: &EventFilter,
) -> Result<Vec<StoredEvent>, StoreError> {
    let prints = filter.paid.as_ref().map(|paid| fingerprints(paid.iter().map(|p| p.subject.as_str())));
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
