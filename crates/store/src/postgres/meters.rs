//! Meters, in SQL, and how each node learns of them.
//!
//! A meter is made, changed or deleted while no group is under way, and every group looks, once it has
//! claimed its events, whether it knows the meters that there are. So no event misses a meter.

use super::changes::Changes;
use super::usage::moment;
use super::{log, usage};
use crate::StoreError;
use crate::embedded::meters::Meters;
use crate::embedded::worth::Worth;
use crate::measure::MeterSet;
use deadpool_postgres::{GenericClient, Transaction};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_postgres::Row;
use usage_domain::meter::aggregate::Sign;
use usage_domain::meter::{Dimension, MAX_METERS, Meter, MeterDraft, MeterId};
use usage_domain::time::{Period, Timestamp};

const VERSION: &str = "SELECT value FROM usage_app.counter WHERE name = 'meter'";
const CHANGED: &str = "UPDATE usage_app.counter SET value = value + 1 WHERE name = 'meter'";
/// Waits for the groups under way, and holds off new ones.
const ALONE: &str = "LOCK TABLE usage_app.claim IN SHARE ROW EXCLUSIVE MODE";
const SERIES: &str = "UPDATE usage_app.counter SET value = value + 1 WHERE name = 'series' RETURNING value";
const METERS: &str = "
    SELECT id, series, key, m.name, description, aggregation, event_type, value_property, event_from,
           metadata, created_at, updated_at, covered,
           ARRAY (SELECT d.name FROM usage_app.dimension d WHERE d.meter = m.id ORDER BY d.name COLLATE \"C\"),
           ARRAY (SELECT d.path FROM usage_app.dimension d WHERE d.meter = m.id ORDER BY d.name COLLATE \"C\")
    FROM usage_app.meter m";

/// Events of before that are added up while groups wait: some seconds' work. A meter of a longer log is
/// read from the log until it is rebuilt.
const COVERED_AT_ONCE: u64 = 1_000_000;

/// The meters that a node knows of: those that cells have.
#[derive(Default)]
pub(super) struct Known(Mutex<Arc<Meters>>);

impl Known {
    /// As last seen: perhaps not those that there are now.
    pub(super) fn last(&self) -> Arc<Meters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those that there are at the moment of the transaction.
    pub(super) async fn now(&self, transaction: &Transaction<'_>) -> Result<Arc<Meters>, StoreError> {
        let row = transaction.query_one(&transaction.prepare_cached(VERSION).await?, &[]).await?;
        let version = row.get::<_, i64>(0).cast_unsigned();
        let last = self.last();
        if last.version == version {
            return Ok(last);
        }
        let all = all(transaction).await?.into_iter().filter(|(_, covered)| *covered);
        let meters: Vec<_> = all.map(|(meter, _)| Arc::new(meter)).collect();
        let meters = Arc::new(Meters::new(&meters, |_| true, version));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = meters.clone();
        Ok(meters)
    }
}

/// All meters in the order in which they were made, each with whether cells have it.
pub(super) async fn all(client: &impl GenericClient) -> Result<Vec<(Meter, bool)>, StoreError> {
    let statement = client.prepare_cached(&format!("{METERS} ORDER BY id COLLATE \"C\"")).await?;
    client.query(&statement, &[]).await?.iter().map(meter).collect()
}

/// A meter, and whether cells have it.
pub(super) async fn find(client: &impl GenericClient, id: MeterId) -> Result<(Meter, bool), StoreError> {
    let statement = client.prepare_cached(&format!("{METERS} WHERE id = $1")).await?;
    let row = client.query_opt(&statement, &[&id.to_string()]).await?;
    meter(&row.ok_or(StoreError::NoMeter)?)
}

fn meter(row: &Row) -> Result<(Meter, bool), StoreError> {
    let id: &str = row.get(0);
    let broken = |what: &str| StoreError::DamagedRow {
        row: format!("meter {id}"),
        what: format!("its {what} is none"),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let path = |bytes: &[u8]| text(bytes).parse().map_err(|_| broken("path"));
    let dimension = |(name, bytes): (String, &[u8])| Ok(Dimension { name, path: path(bytes)? });
    let (names, paths): (Vec<String>, Vec<&[u8]>) = (row.get(13), row.get(14));
    let draft = MeterDraft {
        key: row.get(2),
        name: row.get(3),
        description: row.get(4),
        aggregation: row.get::<_, &str>(5).parse().map_err(|_| broken("aggregation"))?,
        event_type: text(row.get(6)),
        value_property: row.get::<_, Option<&[u8]>>(7).map(path).transpose()?,
        dimensions: names.into_iter().zip(paths).map(dimension).collect::<Result<_, StoreError>>()?,
        event_from: row.get::<_, Option<i64>>(8).map(moment),
        metadata: row.get(9),
    };
    let series = u32::try_from(row.get::<_, i64>(1)).map_err(|_| broken("number of sums"))?;
    let (created_at, updated_at) = (moment(row.get(10)), moment(row.get(11)));
    let id = id.parse().map_err(|_| broken("id"))?;
    Ok((Meter { id, series, draft, created_at, updated_at }, row.get(12)))
}

/// Makes a meter.
pub(super) async fn create(
    transaction: &Transaction<'_>,
    id: MeterId,
    draft: MeterDraft,
    now: Timestamp,
) -> Result<Meter, StoreError> {
    transaction.execute(CHANGED, &[]).await?;
    let count: i64 = transaction.query_one("SELECT count(*) FROM usage_app.meter", &[]).await?.get(0);
    if usize::try_from(count).is_ok_and(|count| count >= MAX_METERS) {
        return Err(StoreError::Conflict(format!("there are {MAX_METERS} meters already; delete one first")));
    }
    let taken = "SELECT id FROM usage_app.meter WHERE key = $1";
    if let Some(other) = transaction.query_opt(taken, &[&draft.key]).await? {
        let other: &str = other.get(0);
        return Err(StoreError::Conflict(format!("slug \"{}\" is that of meter {other}", draft.key)));
    }
    let series = next_series(transaction).await?;
    let meter = Meter { id, series, draft, created_at: now, updated_at: now };
    write(transaction, &meter).await?;
    cover(transaction, &meter).await?;
    Ok(meter)
}

/// Changes a meter.
pub(super) async fn update(
    transaction: &Transaction<'_>,
    id: MeterId,
    draft: MeterDraft,
    now: Timestamp,
) -> Result<Meter, StoreError> {
    transaction.execute(CHANGED, &[]).await?;
    let (before, covered) = find(transaction, id).await?;
    let old = &before.draft;
    let fixed = [
        ("slug", draft.key == old.key),
        ("aggregation", draft.aggregation == old.aggregation),
        ("eventType", draft.event_type == old.event_type),
        ("valueProperty", draft.value_property == old.value_property),
        ("eventFrom", draft.event_from == old.event_from),
    ];
    if let Some((field, _)) = fixed.iter().find(|(_, same)| !same) {
        return Err(StoreError::Conflict(format!("a meter's {field} never changes; make another meter")));
    }
    let same = draft.measures_the_same(&before.draft);
    let series = if same { before.series } else { next_series(transaction).await? };
    let meter = Meter { series, draft, updated_at: now, ..before };
    delete(transaction, id).await?;
    write(transaction, &meter).await?;
    if same {
        set_covered(transaction, &meter, covered).await?;
    } else {
        cover(transaction, &meter).await?;
    }
    Ok(meter)
}

/// Ends a meter.
pub(super) async fn delete(transaction: &Transaction<'_>, id: MeterId) -> Result<(), StoreError> {
    transaction.execute(CHANGED, &[]).await?;
    match transaction.execute("DELETE FROM usage_app.meter WHERE id = $1", &[&id.to_string()]).await? {
        0 => Err(StoreError::NoMeter),
        _ => Ok(()),
    }
}

/// That all meters are in the cells from now on.
pub(super) async fn all_covered(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute(CHANGED, &[]).await?;
    transaction.execute("UPDATE usage_app.meter SET covered = true WHERE NOT covered", &[]).await?;
    Ok(())
}

async fn next_series(transaction: &Transaction<'_>) -> Result<u32, StoreError> {
    let number: i64 = transaction.query_one(SERIES, &[]).await?.get(0);
    u32::try_from(number).map_err(|_| StoreError::Conflict("no number is left for the meter's sums".into()))
}

async fn set_covered(transaction: &Transaction<'_>, meter: &Meter, covered: bool) -> Result<(), StoreError> {
    let sql = "UPDATE usage_app.meter SET covered = $2 WHERE id = $1";
    transaction.execute(sql, &[&meter.id.to_string(), &covered]).await?;
    Ok(())
}

async fn write(transaction: &Transaction<'_>, meter: &Meter) -> Result<(), StoreError> {
    let (id, draft) = (meter.id.to_string(), &meter.draft);
    let value = draft.value_property.as_ref().map(ToString::to_string);
    let sql = "
        INSERT INTO usage_app.meter (id, series, covered, key, name, description, aggregation, event_type,
            value_property, event_from, metadata, created_at, updated_at)
        VALUES ($1, $2, false, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    transaction
        .execute(
            sql,
            &[
                &id,
                &i64::from(meter.series),
                &draft.key,
                &draft.name,
                &draft.description,
                &draft.aggregation.name(),
                &draft.event_type.as_bytes(),
                &value.as_ref().map(String::as_bytes),
                &draft.event_from.map(Timestamp::nanos),
                &draft.metadata,
                &meter.created_at.nanos(),
                &meter.updated_at.nanos(),
            ],
        )
        .await?;
    for dimension in &draft.dimensions {
        let sql = "INSERT INTO usage_app.dimension (meter, name, path) VALUES ($1, $2, $3)";
        let path = dimension.path.to_string();
        transaction.execute(sql, &[&id, &dimension.name, &path.as_bytes()]).await?;
    }
    Ok(())
}

/// Adds up a new meter's usage so far, where that is little; groups wait meanwhile. From the commit on
/// every group adds to it.
async fn cover(transaction: &Transaction<'_>, meter: &Meter) -> Result<(), StoreError> {
    transaction.batch_execute(ALONE).await?;
    if usage::position(transaction).await?.events() > COVERED_AT_ONCE {
        tracing::warn!(
            meter = meter.draft.key,
            "its usage is read from the log, which is long; 'usage_app rebuild' adds it up"
        );
        return Ok(());
    }
    let own = [Arc::new(meter.clone())];
    let (meters, set) = (Meters::new(&own, |_| true, 0), MeterSet::new(own.clone()));
    let mut changes = Changes::default();
    let of_type =
        |stored: &usage_domain::event::StoredEvent| stored.event.event_type == meter.draft.event_type;
    log::effective(transaction, None, Period::ALWAYS, of_type, |stored| {
        let worth = Worth { charge: None, ..Worth::of(stored.event.borrowed(), &set) };
        let order = (stored.event.time, stored.sequence);
        changes.apply(&meters, &stored.event.subject, order, &worth, Sign::Added);
        Ok(())
    })
    .await?;
    if let Some(cells) = changes.encode() {
        let sql = "INSERT INTO usage_app.delta (record, cells)
                   SELECT nextval('usage_app.record_number'), $1";
        transaction.execute(sql, &[&cells]).await?;
    }
    set_covered(transaction, meter, true).await
}
