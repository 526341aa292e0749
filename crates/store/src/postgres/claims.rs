//! Claiming (source, id): the database says which of a group's are new.

use super::fingerprint::Fingerprint;
use deadpool_postgres::Transaction;
use std::collections::HashMap;
use tokio_postgres::Row;

const CLAIM: &str = "
    INSERT INTO usage_app.claim (fingerprint, content, record)
    SELECT fingerprint, content, $3 FROM unnest($1::uuid[], $2::bigint[]) AS sent (fingerprint, content)
    ON CONFLICT (fingerprint) DO NOTHING";
const KNOWN: &str = "
    SELECT fingerprint, content, record FROM usage_app.claim WHERE fingerprint = ANY ($1) AND record <> $2";
const RELEASE: &str = "DELETE FROM usage_app.claim WHERE fingerprint = ANY ($1) AND record = $2";

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
