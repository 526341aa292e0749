//! Customers and who pays for which subject, in SQL.
//!
//! Changes are made one at a time, whichever node they come to: each holds the row of a counter until
//! its commit, so that numbers, keys and subjects are free when it says so.

use super::usage::moment;
use crate::StoreError;
use deadpool_postgres::{GenericClient, Transaction};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use usage_domain::customer::{
    Customer, CustomerDraft, CustomerId, CustomerRef, MAX_NUMBER, PaidSubject, Profile,
};
use usage_domain::time::{Period, Timestamp};

const COLUMNS: &str = "number, id, key, name, currency, time_zone, description, primary_email,
    billing_address, metadata, created_at, updated_at,
    ARRAY (SELECT subject FROM usage_app.payer WHERE payer.customer = number AND listed
           AND until_time = 9214646400000000000 ORDER BY subject)";

/// Finds a customer; of a name that may be several things, a key is tried first, then a number.
const FIND: &str = "WHERE deleted_at IS NULL AND (key = $1 OR number = $2 OR id = $3)
    ORDER BY CASE WHEN key = $1 THEN 0 WHEN number = $2 THEN 1 ELSE 2 END LIMIT 1";

fn customer(row: &Row) -> Result<Customer, StoreError> {
    let number: i64 = row.get(0);
    let broken = |what: &str| StoreError::DamagedRow {
        row: format!("customer {number}"),
        what: format!("its {what} is none"),
    };
    let subject = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Customer {
        id: row.get::<_, &str>(1).parse().map_err(|_| broken("id"))?,
        number: number.cast_unsigned(),
        key: row.get(2),
        name: row.get(3),
        currency: row.get::<_, &str>(4).parse().map_err(|_| broken("currency"))?,
        zone: row.get::<_, &str>(5).parse().map_err(|_| broken("time zone"))?,
        subjects: row.get::<_, Vec<&[u8]>>(12).into_iter().map(subject).collect(),
        profile: Profile {
            description: row.get(6),
            primary_email: row.get(7),
            billing_address: row.get(8),
            metadata: row.get(9),
        },
        created_at: moment(row.get(10)),
        updated_at: moment(row.get(11)),
    })
}

/// A figure as the database keeps it; none that large is that of a customer.
fn figure(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The customer of this name.
pub(super) async fn find(
    client: &impl GenericClient,
    name: &CustomerRef,
) -> Result<Option<Customer>, StoreError> {
    let (mut key, mut number, mut id) = (None, None, None);
    match name {
        CustomerRef::Key(text) => key = Some(text.as_str()),
        CustomerRef::Number(figure) => number = Some(*figure),
        CustomerRef::Id(of) => id = Some(of.to_string()),
        CustomerRef::Any(text) => {
            key = Some(text.as_str());
            number = text.parse().ok();
            id = text.parse::<CustomerId>().ok().map(|id| id.to_string());
        }
    }
    // The database has no text with this character, and does not take one.
    let key = key.filter(|key| !key.contains('\0'));
    let number = number.map(figure);
    let statement = format!("SELECT {COLUMNS} FROM usage_app.customer {FIND}");
    let statement = client.prepare_cached(&statement).await?;
    client.query_opt(&statement, &[&key, &number, &id]).await?.as_ref().map(customer).transpose()
}

/// Customers by number, and how many there are in all.
pub(super) async fn page(
    transaction: &Transaction<'_>,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Customer>, u64), StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM usage_app.customer WHERE deleted_at IS NULL ORDER BY number OFFSET $1 LIMIT $2"
    );
    let statement = transaction.prepare_cached(&sql).await?;
    let rows = transaction.query(&statement, &[&figure(offset), &figure(limit)]).await?;
    let sql = "SELECT count(*) FROM usage_app.customer WHERE deleted_at IS NULL";
    let count: i64 = transaction.query_one(&transaction.prepare_cached(sql).await?, &[]).await?.get(0);
    Ok((rows.iter().map(customer).collect::<Result<_, _>>()?, count.cast_unsigned()))
}

/// The subjects that a customer pays or paid for.
pub(super) async fn paid_subjects(
    client: &impl GenericClient,
    id: CustomerId,
) -> Result<Vec<PaidSubject>, StoreError> {
    let sql = "
        SELECT subject, from_time, until_time FROM usage_app.customer
        LEFT JOIN usage_app.payer ON payer.customer = number
        WHERE id = $1 AND deleted_at IS NULL ORDER BY subject, from_time";
    let rows = client.query(&client.prepare_cached(sql).await?, &[&id.to_string()]).await?;
    if rows.is_empty() {
        return Err(StoreError::NoCustomer);
    }
    let paid = |row: &Row| {
        let subject = row.get::<_, Option<&[u8]>>(0)?;
        let period = Period { start: moment(row.get(1)), end: moment(row.get(2)) };
        Some(PaidSubject { subject: String::from_utf8_lossy(subject).into_owned(), period })
    };
    Ok(rows.iter().filter_map(paid).collect())
}

