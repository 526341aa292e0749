//! A database's catalog by rows, and what it notes of another store that is moved there.

use super::Limits;
use super::address::Address;
use super::pool::Pool;
use crate::StoreError;
use crate::embedded::projection::claims::HashKey;
use crate::transfer::{Books, Identity, Of, Row, State, Table, Value, identity_of};
use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;
use usage_domain::position::Position;

const SCHEMA: &str = "usage_app.";
const META: &str = "SELECT value FROM usage_app.meta WHERE key = $1";
const NOTE: &str = "
    INSERT INTO usage_app.meta (key, value) VALUES ('moved_from', $1), ('moved_until', $2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
/// What has rows in a database that is not empty.
const ANYTHING: &str = "
    SELECT EXISTS (SELECT FROM usage_app.customer) OR EXISTS (SELECT FROM usage_app.subject)
        OR EXISTS (SELECT FROM usage_app.meter) OR EXISTS (SELECT FROM usage_app.log)";
/// Rows that are sent without waiting for the answers on those before.
const AT_ONCE: usize = 256;

struct Catalog(Pool);

/// The books of a database that has this program's tables.
///
/// # Errors
/// As for opening a node.
pub async fn books(address: &str) -> Result<Box<dyn Books>, StoreError> {
    let pool = Pool::new(Address::read(address)?, &Limits { connections: 1, ..Limits::default() })?;
    drop(pool.first().await?);
    Ok(Box::new(Catalog(pool)))
}

/// Refuses a database that another store is still moved into.
pub(super) async fn check(transaction: &Transaction<'_>, address: &Address) -> Result<(), StoreError> {
    match meta(transaction, "moved_until").await? {
        None => Ok(()),
        Some(_) => Err(address.wrong(
            "another store is being moved here and is not here whole; run 'usage_app migrate-store' again",
        )),
    }
}

async fn meta(client: &impl GenericClient, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(client.query_opt(META, &[&key]).await?.map(|row| row.get(0)))
}

/// How a value's place is written: with its type, which decides how it is sent.
fn place(number: usize, of: Of) -> String {
    let name = match of {
        Of::Number => "bigint",
        Of::Text | Of::Position => "text",
        Of::Bytes => "bytea",
        Of::Flag => "boolean",
    };
    format!("${number}::{name}")
}

/// A value as it is kept here.
fn stored(value: &Value, of: Of) -> Box<dyn ToSql + Sync + Send> {
    let (number, text) = match value {
        Value::None => (None, None),
        Value::Number(number) => (Some(*number), None),
        Value::Text(text) => (None, Some(text.clone())),
    };
    match of {
        Of::Number => Box::new(number),
        Of::Flag => Box::new(number.map(|flag| flag != 0)),
        Of::Text | Of::Position => Box::new(text),
        Of::Bytes => Box::new(text.map(String::into_bytes)),
    }
}

/// The value of a column of a row.
fn read(row: &tokio_postgres::Row, at: usize, of: Of) -> Value {
    let number = |number: Option<i64>| number.map_or(Value::None, Value::Number);
    let text = |text: Option<String>| text.map_or(Value::None, Value::Text);
    match of {
        Of::Number => number(row.get(at)),
        Of::Flag => number(row.get::<_, Option<bool>>(at).map(i64::from)),
        Of::Text | Of::Position => text(row.get(at)),
        Of::Bytes => {
            let bytes = row.get::<_, Option<&[u8]>>(at);
            text(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
        }
    }
}

#[async_trait]
impl Books for Catalog {
    async fn identity(&self) -> Result<Identity, StoreError> {
        let secret = meta(&self.0.get().await?, "secret").await?.and_then(|secret| secret.try_into().ok());
        let secret = secret.ok_or_else(|| self.0.address().wrong("it has no secret"))?;
        Ok(identity_of(&HashKey(secret)))
    }

    async fn state(&self) -> Result<State, StoreError> {
        let client = self.0.get().await?;
        let wrong = || self.0.address().wrong("what it notes of a move is broken");
        let Some(from) = meta(&client, "moved_from").await? else {
            let holds = client.query_one(ANYTHING, &[]).await?.get(0);
            return Ok(if holds { State::InUse } else { State::Empty });
        };
        let from: Identity = from.try_into().map_err(|_| wrong())?;
        let Some(until) = meta(&client, "moved_until").await? else { return Ok(State::Done(from)) };
        let until = String::from_utf8(until).ok().and_then(|text| text.parse().ok());
        Ok(State::UnderWay(from, until.ok_or_else(wrong)?))
    }

    async fn note(&self, from: Identity, until: &Position) -> Result<(), StoreError> {
        let until = until.to_string();
        self.0.get().await?.execute(NOTE, &[&from.as_slice(), &until.as_bytes()]).await?;
        Ok(())
    }

    async fn finish(&self) -> Result<(), StoreError> {
        self.0.get().await?.execute("DELETE FROM usage_app.meta WHERE key = 'moved_until'", &[]).await?;
        Ok(())
    }

    async fn rows(&self, table: &Table, after: Option<&Row>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let client = self.0.get().await?;
        let statement = client.prepare_cached(&table.page(after.is_some(), place, SCHEMA, limit)).await?;
        let key = after.map_or(&[][..], |row| &row[..table.key]).iter().zip(table.columns);
        let key: Vec<_> = key.map(|(value, (_, of))| stored(value, *of)).collect();
        let key: Vec<&(dyn ToSql + Sync)> = key.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
        let rows = client.query(&statement, &key).await?;
        let values = |row: &tokio_postgres::Row| {
            table.columns.iter().enumerate().map(|(at, (_, of))| read(row, at, *of)).collect()
        };
        Ok(rows.iter().map(values).collect())
    }

    async fn last_revision(&self) -> Result<i64, StoreError> {
        let sql = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM usage_app.revision";
        Ok(self.0.get().await?.query_one(sql, &[]).await?.get(0))
    }

    async fn skip_revisions(&self, until: i64) -> Result<(), StoreError> {
        let sql = "SELECT setval('usage_app.revision', $1) FROM usage_app.revision
                   WHERE last_value < $1 OR (last_value = $1 AND NOT is_called)";
        self.0.get().await?.execute(sql, &[&until]).await?;
        Ok(())
    }

    async fn put(&self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let mut client = self.0.get().await?;
        let transaction = client.transaction().await?;
        let (update, insert) = (table.update(place, SCHEMA), table.insert(place, SCHEMA));
        let sql =
            format!("WITH there AS ({update} RETURNING 1) {insert} WHERE NOT EXISTS (SELECT FROM there)");
        let statement = transaction.prepare_cached(&sql).await?;
        for part in rows.chunks(AT_ONCE) {
            let puts = part.iter().map(|row| {
                let values: Vec<_> =
                    row.iter().zip(table.columns).map(|(value, (_, of))| stored(value, *of)).collect();
                let (transaction, statement) = (&transaction, &statement);
                async move {
                    let values = values.iter().map(|value| &**value as &(dyn ToSql + Sync));
                    transaction.execute(statement, &values.collect::<Vec<_>>()).await
                }
            });
            try_join_all(puts).await?;
        }
        if let Some(counter) = table.counter {
            let (number, table) = (table.columns[0].0, table.name);
            let sql = format!(
                "UPDATE usage_app.counter SET value = greatest(value, (SELECT max({number}) FROM {SCHEMA}{table}))
                 WHERE name = $1"
            );
            transaction.execute(&sql, &[&counter]).await?;
        }
        Ok(transaction.commit().await?)
    }
}
