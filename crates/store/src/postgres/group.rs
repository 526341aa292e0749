//! A group of requests, committed in one transaction: claims, the record, what it changes.
//!
//! The database alone decides which event is new: nothing that a node remembers does. A group that
//! fails leaves nothing behind.

use super::changes::{Changes, Sums};
use super::claims::{Claims, Known};
use super::corrections::{self, Asked, Targets};
use super::error::is_passing;
use super::fingerprint::Fingerprint;
use super::request::Request;
use super::{Node, log};
use crate::StoreError;
use crate::embedded::meters::Meters;
use crate::embedded::prepare::{Prepared, same_content, same_hash};
use crate::embedded::stage::{Fates, RowFate, Staged, stage_in};
use crate::embedded::worth::Worth;
use crate::embedded::writer::block_to_write;
use crate::format::record;
use deadpool_postgres::Transaction;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use usage_domain::meter::aggregate::Sign;
use usage_domain::time::Timestamp;

/// The number is drawn once the writer is held: a writer's records are in the order of their numbers.
const WRITER: &str = "
    SELECT id, next, nextval('usage_app.record_number')
    FROM (SELECT id, next FROM usage_app.writer ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) AS free";
const NEW_WRITER: &str =
    "UPDATE usage_app.counter SET value = value + 1 WHERE name = 'writer' RETURNING value";
const ADD_WRITER: &str = "
    INSERT INTO usage_app.writer (id, next) VALUES ($1, 0)
    RETURNING id, next, nextval('usage_app.record_number')";