/// Who pays for a subject's usage at a moment.
pub(super) async fn payer(
    client: &impl GenericClient,
    subject: &str,
    time: Timestamp,
) -> Result<Option<CustomerId>, StoreError> {
    let sql = "
        SELECT id FROM usage_app.payer JOIN usage_app.customer ON number = payer.customer
        WHERE subject = $1 AND from_time <= $2 AND until_time > $2 AND deleted_at IS NULL";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&subject.as_bytes(), &time.nanos()]).await?;
    Ok(row.and_then(|row| row.get::<_, &str>(0).parse().ok()))
}

/// Holds off every other change of customers and subjects until the end of the transaction.
pub(super) async fn hold(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let sql = "SELECT value FROM usage_app.counter WHERE name = 'customer' FOR UPDATE";
    transaction.query_one(&transaction.prepare_cached(sql).await?, &[]).await?;
    Ok(())
}

/// The number of a customer that was not deleted.
async fn number(transaction: &Transaction<'_>, id: CustomerId) -> Result<i64, StoreError> {
    let sql = "SELECT number FROM usage_app.customer WHERE id = $1 AND deleted_at IS NULL";
    let statement = transaction.prepare_cached(sql).await?;
    let row = transaction.query_opt(&statement, &[&id.to_string()]).await?;
    row.map(|row| row.get(0)).ok_or(StoreError::NoCustomer)
}

async fn by_id(transaction: &Transaction<'_>, id: CustomerId) -> Result<Customer, StoreError> {
    find(transaction, &CustomerRef::Id(id)).await?.ok_or(StoreError::NoCustomer)
}

/// Makes a customer.
pub(super) async fn create(
    transaction: &Transaction<'_>,
    id: CustomerId,
    draft: &CustomerDraft,
    now: Timestamp,
) -> Result<Customer, StoreError> {
    hold(transaction).await?;
    let number = match draft.number {
        Some(number) => figure(number),
        None => {
            let sql = "SELECT coalesce(max(number), 0) + 1 FROM usage_app.customer";
            transaction.query_one(&transaction.prepare_cached(sql).await?, &[]).await?.get(0)
        }
    };
    let sql =
        "SELECT name, number FROM usage_app.customer WHERE number = $1 OR id = $2 ORDER BY number <> $1";
    let statement = transaction.prepare_cached(sql).await?;
    if let Some(taken) = transaction.query(&statement, &[&number, &id.to_string()]).await?.first() {
        let (name, other): (&str, i64) = (taken.get(0), taken.get(1));
        return Err(StoreError::Conflict(match other == number {
            true => format!("number {number} is that of customer {name}"),
            false => format!("id {id} is that of customer {other}"),
        }));
    }
    if number > figure(MAX_NUMBER) {
        return Err(StoreError::Conflict(format!("no number up to {MAX_NUMBER} is free; name one")));
    }
    check_key(transaction, number, draft).await?;
    let sql = "
        INSERT INTO usage_app.customer (number, id, key, name, currency, time_zone, description,
            primary_email, billing_address, metadata, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)";
    let (statement, profile) = (transaction.prepare_cached(sql).await?, &draft.profile);
    transaction
        .execute(
            &statement,
            &[
                &number,
                &id.to_string(),
                &draft.key,
                &draft.name,
                &draft.currency.code(),
                &draft.zone.name(),
                &profile.description,
                &profile.primary_email,
                &profile.billing_address,
                &profile.metadata,
                &now.nanos(),
            ],
        )
        .await?;
    pay(transaction, number, draft, now).await?;
    by_id(transaction, id).await
}

/// Changes a customer.
pub(super) async fn update(
    transaction: &Transaction<'_>,
    id: CustomerId,
    draft: &CustomerDraft,
    now: Timestamp,
) -> Result<Customer, StoreError> {
    hold(transaction).await?;
    let number = number(transaction, id).await?;
    if draft.number.is_some_and(|wanted| figure(wanted) != number) {
        return Err(StoreError::Conflict(format!("a customer's number never changes: it is {number}")));
    }
    check_key(transaction, number, draft).await?;
    let sql = "
        UPDATE usage_app.customer SET key = $2, name = $3, currency = $4, time_zone = $5, description = $6,
            primary_email = $7, billing_address = $8, metadata = $9, updated_at = $10 WHERE number = $1";
    let (statement, profile) = (transaction.prepare_cached(sql).await?, &draft.profile);
    transaction
        .execute(
            &statement,
            &[
                &number,
                &draft.key,
                &draft.name,
                &draft.currency.code(),
                &draft.zone.name(),
                &profile.description,
                &profile.primary_email,
                &profile.billing_address,
                &profile.metadata,
                &now.nanos(),
            ],
        )
        .await?;
    pay(transaction, number, draft, now).await?;
    by_id(transaction, id).await
}

