//! Customers and who pays for which subject, in SQL.

use super::index::{CustomerRecord, Payment};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, Profile};
use usage_domain::time::{Period, Timestamp};

/// Reads all customers with what they pay for.
pub(super) fn all(connection: &Connection) -> Result<Vec<CustomerRecord>, StoreError> {
    let mut statement =
        connection.prepare("SELECT number FROM customer WHERE deleted_at IS NULL ORDER BY number")?;
    let numbers = statement.query_map([], |row| row.get::<_, u64>(0))?.collect::<Result<Vec<_>, _>>()?;
    numbers.into_iter().map(|number| record(connection, number)).collect()
}

/// Reads one customer with what it pays for.
pub(super) fn record(connection: &Connection, number: u64) -> Result<CustomerRecord, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT subject, from_time, until_time, listed FROM payer WHERE customer = ?1 ORDER BY subject, from_time",
    )?;
    let payments = statement
        .query_map([number], |row| {
            let (start, end): (i64, i64) = (row.get(1)?, row.get(2)?);
            let period = Period { start: moment(start), end: moment(end) };
            Ok(Payment { subject: row.get(0)?, period, listed: row.get(3)? })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut statement = connection.prepare_cached(
        "SELECT id, key, name, currency, time_zone, description, primary_email, billing_address, metadata,
                created_at, updated_at FROM customer WHERE number = ?1",
    )?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or(StoreError::NoCustomer)?;
    let customer = customer(row, number, &payments)?;
    Ok(CustomerRecord { customer, payments })
}

fn customer(row: &Row<'_>, number: u64, payments: &[Payment]) -> Result<Customer, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let broken = |what: &str| StoreError::Catalog(format!("customer {number} has a broken {what}"));
    let now_listed = |p: &&Payment| p.listed && p.period.end == Timestamp::MAX;
    Ok(Customer {
        id: text(0)?.parse().map_err(|_| broken("id"))?,
        number,
        key: row.get(1)?,
        name: text(2)?,
        currency: text(3)?.parse().map_err(|_| broken("currency"))?,
        zone: text(4)?.parse().map_err(|_| broken("time zone"))?,
        subjects: payments.iter().filter(now_listed).map(|p| p.subject.clone()).collect(),
        profile: Profile {
            description: row.get(5)?,
            primary_email: row.get(6)?,
            billing_address: row.get(7)?,
            metadata: row.get(8)?,
        },
        created_at: moment(row.get(9)?),
        updated_at: moment(row.get(10)?),
    })
}

fn moment(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MIN)
}

/// Makes a customer; gives its number.
pub(super) fn create(
    connection: &Connection,
    id: CustomerId,
    draft: &CustomerDraft,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let number = match draft.number {
        Some(number) => number,
        None => connection
            .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM customer")?
            .query_row([], |row| row.get(0))?,
    };
    let taken: Option<String> = connection
        .prepare_cached("SELECT name FROM customer WHERE number = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    if let Some(name) = taken {
        return Err(StoreError::Conflict(format!("number {number} is that of customer {name}")));
    }
    check_key(connection, number, draft)?;
    let profile = &draft.profile;
    connection
        .prepare_cached(
            "INSERT INTO customer (number, id, key, name, currency, time_zone, description, primary_email,
                                   billing_address, metadata, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        )?
        .execute(params![
            number,
            id.to_string(),
            draft.key,
            draft.name,
            draft.currency.code(),
            draft.zone.name(),
            profile.description,
            profile.primary_email,
            profile.billing_address,
            profile.metadata,
            now.nanos(),
        ])?;
    pay(connection, number, draft, now)?;
    Ok(number)
}

