//! Bills as a FOCUS dataset (FinOps Open Cost and Usage Specification 1.2, CSV).
//!
//! Owns which rows a bill becomes. A line becomes rows of what was used or bought, of the credits that paid
//! for it, and of its taxes. The rows of a bill add up to its total, to the last digit; a bill whose rows
//! would not is refused. Texts are written as they are, because FOCUS demands it: no spreadsheet should
//! open this file without importing it as data.

mod columns;
mod credits;
mod parts;
mod row;
mod shares;
mod taxes;
mod used;

use crate::error::FaceError;
use crate::figure::Figures;
use credits::Grants;
use row::Row;
use std::io::Write;
use usage_api::bill::Bill;
use usage_domain::decimal::Decimal;

/// Who makes services available and sends the bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Whose service it is (`ProviderName`).
    pub name: String,
    /// Who makes it (`PublisherName`).
    pub publisher: String,
    /// Who sends the bill (`InvoiceIssuerName`).
    pub issuer: String,
}

impl Provider {
    /// One that makes, offers and bills its services itself.
    #[must_use]
    pub fn named(name: &str) -> Provider {
        Provider { name: name.to_string(), publisher: name.to_string(), issuer: name.to_string() }
    }
}

/// Writes bills as they come, so that a month of all customers needs no memory.
///
/// Voided bills have no rows: nothing is owed for them. Charges in other currencies, which are not in a
/// bill's total, have none either.
pub struct FocusExport<'p, W: Write> {
    rows: csv::Writer<W>,
    provider: &'p Provider,
}

impl<'p, W: Write> FocusExport<'p, W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(out: W, provider: &'p Provider) -> Result<FocusExport<'p, W>, FaceError> {
        let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        rows.write_record(columns::COLUMNS.iter().map(|(name, _)| name))?;
        Ok(FocusExport { rows, provider })
    }

    /// Adds the rows of a bill, all or none.
    ///
    /// # Errors
    /// A figure of the bill is none, its rows do not add up to its total, or they cannot be written.
    pub fn bill(&mut self, bill: &Bill) -> Result<(), FaceError> {
        for row in rows(bill)? {
            let cell = |(_, cell): &(&str, columns::Cell)| cell(&row, self.provider);
            self.rows.write_record(columns::COLUMNS.iter().map(cell))?;
        }
        Ok(())
    }

    /// Writes what is left and returns where it went.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> Result<W, FaceError> {
        self.rows.into_inner().map_err(|error| FaceError::Write(error.into_error()))
    }
}

/// The rows of a bill.
fn rows(bill: &Bill) -> Result<Vec<Row<'_>>, FaceError> {
    let figures = Figures(bill);
    let (mut rows, mut grants) = (Vec::new(), Grants::of(figures)?);
    if bill.status == "void" {
        return Ok(rows);
    }
    for line in &bill.lines {
        let used = used::rows(figures, line)?;
        let credits = grants.rows(figures, line)?;
        let taxes = taxes::rows(figures, line, &used)?;
        rows.extend(used.into_iter().chain(credits).chain(taxes));
    }
    let sum = rows.iter().try_fold(Decimal::ZERO, |sum, row| figures.fits(sum.add(row.billed)))?;
    if sum != figures.read("the total", &bill.total)? {
        let (bill_name, total) = (figures.name(), bill.total.clone());
        return Err(FaceError::Sum { bill: bill_name, rows: sum.to_string(), total });
    }
    Ok(rows)
}
