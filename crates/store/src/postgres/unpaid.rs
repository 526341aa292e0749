//! Subjects that have usage, and when nobody pays for them.

use super::Node;
use super::usage::moment;
use crate::StoreError;
use crate::unpaid::gaps;
use deadpool_postgres::Transaction;
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::time::Period;
use usage_domain::usage::UnpaidTimes;

/// Each subject of the cells once, stepping from one to the next in their index.
const SUBJECTS: &str = "
    WITH RECURSIVE named AS (
        SELECT (SELECT subject FROM usage_app.cell WHERE subject > $1 ORDER BY subject LIMIT 1) AS subject
        UNION ALL
        SELECT (SELECT c.subject FROM usage_app.cell c WHERE c.subject > named.subject
                ORDER BY c.subject LIMIT 1)
        FROM named WHERE named.subject IS NOT NULL
    )
    SELECT subject FROM named WHERE subject IS NOT NULL LIMIT $2";
const PAID: &str = "
    SELECT subject, from_time, until_time FROM usage_app.payer
    JOIN usage_app.customer ON number = customer
    WHERE deleted_at IS NULL AND subject = ANY ($1) ORDER BY subject, from_time";

/// The first `limit` behind `after`, by name, but for those that are paid for at all times.
pub(super) async fn times(
    node: &Node,
    transaction: &Transaction<'_>,
    after: Option<String>,
    limit: usize,
) -> Result<UnpaidTimes, StoreError> {
    // That of everybody has no name, and comes before all others.
    let after = after.unwrap_or_default();
    let statement = transaction.prepare_cached(SUBJECTS).await?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let rows = transaction.query(&statement, &[&after.as_bytes(), &most]).await?;
    let mut names: BTreeSet<String> = rows.iter().map(|row| text(row.get(0))).collect();
    for delta in node.tail.read(transaction).await? {
        let more = delta.charges.subjects().chain(delta.metered.subjects());
        names.extend(more.filter(|name| name.as_str() > after.as_str()).cloned());
    }
    let next = names.iter().nth(limit.saturating_sub(1)).cloned();
    if let Some(last) = &next {
        names.retain(|name| name <= last);
    }
    let asked: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    let statement = transaction.prepare_cached(PAID).await?;
    let mut paid: BTreeMap<String, Vec<Period>> = BTreeMap::new();
    for row in transaction.query(&statement, &[&asked]).await? {
        let period = Period { start: moment(row.get(1)), end: moment(row.get(2)) };
        paid.entry(text(row.get(0))).or_default().push(period);
    }
    let unpaid = |name: String| {
        let gaps = gaps(paid.remove(&name).unwrap_or_default());
        (!gaps.is_empty()).then_some((name, gaps))
    };
    Ok(UnpaidTimes { subjects: names.into_iter().filter_map(unpaid).collect(), next })
}