/// Ends a customer.
pub(super) async fn delete(
    transaction: &Transaction<'_>,
    id: CustomerId,
    now: Timestamp,
) -> Result<(), StoreError> {
    hold(transaction).await?;
    let number = number(transaction, id).await?;
    end_payments(transaction, number, &BTreeMap::new(), now).await?;
    let sql = "UPDATE usage_app.customer SET deleted_at = $2, updated_at = $2 WHERE number = $1";
    transaction.execute(&transaction.prepare_cached(sql).await?, &[&number, &now.nanos()]).await?;
    Ok(())
}

async fn check_key(
    transaction: &Transaction<'_>,
    number: i64,
    draft: &CustomerDraft,
) -> Result<(), StoreError> {
    let Some(key) = &draft.key else { return Ok(()) };
    let sql = "SELECT number FROM usage_app.customer WHERE key = $1 AND deleted_at IS NULL AND number <> $2";
    let statement = transaction.prepare_cached(sql).await?;
    match transaction.query_opt(&statement, &[key, &number]).await? {
        Some(other) => {
            let other: i64 = other.get(0);
            Err(StoreError::Conflict(format!("key \"{key}\" is that of customer {other}")))
        }
        None => Ok(()),
    }
}

/// Makes the customer pay for exactly the subjects of the draft from now on.
async fn pay(
    transaction: &Transaction<'_>,
    number: i64,
    draft: &CustomerDraft,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut wanted: BTreeMap<&[u8], bool> = BTreeMap::new();
    wanted.extend(draft.key.as_deref().map(|key| (key.as_bytes(), false)));
    wanted.extend(draft.subjects.iter().map(|subject| (subject.as_bytes(), true)));
    end_payments(transaction, number, &wanted, now).await?;
    let forever = Timestamp::MAX.nanos();
    let last = "SELECT customer, until_time FROM usage_app.payer WHERE subject = $1
                ORDER BY from_time DESC LIMIT 1";
    let last = transaction.prepare_cached(last).await?;
    for (subject, listed) in wanted {
        let before = transaction.query_opt(&last, &[&subject]).await?;
        let before: Option<(i64, i64)> = before.map(|row| (row.get(0), row.get(1)));
        match before {
            Some((payer, until)) if until == forever && payer == number => {
                let sql = "UPDATE usage_app.payer SET listed = $2 WHERE subject = $1 AND until_time = $3";
                let statement = transaction.prepare_cached(sql).await?;
                transaction.execute(&statement, &[&subject, &listed, &forever]).await?;
            }
            Some((payer, until)) if until == forever => {
                let subject = String::from_utf8_lossy(subject);
                let text = format!("subject \"{subject}\" is paid for by customer {payer}");
                return Err(StoreError::Conflict(text));
            }
            _ => {
                let from = before.map_or(Timestamp::MIN.nanos(), |(_, until)| until.max(now.nanos()));
                let sql = "INSERT INTO usage_app.payer (subject, from_time, until_time, customer, listed)
                           VALUES ($1, $2, $3, $4, $5)";
                let statement = transaction.prepare_cached(sql).await?;
                transaction.execute(&statement, &[&subject, &from, &forever, &number, &listed]).await?;
            }
        }
    }
    Ok(())
}

/// Ends what the customer pays for and does not want to any more.
async fn end_payments(
    transaction: &Transaction<'_>,
    number: i64,
    wanted: &BTreeMap<&[u8], bool>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept: Vec<&[u8]> = wanted.keys().copied().collect();
    let (now, forever) = (now.nanos(), Timestamp::MAX.nanos());
    // A payment that has not begun yet never was.
    let sql = "DELETE FROM usage_app.payer WHERE customer = $1 AND until_time = $2 AND from_time >= $3
               AND subject <> ALL ($4)";
    let statement = transaction.prepare_cached(sql).await?;
    transaction.execute(&statement, &[&number, &forever, &now, &kept]).await?;
    let sql = "UPDATE usage_app.payer SET until_time = $3 WHERE customer = $1 AND until_time = $2
               AND subject <> ALL ($4)";
    let statement = transaction.prepare_cached(sql).await?;
    transaction.execute(&statement, &[&number, &forever, &now, &kept]).await?;
    Ok(())
}
