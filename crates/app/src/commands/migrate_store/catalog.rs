//! Everything beside the log: meters through the contract, so that the log is added up for them; the rest, and
//! what the contract does not say of meters, row by row.

use crate::failure::Failure;
use std::collections::BTreeSet;
use usage_store::Store;
use usage_store::transfer::{Books, Row, TABLES, Table};

/// Rows that are held at a time.
const ROWS: usize = 500;

/// Makes the meters that are not there yet.
pub(super) async fn meters(from: &dyn Store, to: &dyn Store) -> Result<(), Failure> {
    let there: BTreeSet<_> = to.meters().await?.into_iter().map(|meter| meter.id).collect();
    for meter in from.meters().await? {
        if !there.contains(&meter.id) {
            to.create_meter(meter.id, meter.draft, meter.created_at).await?;
        }
    }
    Ok(())
}

/// Copies the rows of all tables.
pub(super) async fn copy(from: &dyn Books, to: &dyn Books) -> Result<(), Failure> {
    for table in TABLES {
        let mut pages = Pages::of(table);
        while let Some(rows) = pages.next(from).await? {
            to.put(table, &rows).await?;
        }
    }
    Ok(to.skip_revisions(from.last_revision().await?).await?)
}

/// A table's rows, page by page.
pub(super) struct Pages<'a> {
    table: &'a Table,
    last: Option<Row>,
}

impl<'a> Pages<'a> {
    pub(super) fn of(table: &'a Table) -> Pages<'a> {
        Pages { table, last: None }
    }

    pub(super) async fn next(&mut self, books: &dyn Books) -> Result<Option<Vec<Row>>, Failure> {
        let rows = books.rows(self.table, self.last.as_ref(), ROWS).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.last = Some(last.clone());
        Ok(Some(rows))
    }
}
