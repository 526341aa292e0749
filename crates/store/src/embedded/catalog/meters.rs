//! Meters, in SQL. Each has a number of its own for its sums, and another once what it sums up changes.

use super::{Catalog, Change};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::Arc;
use usage_domain::meter::{Dimension, MAX_METERS, Meter, MeterDraft, MeterId};
use usage_domain::time::Timestamp;

const METER: &str = "id, series, key, name, description, aggregation, event_type, value_property, event_from,
    metadata, created_at, updated_at FROM meter";

impl Catalog {
    pub(crate) async fn create_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Arc<Meter>, StoreError> {
        self.submit(move |db| {
            let meter = Arc::new(create(db, id, draft, now)?);
            Ok((meter.clone(), Change::Meter(meter)))
        })
        .await
    }

    pub(crate) async fn update_meter(
        &self,
        id: MeterId,
        draft: MeterDraft,
        now: Timestamp,
    ) -> Result<Arc<Meter>, StoreError> {
        self.submit(move |db| {
            let meter = Arc::new(update(db, id, draft, now)?);
            Ok((meter.clone(), Change::Meter(meter)))
        })
        .await
    }

    pub(crate) async fn delete_meter(&self, id: MeterId) -> Result<(), StoreError> {
        self.submit(move |db| {
            delete(db, id)?;
            Ok(((), Change::MeterDeleted(id)))
        })
        .await
    }
}

/// Reads all meters.
pub(super) fn all(connection: &Connection) -> Result<Vec<Meter>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT {METER} ORDER BY id"))?;
    let (mut rows, mut meters) = (statement.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        meters.push(meter(connection, row)?);
    }
    Ok(meters)
}

fn find(connection: &Connection, id: MeterId) -> Result<Meter, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {METER} WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_string()])?;
    let row = rows.next()?.ok_or(StoreError::NoMeter)?;
    meter(connection, row)
}

fn meter(connection: &Connection, row: &Row<'_>) -> Result<Meter, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let id = text(0)?;
    let broken = |what: &str| StoreError::Catalog(format!("meter {id} has a broken {what}"));
    let moment = |nanos: i64| Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MIN);
    let path = |text: String| text.parse().map_err(|_| broken("path"));
    let mut dimensions = Vec::new();
    let mut statement =
        connection.prepare_cached("SELECT name, path FROM dimension WHERE meter = ?1 ORDER BY name")?;
    for next in statement.query_map([&id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))? {
        let (name, text) = next?;
        dimensions.push(Dimension { name, path: path(text)? });
    }
    Ok(Meter {
        id: id.parse().map_err(|_| broken("id"))?,
        series: row.get(1)?,
        draft: MeterDraft {
            key: text(2)?,
            name: row.get(3)?,
            description: row.get(4)?,
            aggregation: text(5)?.parse().map_err(|_| broken("aggregation"))?,
            event_type: text(6)?,
            value_property: row.get::<_, Option<String>>(7)?.map(path).transpose()?,
            dimensions,
            event_from: row.get::<_, Option<i64>>(8)?.map(moment),
            metadata: row.get(9)?,
        },
        created_at: moment(row.get(10)?),
        updated_at: moment(row.get(11)?),
    })
}

fn create(
    connection: &Connection,
    id: MeterId,
    draft: MeterDraft,
    now: Timestamp,
) -> Result<Meter, StoreError> {
    let count: usize = connection.query_row("SELECT count(*) FROM meter", [], |row| row.get(0))?;
    if count >= MAX_METERS {
        return Err(StoreError::Conflict(format!("there are {MAX_METERS} meters already; delete one first")));
    }
    let taken: Option<String> = connection
        .prepare_cached("SELECT id FROM meter WHERE key = ?1")?
        .query_row([&draft.key], |row| row.get(0))
        .optional()?;
    if let Some(other) = taken {
        return Err(StoreError::Conflict(format!("slug \"{}\" is that of meter {other}", draft.key)));
    }
    let meter = Meter { id, series: next_series(connection, id)?, draft, created_at: now, updated_at: now };
    write(connection, &meter)?;
    Ok(meter)
}

fn update(
    connection: &Connection,
    id: MeterId,
    draft: MeterDraft,
    now: Timestamp,
) -> Result<Meter, StoreError> {
    let before = find(connection, id)?;
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
    let series = if draft.measures_the_same(old) { before.series } else { next_series(connection, id)? };
    let meter = Meter { series, draft, updated_at: now, ..before };
    delete(connection, id)?;
    write(connection, &meter)?;
    Ok(meter)
}

fn delete(connection: &Connection, id: MeterId) -> Result<(), StoreError> {
    match connection.prepare_cached("DELETE FROM meter WHERE id = ?1")?.execute([id.to_string()])? {
        0 => Err(StoreError::NoMeter),
        _ => Ok(()),
    }
}

fn next_series(connection: &Connection, id: MeterId) -> Result<u32, StoreError> {
    connection.prepare_cached("INSERT INTO series (meter) VALUES (?1)")?.execute([id.to_string()])?;
    u32::try_from(connection.last_insert_rowid())
        .map_err(|_| StoreError::Conflict("no number is left for the meter's sums".into()))
}

fn write(connection: &Connection, meter: &Meter) -> Result<(), StoreError> {
    let (id, draft) = (meter.id.to_string(), &meter.draft);
    connection
        .prepare_cached(
            "INSERT INTO meter (id, series, key, name, description, aggregation, event_type, value_property,
                                event_from, metadata, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            id,
            meter.series,
            draft.key,
            draft.name,
            draft.description,
            draft.aggregation.name(),
            draft.event_type,
            draft.value_property.as_ref().map(ToString::to_string),
            draft.event_from.map(Timestamp::nanos),
            draft.metadata,
            meter.created_at.nanos(),
            meter.updated_at.nanos(),
        ])?;
    for dimension in &draft.dimensions {
        connection
            .prepare_cached("INSERT INTO dimension (meter, name, path) VALUES (?1, ?2, ?3)")?
            .execute(params![id, dimension.name, dimension.path.to_string()])?;
    }
    Ok(())
}
