//! What became of events: rows that say which event was taken back or amended by which.
//!
//! Groups that correct something are committed one at a time, whichever node they come to, and get their
//! number in that order: of two amendments the later in the log is the later everywhere.

use super::fingerprint::Fingerprint;
use super::log::{self, record_of};
use crate::StoreError;
use crate::correction::{Correction, is_correction};
use crate::embedded::effective::amended_data;
use crate::embedded::meters::Meters;
use crate::embedded::prepare::same_content;
use crate::embedded::projection::claims::HashKey;
use crate::embedded::projection::corrections::Fate;
use crate::embedded::replay::Effect;
use crate::embedded::stage::Stored;
use deadpool_postgres::Transaction;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use usage_domain::event::{EventRef, StoredEvent};

const HOLD: &str = "SELECT value FROM usage_app.counter WHERE name = 'correction' FOR UPDATE";
const CLAIMED: &str = "
    SELECT DISTINCT record FROM usage_app.claim WHERE fingerprint = ANY ($1) AND record <= $2";
const FATES: &str = "SELECT target, amended_by, changes FROM usage_app.fate WHERE target = ANY ($1)";
const ALL: &str = "SELECT target, amended_by, changes FROM usage_app.fate";
const PUT: &str = "
    INSERT INTO usage_app.fate (target, amended_by, changes)
    SELECT target, amended_by, changes
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS sent (target, amended_by, changes)
    ON CONFLICT (target) DO UPDATE
    SET amended_by = excluded.amended_by, changes = fate.changes + excluded.changes";

/// Holds off every other group that corrects something until the end of the transaction.
pub(super) async fn hold(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    transaction.query_one(&transaction.prepare_cached(HOLD).await?, &[]).await.map(drop)
}

/// What became of events that were corrected, by sequence, and how often a charge came or went with that.
#[derive(Default)]
pub(super) struct Fates(HashMap<u64, (Fate, u64)>);

impl Fates {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What became of an event last.
    pub(super) fn fate(&self, target: u64) -> Option<Fate> {
        self.0.get(&target).map(|(fate, _)| *fate)
    }

    /// How often a charge came or went as an event was corrected.
    pub(super) fn changes(&self, target: u64) -> u64 {
        self.0.get(&target).map_or(0, |(_, changes)| *changes)
    }
}

/// An event by its source and its id.
pub(super) type Name = (String, String);

/// What staging asks of the log, read before.
pub(super) struct Targets<'a> {
    key: &'a HashKey,
    meters: Arc<Meters>,
    events: HashMap<Name, StoredEvent>,
    fates: Fates,
    amended: HashMap<u64, Option<String>>,
    /// No record after this one has an event that can be corrected.
    last: i64,
}

/// Which events staging is to know.
#[derive(Default)]
pub(super) struct Asked<'c> {
    /// Those that these corrections mean.
    pub(super) corrections: Vec<&'c Correction>,
    /// These, of records with these numbers.
    pub(super) names: BTreeSet<Name>,
    pub(super) records: BTreeSet<i64>,
}

impl<'a> Targets<'a> {
    /// Reads these events; of those that corrections mean, the ones of records up to `last`.
    pub(super) async fn read(
        transaction: &Transaction<'_>,
        key: &'a HashKey,
        meters: Arc<Meters>,
        mut asked: Asked<'_>,
        last: i64,
    ) -> Result<Targets<'a>, StoreError> {
        let (events, amended) = (HashMap::new(), HashMap::new());
        let mut targets = Targets { key, meters, events, fates: Fates::default(), amended, last };
        if !asked.corrections.is_empty() {
            let names = asked.corrections.iter().map(|wanted| (wanted.source.clone(), wanted.id.clone()));
            let names: BTreeSet<Name> = names.collect();
            let prints: Vec<_> = names.iter().map(|(source, id)| Fingerprint::of(key, source, id)).collect();
            let claimed = transaction.prepare_cached(CLAIMED).await?;
            let rows = transaction.query(&claimed, &[&prints, &last]).await?;
            asked.records.extend(rows.iter().map(|row| row.get::<_, i64>(0)));
            asked.names.extend(names);
        }
        let records: Vec<i64> = asked.records.into_iter().collect();
        log::numbered(transaction, &records, |stored| {
            let name = (stored.event.source.clone(), stored.event.id.clone());
            if asked.names.contains(&name) {
                targets.events.insert(name, stored);
            }
        })
        .await?;
        if !asked.corrections.is_empty() {
            let sequences: Vec<u64> = targets.events.values().map(|stored| stored.sequence).collect();
            targets.fates = fates(transaction, &sequences).await?;
            targets.amended = amendments(transaction, &sequences, &targets.fates).await?;
        }
        Ok(targets)
    }

    /// The event of this name, if it was read.
    pub(super) fn event(&self, event: EventRef<'_>) -> Option<&StoredEvent> {
        self.events.get(&(event.source.to_string(), event.id.to_string()))
    }
}

