//! Customers and who pays for which subject, in SQL.

use super::index::{CustomerRecord, Payment};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, HashMap};
use usage_domain::customer::{Customer, CustomerDraft, CustomerId, MAX_NUMBER, Profile};
use usage_domain::time::{Period, Timestamp};

const CUSTOMER: &str = "number, id, key, name, currency, time_zone, description, primary_email,
    billing_address, metadata, created_at, updated_at FROM customer";
const PAYMENT: &str = "customer, subject, from_time, until_time, listed FROM payer";

/// Reads all customers with what they pay for: both tables once, each in its own order.
pub(super) fn all(connection: &Connection) -> Result<Vec<CustomerRecord>, StoreError> {
    let mut statement =
        connection.prepare(&format!("SELECT {CUSTOMER} WHERE deleted_at IS NULL ORDER BY number"))?;
    let mut paid: HashMap<u64, Vec<Payment>> = HashMap::new();
    // By the primary key, so that no row is looked up: each customer's come by subject and time.
    let sql = format!("SELECT {PAYMENT} ORDER BY subject, from_time");
    for next in connection.prepare(&sql)?.query_map([], payment)? {
        let (number, payment) = next?;
        paid.entry(number).or_default().push(payment);
    }
    let (mut rows, mut records) = (statement.query([])?, Vec::new());
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let payments = paid.remove(&number).unwrap_or_default();
        records.push(CustomerRecord { customer: customer(row, number, &payments)?, payments });
    }
    Ok(records)
}

/// Reads one customer with what it pays for.
pub(super) fn record(connection: &Connection, number: u64) -> Result<CustomerRecord, StoreError> {
    let sql = format!("SELECT {PAYMENT} WHERE customer = ?1 ORDER BY subject, from_time");
    let mut statement = connection.prepare_cached(&sql)?;
    let payments = statement
        .query_map([number], |row| payment(row).map(|(_, payment)| payment))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut statement = connection.prepare_cached(&format!("SELECT {CUSTOMER} WHERE number = ?1"))?;
    let mut rows = statement.query([number])?;
    let row = rows.next()?.ok_or(StoreError::NoCustomer)?;
    let customer = customer(row, number, &payments)?;
    Ok(CustomerRecord { customer, payments })
}

/// A payment and whose it is.
fn payment(row: &Row<'_>) -> rusqlite::Result<(u64, Payment)> {
    let period = Period { start: moment(row.get(2)?), end: moment(row.get(3)?) };
    Ok((row.get(0)?, Payment { subject: row.get(1)?, period, listed: row.get(4)? }))
}

/// Checks that a customer was not deleted since its number was looked up.
pub(super) fn check_live(connection: &Connection, number: u64) -> Result<(), StoreError> {
    connection
        .prepare_cached("SELECT 1 FROM customer WHERE number = ?1 AND deleted_at IS NULL")?
        .exists([number])?
        .then_some(())
        .ok_or(StoreError::NoCustomer)
}

fn customer(row: &Row<'_>, number: u64, payments: &[Payment]) -> Result<Customer, StoreError> {
    let text = |column: usize| row.get::<_, String>(column);
    let broken = |what: &str| StoreError::Catalog(format!("customer {number} has a broken {what}"));
    let now_listed = |p: &&Payment| p.listed && p.period.end == Timestamp::MAX;
    Ok(Customer {
        id: text(1)?.parse().map_err(|_| broken("id"))?,
        number,
        key: row.get(2)?,
        name: text(3)?,
        currency: text(4)?.parse().map_err(|_| broken("currency"))?,
        zone: text(5)?.parse().map_err(|_| broken("time zone"))?,
        subjects: payments.iter().filter(now_listed).map(|p| p.subject.clone()).collect(),
        profile: Profile {
            description: row.get(6)?,
            primary_email: row.get(7)?,
            billing_address: row.get(8)?,
            metadata: row.get(9)?,
        },
        created_at: moment(row.get(10)?),
        updated_at: moment(row.get(11)?),
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
    let taken: Option<u64> = connection
        .prepare_cached("SELECT number FROM customer WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    if let Some(other) = taken {
        return Err(StoreError::Conflict(format!("id {id} is that of customer {other}")));
    }
    if number > MAX_NUMBER {
        return Err(StoreError::Conflict(format!("no number up to {MAX_NUMBER} is free; name one")));
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
    check_live(connection, number)?;
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
    check_live(connection, number)?;
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
