//! A folder's catalog by rows, and what it notes of another store that is moved there.
//!
//! Works on a connection of its own, beside that of a store that may be open: a store that was open does not
//! know of rows that are put here until it is opened again.

use super::folder::Layout;
use super::projection::claims::HashKey;
use crate::StoreError;
use crate::transfer::{Books, Identity, Of, Row, State, Table, Value, identity_of};
use async_trait::async_trait;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use usage_domain::position::Position;

/// How long another connection's transaction is waited for.
const BUSY: Duration = Duration::from_secs(30);
/// What has rows in a catalog that is not empty.
const ANYTHING: &str = "
    SELECT EXISTS (SELECT 1 FROM customer) OR EXISTS (SELECT 1 FROM subject) OR EXISTS (SELECT 1 FROM meter)";

struct Catalog(Mutex<Connection>);

/// The books of a folder that has a catalog.
///
/// # Errors
/// When it cannot be opened.
pub fn books(folder: &Path) -> Result<Box<dyn Books>, StoreError> {
    Ok(Box::new(Catalog(Mutex::new(open(&Layout::of(folder).catalog)?))))
}

fn open(catalog: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(catalog)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// Refuses a catalog that another store is still moved into.
pub(super) fn check(catalog: &Path) -> Result<(), StoreError> {
    match meta(&open(catalog)?, "moved_until")? {
        None => Ok(()),
        Some(_) => Err(StoreError::WrongFolder {
            path: catalog.parent().map_or_else(PathBuf::new, Path::to_path_buf),
            reason:
                "another store is being moved here and is not here whole; run 'usage_app migrate-store' again"
                    .into(),
        }),
    }
}

fn meta(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    Ok(connection.query_row(sql, [key], |row| row.get(0)).optional()?)
}

impl Catalog {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Books for Catalog {
    async fn identity(&self) -> Result<Identity, StoreError> {
        let secret = meta(&self.connection(), "secret")?.and_then(|secret| secret.try_into().ok());
        let secret = secret.ok_or_else(|| StoreError::Catalog("it has no secret".into()))?;
        Ok(identity_of(&HashKey(secret)))
    }

    async fn state(&self) -> Result<State, StoreError> {
        let connection = self.connection();
        let wrong = |what: &str| StoreError::Catalog(format!("what it notes of a move is broken: {what}"));
        let from = meta(&connection, "moved_from")?;
        let Some(from) = from else {
            let holds: bool = connection.query_row(ANYTHING, [], |row| row.get(0))?;
            return Ok(if holds { State::InUse } else { State::Empty });
        };
        let from: Identity = from.try_into().map_err(|_| wrong("from which store"))?;
        let Some(until) = meta(&connection, "moved_until")? else { return Ok(State::Done(from)) };
        let until = String::from_utf8(until).ok().and_then(|text| text.parse().ok());
        Ok(State::UnderWay(from, until.ok_or_else(|| wrong("until which position"))?))
    }

    async fn note(&self, from: Identity, until: &Position) -> Result<(), StoreError> {
        let until = until.to_string();
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for (key, value) in [("moved_from", from.as_slice()), ("moved_until", until.as_bytes())] {
            transaction.execute(
                "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
                (key, value),
            )?;
        }
        Ok(transaction.commit()?)
    }

    async fn finish(&self) -> Result<(), StoreError> {
        self.connection().execute("DELETE FROM meta WHERE key = 'moved_until'", [])?;
        Ok(())
    }

    async fn rows(&self, table: &Table, after: Option<&Row>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let sql = table.page(after.is_some(), |place, _| format!("?{place}"), "", limit);
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&sql)?;
        let after = after.map_or(&[][..], |row| &row[..table.key]);
        let mut rows = statement.query(params_from_iter(after))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let values = table.columns.iter().enumerate().map(|(place, (_, of))| {
                Ok(match of {
                    Of::Number | Of::Flag => {
                        row.get::<_, Option<i64>>(place)?.map_or(Value::None, Value::Number)
                    }
                    Of::Text | Of::Bytes => {
                        row.get::<_, Option<String>>(place)?.map_or(Value::None, Value::Text)
                    }
                    Of::Position => Value::Text(Position::after(row.get(place)?).to_string()),
                })
            });
            read.push(values.collect::<rusqlite::Result<Row>>()?);
        }
        Ok(read)
    }

    async fn last_revision(&self) -> Result<i64, StoreError> {
        let sql = "SELECT value FROM counter WHERE name = 'revision'";
        Ok(self.connection().query_row(sql, [], |row| row.get(0))?)
    }

    async fn skip_revisions(&self, until: i64) -> Result<(), StoreError> {
        let sql = "UPDATE counter SET value = max(value, ?1) WHERE name = 'revision'";
        self.connection().execute(sql, [until])?;
        Ok(())
    }

    async fn put(&self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        {
            let mut update = transaction.prepare_cached(&table.update(|place, _| format!("?{place}"), ""))?;
            let mut insert = transaction.prepare_cached(&table.insert(|place, _| format!("?{place}"), ""))?;
            for row in rows {
                let values: Vec<Stored<'_>> =
                    row.iter().zip(table.columns).map(|(value, (_, of))| Stored(value, *of)).collect();
                if update.execute(params_from_iter(&values))? == 0 {
                    insert.execute(params_from_iter(&values))?;
                }
            }
        }
        Ok(transaction.commit()?)
    }
}

/// A value of a column as it is kept here.
struct Stored<'a>(&'a Value, Of);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match (self.0, self.1) {
            (Value::Text(text), Of::Position) => {
                let position: Position = text.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
                Ok(ToSqlOutput::from(position.events().cast_signed()))
            }
            (value, _) => value.to_sql(),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::None => ToSqlOutput::from(rusqlite::types::Null),
            Value::Number(number) => ToSqlOutput::from(*number),
            Value::Text(text) => ToSqlOutput::from(text.as_str()),
        })
    }
}