/// Changes a customer.
pub(super) fn update(
    connection: &Connection,
    number: u64,
    draft: &CustomerDraft,
    now: Timestamp,
) -> Result<(), StoreError> {
    if draft.number.is_some_and(|wanted| wanted != number) {
        return Err(StoreError::Conflict(format!("a customer's number never changes: it is {number}")));
    }
    check_key(connection, number, draft)?;
    let profile = &draft.profile;
    connection
        .prepare_cached(
            "UPDATE customer SET key = ?2, name = ?3, currency = ?4, time_zone = ?5, description = ?6,
                    primary_email = ?7, billing_address = ?8, metadata = ?9, updated_at = ?10 WHERE number = ?1",
        )?
        .execute(params![
            number,
            draft.key,
            draft.name,
            draft.currency.code(),
            draft.zone.name(),
            profile.description,
            profile.primary_email,
            profile.billing_address,
            profile.metadata,
            now.nanos(),
        ])?;
    pay(connection, number, draft, now)
}

/// Ends a customer.
pub(super) fn delete(connection: &Connection, number: u64, now: Timestamp) -> Result<(), StoreError> {
    end_payments(connection, number, &BTreeMap::new(), now)?;
    connection
        .prepare_cached("UPDATE customer SET deleted_at = ?2, updated_at = ?2 WHERE number = ?1")?
        .execute(params![number, now.nanos()])?;
    Ok(())
}

fn check_key(connection: &Connection, number: u64, draft: &CustomerDraft) -> Result<(), StoreError> {
    let Some(key) = &draft.key else { return Ok(()) };
    let taken: Option<u64> = connection
        .prepare_cached("SELECT number FROM customer WHERE key = ?1 AND deleted_at IS NULL AND number <> ?2")?
        .query_row(params![key, number], |row| row.get(0))
        .optional()?;
    match taken {
        Some(other) => Err(StoreError::Conflict(format!("key \"{key}\" is that of customer {other}"))),
        None => Ok(()),
    }
}

/// Makes the customer pay for exactly the subjects of the draft from now on.
fn pay(
    connection: &Connection,
    number: u64,
    draft: &CustomerDraft,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut wanted: BTreeMap<&str, bool> = BTreeMap::new();
    wanted.extend(draft.key.as_deref().map(|key| (key, false)));
    wanted.extend(draft.subjects.iter().map(|subject| (subject.as_str(), true)));
    end_payments(connection, number, &wanted, now)?;
    for (subject, listed) in wanted {
        let last: Option<(u64, i64)> = connection
            .prepare_cached(
                "SELECT customer, until_time FROM payer WHERE subject = ?1 ORDER BY from_time DESC LIMIT 1",
            )?
            .query_row([subject], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let still = last.filter(|(_, until)| *until == Timestamp::MAX.nanos());
        match still {
            Some((payer, _)) if payer == number => {
                connection
                    .prepare_cached("UPDATE payer SET listed = ?2 WHERE subject = ?1 AND until_time = ?3")?
                    .execute(params![subject, listed, Timestamp::MAX.nanos()])?;
            }
            Some((payer, _)) => {
                return Err(StoreError::Conflict(format!(
                    "subject \"{subject}\" is paid for by customer {payer}"
                )));
            }
            None => {
                let from = last.map_or(Timestamp::MIN.nanos(), |(_, until)| until.max(now.nanos()));
                connection
                    .prepare_cached(
                        "INSERT INTO payer (subject, from_time, until_time, customer, listed)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![subject, from, Timestamp::MAX.nanos(), number, listed])?;
            }
        }
    }
    Ok(())
}

/// Ends what the customer pays for and does not want to any more.
fn end_payments(
    connection: &Connection,
    number: u64,
    wanted: &BTreeMap<&str, bool>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT subject FROM payer WHERE customer = ?1 AND until_time = ?2")?;
    let paid = statement
        .query_map(params![number, Timestamp::MAX.nanos()], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for subject in paid.iter().filter(|subject| !wanted.contains_key(subject.as_str())) {
        // A payment that has not begun yet never was.
        connection
            .prepare_cached("DELETE FROM payer WHERE subject = ?1 AND customer = ?2 AND from_time >= ?3")?
            .execute(params![subject, number, now.nanos()])?;
        connection
            .prepare_cached(
                "UPDATE payer SET until_time = ?3 WHERE subject = ?1 AND customer = ?2 AND until_time = ?4",
            )?
            .execute(params![subject, number, now.nanos(), Timestamp::MAX.nanos()])?;
    }
    Ok(())
}
