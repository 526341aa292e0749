//! Claiming (source, id): the database says which of a group's are new.
//!
//! Where nothing is expected to be there, claims are copied as they are, which costs the database less than half;
//! should one be there all the same, nothing of the copy was done, and they are claimed one by one.

use super::fingerprint::Fingerprint;
use bytes::{BufMut, Bytes, BytesMut};
use deadpool_postgres::Transaction;
use futures_util::SinkExt;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

const CLAIM: &str = "
    INSERT INTO usage_app.claim (fingerprint, content, record)
    SELECT fingerprint, content, $3 FROM unnest($1::uuid[], $2::bigint[]) AS sent (fingerprint, content)
    ON CONFLICT (fingerprint) DO NOTHING";
const COPY: &str = "COPY usage_app.claim (fingerprint, content, record) FROM STDIN (FORMAT binary)";
const KNOWN: &str = "
    SELECT fingerprint, content, record FROM usage_app.claim WHERE fingerprint = ANY ($1) AND record <> $2";
const RELEASE: &str = "DELETE FROM usage_app.claim WHERE fingerprint = ANY ($1) AND record = $2";

/// Claims that are copied at least: for fewer, one statement is less than the steps of a copy.
const COPIED: usize = 100;
/// Groups after one with claims that were there, which are not copied.
const WARY: u32 = 16;
/// What a copy begins with: its mark, no flags, no more of a head.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Whether claims of the next groups are expected to be there already, as those that came lately were: a hint,
/// of which nothing depends but what it costs.
#[derive(Default)]
pub(super) struct Expected(AtomicU32);

impl Expected {
    /// Whether the next group may be copied.
    fn none(&self) -> bool {
        let left = |left: u32| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err()
    }

    fn found(&self) {
        self.0.store(WARY, Ordering::Relaxed);
    }
}

/// What another record has under a claim.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// The keyed hash of the content, letter by letter.
    pub(super) content: u64,
    pub(super) record: i64,
}

/// Claims, each once, in their order: every node takes them in the same one, so that none waits for
/// another in a circle.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) fingerprints: Vec<Fingerprint>,
    /// Of each the content's keyed hash; of several with the same claim, of the first sent.
    contents: Vec<i64>,
}

impl Claims {
    /// These; of several with the same claim, the first.
    pub(super) fn sorted(mut rows: Vec<(Fingerprint, u64)>) -> Claims {
        // Those of one fingerprint stay in the order sent.
        rows.sort_by_key(|(fingerprint, _)| *fingerprint);
        rows.dedup_by_key(|(fingerprint, _)| *fingerprint);
        let (fingerprints, contents) =
            rows.into_iter().map(|(print, hash)| (print, hash.cast_signed())).unzip();
        Claims { fingerprints, contents }
    }

    /// Claims what is new for a record; says how many. Who claims the same at the same time is waited
    /// for.
    pub(super) async fn take_as(
        &self,
        transaction: &Transaction<'_>,
        record: i64,
        expected: &Expected,
    ) -> Result<usize, tokio_postgres::Error> {
        let count = self.fingerprints.len();
        if count >= COPIED && expected.none() {
            let copied = self.copy(transaction, record).await;
            match copied {
                Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                    transaction.batch_execute("ROLLBACK TO SAVEPOINT claims").await?;
                }
                copied => return copied.map(|()| count),
            }
        }
        let taken = self.take(transaction, record).await?;
        if taken < count {
            expected.found();
        }
        Ok(taken)
    }

    /// Claims all of them.
    async fn copy(&self, transaction: &Transaction<'_>, record: i64) -> Result<(), tokio_postgres::Error> {
        let statement = transaction.prepare_cached(COPY).await?;
        // Sent together: the one is done before the other.
        let (set, sink) =
            tokio::join!(transaction.batch_execute("SAVEPOINT claims"), transaction.copy_in(&statement));
        set?;
        let mut sink = pin!(sink?);
        sink.send(self.copied(record)).await?;
        sink.finish().await.map(drop)
    }

    /// The rows in the form of a binary copy.
    fn copied(&self, record: i64) -> Bytes {
        let mut bytes = BytesMut::with_capacity(HEAD.len() + self.fingerprints.len() * 46 + 2);
        bytes.put_slice(HEAD);
        for (print, content) in self.fingerprints.iter().zip(&self.contents) {
            bytes.put_i16(3);
            bytes.put_i32(16);
            bytes.put_slice(&print.bytes());
            for value in [*content, record] {
                bytes.put_i32(8);
                bytes.put_i64(value);
            }
        }
        bytes.put_i16(-1);
        bytes.freeze()
    }

    /// The same, one by one.
    pub(super) async fn take(
        &self,
        transaction: &Transaction<'_>,
        record: i64,
    ) -> Result<usize, tokio_postgres::Error> {
        let statement = transaction.prepare_cached(CLAIM).await?;
        let taken = transaction.execute(&statement, &[&self.fingerprints, &self.contents, &record]).await?;
        Ok(usize::try_from(taken).unwrap_or(usize::MAX))
    }

    /// What other records claimed.
    pub(super) async fn known(
        &self,
        transaction: &Transaction<'_>,
        record: i64,
    ) -> Result<HashMap<Fingerprint, Known>, tokio_postgres::Error> {
        let statement = transaction.prepare_cached(KNOWN).await?;
        let rows = transaction.query(&statement, &[&self.fingerprints, &record]).await?;
        let known = |row: &Row| Known { content: row.get::<_, i64>(1).cast_unsigned(), record: row.get(2) };
        Ok(rows.iter().map(|row| (row.get(0), known(row))).collect())
    }

    /// Gives back what was claimed for events that are not stored after all. Of several with the same
    /// claim another may be: then that one's content is kept.
    pub(super) async fn keep(
        &self,
        transaction: &Transaction<'_>,
        record: i64,
        known: &HashMap<Fingerprint, Known>,
        stored: &HashMap<Fingerprint, u64>,
    ) -> Result<(), tokio_postgres::Error> {
        let claimed = self.fingerprints.iter().zip(&self.contents);
        let wrong = claimed.filter(|(print, content)| {
            !known.contains_key(print) && stored.get(print) != Some(&content.cast_unsigned())
        });
        let wrong: Vec<Fingerprint> = wrong.map(|(print, _)| *print).collect();
        let statement = transaction.prepare_cached(RELEASE).await?;
        transaction.execute(&statement, &[&wrong, &record]).await?;
        let right = wrong.iter().filter_map(|print| Some((*print, *stored.get(print)?)));
        Claims::sorted(right.collect()).take(transaction, record).await.map(drop)
    }
}
