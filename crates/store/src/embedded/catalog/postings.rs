//! Postings, in SQL.

use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use usage_domain::customer::CustomerId;
use usage_domain::money::Money;
use usage_domain::position::Position;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::time::{Month, Timestamp};
use usage_domain::usage::Usage;

const COLUMNS: &str = "posting.id, month, accumulated, posting.currency, changes, position, posting.created_at, posting.updated_at";

/// The posting of a customer's month.
pub(super) fn find(
    connection: &Connection,
    customer: CustomerId,
    number: u64,
    month: Month,
) -> Result<Option<Posting>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM posting WHERE customer = ?1 AND month = ?2");
    connection
        .prepare_cached(&sql)?
        .query_row(params![number, month.to_string()], |row| Ok(read(row, customer)))
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>, customer: CustomerId) -> Result<Posting, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let broken = |what: &str| StoreError::Catalog(format!("a posting has a broken {what}"));
    let moment =
        |column| Ok::<_, StoreError>(Timestamp::from_nanos(row.get(column)?).unwrap_or(Timestamp::MIN));
    Ok(Posting {
        id: row.get(0)?,
        customer,
        month: text(1)?.parse().map_err(|_| broken("month"))?,
        accumulated: Money {
            amount: text(2)?.parse().map_err(|_| broken("amount"))?,
            currency: text(3)?.parse().map_err(|_| broken("currency"))?,
        },
        changes: row.get(4)?,
        position: Position::after(row.get(5)?),
        created_at: moment(6)?,
        updated_at: moment(7)?,
    })
}

/// Posts usage if any of it is new.
pub(super) fn post(
    connection: &Connection,
    (customer, number): (CustomerId, u64),
    month: Month,
    usage: &Usage,
    total: Money,
    now: Timestamp,
) -> Result<PostOutcome, StoreError> {
    let before = find(connection, customer, number, month)?;
    match before {
        None if usage.changes() == 0 => return Ok(PostOutcome::NoUsage),
        Some(posting) if posting.changes == usage.changes() => return Ok(PostOutcome::NothingNew(posting)),
        _ => {}
    }
    connection
        .prepare_cached(
            "INSERT INTO posting (customer, month, accumulated, currency, changes, position, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
             ON CONFLICT (customer, month) DO UPDATE SET accumulated = ?3, currency = ?4, changes = ?5,
                 position = ?6, updated_at = ?7",
        )?
        .execute(params![
            number,
            month.to_string(),
            total.figure(),
            total.currency.code(),
            usage.changes(),
            usage.position.events(),
            now.nanos(),
        ])?;
    let posting = find(connection, customer, number, month)?.ok_or(StoreError::Closed)?;
    Ok(PostOutcome::Posted(posting))
}