const STORE: &str = "
    WITH written AS (UPDATE usage_app.writer SET next = $3::bigint + $4::bigint WHERE id = $2),
         changed AS (INSERT INTO usage_app.delta (record, cells)
                     SELECT $1::bigint, $8::bytea WHERE $8::bytea IS NOT NULL)
    INSERT INTO usage_app.log (record, writer, first, events, earliest, latest, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Why a group was not stored.
enum Failed {
    /// Nothing of it was, for a reason that passes.
    Passing(tokio_postgres::Error),
    Other(StoreError),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Failed {
        if is_passing(&error) { Failed::Passing(error) } else { Failed::Other(error.into()) }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Failed {
        Failed::Other(error)
    }
}

/// A group's requests, in two parts.
pub(super) struct Group {
    pub(super) batches: Vec<Prepared>,
    /// By request, then by row.
    fingerprints: Vec<Vec<Fingerprint>>,
}

impl Group {
    pub(super) fn of(requests: Vec<Request>) -> Group {
        let (batches, fingerprints) = requests.into_iter().map(|r| (r.prepared, r.fingerprints)).unzip();
        Group { batches, fingerprints }
    }

    /// Each request by itself.
    pub(super) fn apart(self) -> impl Iterator<Item = Group> {
        let requests = self.batches.into_iter().zip(self.fingerprints);
        requests.map(|(batch, prints)| Group { batches: vec![batch], fingerprints: vec![prints] })
    }
}

/// Commits a group; the answer says what became of every row, by request.
pub(super) async fn commit(node: &Node, group: &Group) -> Result<Vec<Fates>, StoreError> {
    let rows = group.fingerprints.iter().flatten().copied();
    let contents = group.batches.iter().flat_map(Prepared::rows).map(|row| row.content);
    let claims = Claims::sorted(rows.zip(contents).collect());
    match attempt(node, group, &claims).await {
        Ok(fates) => Ok(fates),
        Err(Failed::Other(error)) => Err(error),
        // A connection may have died while nobody used it; nothing was stored.
        Err(Failed::Passing(error)) => {
            tracing::warn!(error = super::error::reason(&error), "a group of events is tried again");
            attempt(node, group, &claims).await.map_err(|failed| match failed {
                Failed::Passing(error) => error.into(),
                Failed::Other(error) => error,
            })
        }
    }
}

async fn attempt(node: &Node, group: &Group, claims: &Claims) -> Result<Vec<Fates>, Failed> {
    let mut client = node.pool.get().await?;
    let transaction = client.transaction().await?;
    let rows = group.batches.iter().flat_map(Prepared::rows);
    let corrections: Vec<_> = rows.filter_map(|row| row.correction.as_deref()).collect();
    if !corrections.is_empty() {
        // Before the number: they are numbered in the order in which they are committed.
        corrections::hold(&transaction).await?;
    }
    let place = place(&transaction).await?;
    let number = place.number;
    let taken = claims.take_as(&transaction, number, &node.expected).await?;
    let known = match taken == claims.fingerprints.len() {
        true => HashMap::new(),
        false => claims.known(&transaction, number).await?,
    };
    // Once events are claimed, no meter is made or changed before the commit.
    let meters = node.meters.now(&transaction).await?;
    let asked = Asked { corrections, ..compared(group, &known) };
    let targets = Targets::read(&transaction, &node.key, meters.clone(), asked, number - 1).await?;
    let standing = standing(group, &known, &targets);
    let stored = |request: usize, row: usize| standing.get(&(request, row)).copied();
    let staged = stage_in(&group.batches, log::first_of(number), targets, stored)?;
    if staged.events == 0 {
        transaction.rollback().await?;
        return Ok(staged.batches);
    }
    give_back(&transaction, group, claims, &known, &staged, number).await?;
    let sums = store(&transaction, &group.batches, &staged, &meters, &place).await?;
    // Whether a commit that fails was done is not known: that is never tried again here.
    transaction.commit().await.map_err(|error| Failed::Other(error.into()))?;
    node.tail.add(number, sums);
    Ok(staged.batches)
}

/// The stored events that rows are to be compared with: those whose content is not the same letter by
/// letter, and those of claims that a request has several times.
fn compared(group: &Group, known: &HashMap<Fingerprint, Known>) -> Asked<'static> {
    let mut asked = Asked::default();
    for (batch, prints) in group.batches.iter().zip(&group.fingerprints) {
        let repeated: HashSet<usize> = batch.repeats.iter().map(|repeat| repeat.first).collect();
        for (row, print) in batch.rows().zip(prints) {
            if let Some(known) = known.get(print)
                && (!same_hash(known.content, row.content) || repeated.contains(&row.place))
            {
                let event = batch.event(row);
                asked.names.insert((event.source.to_string(), event.id.to_string()));
                asked.records.insert(known.record);
            }
        }
    }
    asked
}

/// The sequence of the stored event that has a row's claim, and whether it has its content, by request and
/// row. The sequence of one that nothing is compared with is not looked at: it is that of its record.
fn standing(
    group: &Group,
    known: &HashMap<Fingerprint, Known>,
    targets: &Targets<'_>,
) -> HashMap<(usize, usize), (u64, bool)> {
    let mut standing = HashMap::with_capacity(known.len());
    for (request, (batch, prints)) in group.batches.iter().zip(&group.fingerprints).enumerate() {
        for (place, (row, print)) in batch.rows().zip(prints).enumerate() {
            let Some(known) = known.get(print) else { continue };
            let event = batch.event(row);
            let stored = targets.event(event);
            let sequence = stored.map_or(log::first_of(known.record), |stored| stored.sequence);
            let same = same_hash(known.content, row.content)
                || stored.is_some_and(|stored| same_content(stored.event.borrowed(), event));
            standing.insert((request, place), (sequence, same));
        }
    }
    standing
}

/// Puts the claims right where events are refused or withheld.
async fn give_back(
    transaction: &Transaction<'_>,
    group: &Group,
    claims: &Claims,
    known: &HashMap<Fingerprint, Known>,
    staged: &Staged,
    number: i64,
) -> Result<(), tokio_postgres::Error> {
    let unstored = |fate: &RowFate| matches!(fate, RowFate::Refused(_) | RowFate::Withheld);
    if !staged.batches.iter().flat_map(|fates| &fates.rows).any(unstored) {
        return Ok(());
    }
    let rows = group.batches.iter().flat_map(Prepared::rows).zip(group.fingerprints.iter().flatten());
    let new = rows
        .zip(staged.batches.iter().flat_map(|fates| &fates.rows))
        .filter(|(_, fate)| matches!(fate, RowFate::New));
    let stored: HashMap<Fingerprint, u64> = new.map(|((row, print), _)| (*print, row.content)).collect();
    claims.keep(transaction, number, known, &stored).await
}

/// Writes the record of a group and what it changes.
async fn store(
    transaction: &Transaction<'_>,
    batches: &[Prepared],
    staged: &Staged,
    meters: &Meters,
    Place { writer, first, number }: &Place,
) -> Result<Arc<Sums>, tokio_postgres::Error> {
    let changes = changes(batches, staged, meters, *number);
    corrections::put(transaction, &staged.effects).await?;
    let stored_at = batches.iter().map(|batch| batch.received).max().unwrap_or(Timestamp::MIN);
    let blocks: Vec<_> = batches.iter().zip(&staged.batches).filter_map(block_to_write).collect();
    let body = record::encode(first.cast_unsigned(), staged.events, staged.times, stored_at, &blocks);
    let (earliest, latest) = (staged.times.0.nanos(), staged.times.1.nanos());
    let (events, cells) = (i64::from(staged.events), changes.encode());
    let statement = transaction.prepare_cached(STORE).await?;
    transaction
        .execute(&statement, &[number, writer, first, &events, &earliest, &latest, &body, &cells])
        .await?;
    Ok(Arc::new(changes.sums))
}

/// What a group adds to the cells.
fn changes(batches: &[Prepared], staged: &Staged, meters: &Meters, number: i64) -> Changes {
    let (mut changes, mut sequence) = (Changes::default(), log::first_of(number));
    let (mut into, mut groups) = (changes.open(meters), Vec::new());
    for (batch, fates) in batches.iter().zip(&staged.batches) {
        // Measured with other meters than there are: what it is worth is read again.
        let again = batch.meters.version != meters.version;
        groups.clear();
        for (row, fate) in batch.rows().zip(&fates.rows) {
            let RowFate::New = fate else { continue };
            let (subject, time) = batch.subject_and_time(row);
            if again && row.correction.is_none() {
                let worth = Worth::of(batch.event(row), &meters.set);
                into.apply(subject, (time, sequence), &worth, Sign::Added);
            } else {
                into.apply_row((subject, (time, sequence)), &row.worth, &batch.series, &mut groups);
            }
            sequence += 1;
        }
    }
    for effect in &staged.effects {
        changes.correct(meters, effect);
    }
    changes
}

/// Where a group's record goes.
struct Place {
    writer: i64,
    /// The events that the writer wrote before.
    first: i64,
    number: i64,
}

/// Takes a writer that no other group holds.
async fn place(transaction: &Transaction<'_>) -> Result<Place, tokio_postgres::Error> {
    let free = transaction.prepare_cached(WRITER).await?;
    let row = match transaction.query_opt(&free, &[]).await? {
        Some(row) => row,
        None => {
            let id: i64 = transaction.query_one(NEW_WRITER, &[]).await?.get(0);
            transaction.query_one(ADD_WRITER, &[&id]).await?
        }
    };
    Ok(Place { writer: row.get(0), first: row.get(1), number: row.get(2) })
}
