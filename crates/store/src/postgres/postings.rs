//! Postings, in SQL.
//!
//! Usage is read first, without holding anything, then posted if no other request posted a reading
//! of the same or a later moment meanwhile: of two requests the later one never posts an older one.

use super::pool::snapshot;
use super::usage::moment;
use super::{Node, customers, usage};
use crate::{PostRequest, StoreError};
use deadpool_postgres::{GenericClient, Transaction};
use usage_domain::customer::CustomerId;
use usage_domain::money::Money;
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::time::Month;
use usage_domain::usage::Usage;

/// How often a request reads again because others posted newer readings. Each time one of them did.
const ATTEMPTS: usize = 100;

/// The posting of a customer's month.
pub(super) async fn find(
    client: &impl GenericClient,
    customer: CustomerId,
    month: Month,
) -> Result<Option<Posting>, StoreError> {
    let sql = "
        SELECT p.id, p.accumulated, p.currency, p.changes, p.position, p.created_at, p.updated_at
        FROM usage_app.customer c LEFT JOIN usage_app.posting p ON p.customer = c.number AND p.month = $2
        WHERE c.id = $1 AND c.deleted_at IS NULL";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&customer.to_string(), &month.to_string()]).await?;
    let row = row.ok_or(StoreError::NoCustomer)?;
    let Some(id) = row.get::<_, Option<i64>>(0) else { return Ok(None) };
    let broken = |what: &str| StoreError::DamagedRow {
        row: format!("posting {id}"),
        what: format!("its {what} is none"),
    };
    let text = |column: usize| row.get::<_, &str>(column);
    Ok(Some(Posting {
        id: id.cast_unsigned(),
        customer,
        month,
        accumulated: Money {
            amount: text(1).parse().map_err(|_| broken("amount"))?,
            currency: text(2).parse().map_err(|_| broken("currency"))?,
        },
        changes: row.get::<_, i64>(3).cast_unsigned(),
        position: text(4).parse().map_err(|_| broken("position"))?,
        created_at: moment(row.get(5)),
        updated_at: moment(row.get(6)),
    }))
}

/// Posts a customer's usage of a month if any of it is new.
pub(super) async fn post(node: &Node, request: &PostRequest) -> Result<PostOutcome, StoreError> {
    for _ in 0..ATTEMPTS {
        let mut client = node.pool.get().await?;
        let transaction = snapshot(&mut client).await?;
        let before = find(&transaction, request.customer, request.month).await?;
        let paid = customers::paid_subjects(&transaction, request.customer).await?;
        let usage = usage::read(node, &transaction, paid, request.period).await?;
        transaction.commit().await?;
        match before {
            None if usage.changes() == 0 => return Ok(PostOutcome::NoUsage),
            Some(posting) if posting.changes == usage.changes() => {
                return Ok(PostOutcome::NothingNew(posting));
            }
            _ => {}
        }
        let total = (request.rate)(usage.clone())?;
        let transaction = client.transaction().await?;
        if let Some(outcome) = put(&transaction, request, &usage, total).await? {
            transaction.commit().await?;
            return Ok(outcome);
        }
    }
    Err(StoreError::Overloaded)
}

/// Puts the posting of a reading; `None` where a later reading is posted already.
async fn put(
    transaction: &Transaction<'_>,
    request: &PostRequest,
    usage: &Usage,
    total: Money,
) -> Result<Option<PostOutcome>, StoreError> {
    let (customer, month) = (request.customer, request.month);
    // Of requests for the same customer one holds this row, the others wait for its commit.
    let sql = "SELECT number FROM usage_app.customer WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE";
    let statement = transaction.prepare_cached(sql).await?;
    let row = transaction.query_opt(&statement, &[&customer.to_string()]).await?;
    let number: i64 = row.ok_or(StoreError::NoCustomer)?.get(0);
    let before = find(transaction, customer, month).await?;
    match &before {
        Some(posting) if posting.changes == usage.changes() => {
            return Ok(Some(PostOutcome::NothingNew(posting.clone())));
        }
        Some(posting) if !usage.position.covers(&posting.position) => return Ok(None),
        _ => {}
    }
    let id = match &before {
        Some(posting) => posting.id.cast_signed(),
        None => {
            // Held until the commit, and taken back with it: numbers have no gaps.
            let sql = "UPDATE usage_app.counter SET value = value + 1 WHERE name = 'posting' RETURNING value";
            transaction.query_one(&transaction.prepare_cached(sql).await?, &[]).await?.get(0)
        }
    };
    let sql = "
        INSERT INTO usage_app.posting
            (id, customer, month, accumulated, currency, changes, position, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        ON CONFLICT (id) DO UPDATE SET accumulated = $4, currency = $5, changes = $6, position = $7,
            updated_at = $8";
    let statement = transaction.prepare_cached(sql).await?;
    let changes = i64::try_from(usage.changes()).unwrap_or(i64::MAX);
    transaction
        .execute(
            &statement,
            &[
                &id,
                &number,
                &month.to_string(),
                &total.figure(),
                &total.currency.code(),
                &changes,
                &usage.position.to_string(),
                &request.now.nanos(),
            ],
        )
        .await?;
    let posting = find(transaction, customer, month).await?.ok_or(StoreError::NoCustomer)?;
    Ok(Some(PostOutcome::Posted(posting)))
}