impl Stored for Targets<'_> {
    fn claim(&self, source: &str, id: &str) -> u64 {
        self.key.claim(source, id)
    }

    fn find(&mut self, _: u64, wanted: &Correction) -> Result<Option<StoredEvent>, StoreError> {
        let stored = self.events.get(&(wanted.source.clone(), wanted.id.clone()));
        Ok(stored.filter(|stored| record_of(stored.sequence) <= self.last).cloned())
    }

    fn has_content(&mut self, _: u64, event: EventRef<'_>) -> Result<bool, StoreError> {
        Ok(self.event(event).is_some_and(|stored| same_content(stored.event.borrowed(), event)))
    }

    fn fate(&self, target: u64) -> Option<Fate> {
        self.fates.fate(target)
    }

    fn amended(&mut self, by: u64) -> Result<Option<String>, StoreError> {
        Ok(self.amended.get(&by).cloned().flatten())
    }

    fn meters(&self) -> Arc<Meters> {
        self.meters.clone()
    }
}

/// What became of these events.
pub(super) async fn fates(
    transaction: &Transaction<'_>,
    targets: &[u64],
) -> Result<Fates, tokio_postgres::Error> {
    let targets: Vec<i64> = targets.iter().map(|target| target.cast_signed()).collect();
    let rows = transaction.query(&transaction.prepare_cached(FATES).await?, &[&targets]).await?;
    Ok(noted(&rows))
}

/// What became of all events that were corrected.
pub(super) async fn all(transaction: &Transaction<'_>) -> Result<Fates, tokio_postgres::Error> {
    Ok(noted(&transaction.query(ALL, &[]).await?))
}

fn noted(rows: &[tokio_postgres::Row]) -> Fates {
    let fate = |row: &tokio_postgres::Row| {
        let (target, by): (i64, Option<i64>) = (row.get(0), row.get(1));
        let fate = by.map_or(Fate::Voided, |by| Fate::Amended(by.cast_unsigned()));
        (target.cast_unsigned(), (fate, row.get::<_, i64>(2).cast_unsigned()))
    };
    Fates(rows.iter().map(fate).collect())
}

/// The data that the amendments of these events give, by their sequence.
async fn amendments(
    transaction: &Transaction<'_>,
    targets: &[u64],
    fates: &Fates,
) -> Result<HashMap<u64, Option<String>>, StoreError> {
    let by = |target: &u64| match fates.fate(*target) {
        Some(Fate::Amended(by)) => Some(by),
        Some(Fate::Voided) | None => None,
    };
    let wanted: BTreeSet<u64> = targets.iter().filter_map(by).collect();
    let records: BTreeSet<i64> = wanted.iter().map(|by| record_of(*by)).collect();
    let mut amended = HashMap::with_capacity(wanted.len());
    log::numbered(transaction, &records.into_iter().collect::<Vec<_>>(), |stored| {
        if wanted.contains(&stored.sequence) {
            amended.insert(stored.sequence, amended_data(&stored));
        }
    })
    .await?;
    Ok(amended)
}

/// These events as they were sent, how often a charge came or went as they were corrected, and as they count.
pub(super) async fn counted(
    transaction: &Transaction<'_>,
    events: Vec<StoredEvent>,
) -> Result<Vec<(StoredEvent, u64, Option<StoredEvent>)>, StoreError> {
    let targets: Vec<u64> = events.iter().map(|stored| stored.sequence).collect();
    let fates = fates(transaction, &targets).await?;
    let counts = effective_by(transaction, events.clone(), &fates).await?;
    let mut counts: HashMap<u64, StoredEvent> =
        counts.into_iter().map(|stored| (stored.sequence, stored)).collect();
    let counted = events.into_iter().map(|sent| {
        let (changes, counts) = (fates.changes(sent.sequence), counts.remove(&sent.sequence));
        (sent, changes, counts)
    });
    Ok(counted.collect())
}

/// These events as they count: without those that were taken back or are corrections.
pub(super) async fn effective_by(
    transaction: &Transaction<'_>,
    mut events: Vec<StoredEvent>,
    fates: &Fates,
) -> Result<Vec<StoredEvent>, StoreError> {
    let targets: Vec<u64> = events.iter().map(|stored| stored.sequence).collect();
    let mut amended = amendments(transaction, &targets, fates).await?;
    events.retain_mut(|stored| match fates.fate(stored.sequence) {
        _ if is_correction(&stored.event.event_type) => false,
        Some(Fate::Voided) => false,
        Some(Fate::Amended(by)) => {
            stored.event.data = amended.remove(&by).flatten();
            true
        }
        None => true,
    });
    Ok(events)
}

/// Notes what became of events. Of one event's, the last counts: nothing follows a void.
pub(super) async fn put(
    transaction: &Transaction<'_>,
    effects: &[Effect],
) -> Result<(), tokio_postgres::Error> {
    if effects.is_empty() {
        return Ok(());
    }
    let mut last: HashMap<i64, (Option<i64>, i64)> = HashMap::new();
    for effect in effects {
        let by = match effect.fate {
            Fate::Voided => None,
            Fate::Amended(by) => Some(by.cast_signed()),
        };
        let noted = last.entry(effect.order.1.cast_signed()).or_default();
        let changes = [&effect.before, &effect.after].map(|worth| i64::from(worth.charge.is_some()));
        *noted = (by, noted.1 + changes.iter().sum::<i64>());
    }
    let targets: Vec<i64> = last.keys().copied().collect();
    let (by, changes): (Vec<_>, Vec<_>) = last.into_values().unzip();
    let put = transaction.prepare_cached(PUT).await?;
    transaction.execute(&put, &[&targets, &by, &changes]).await.map(drop)
}
