//! Lines of bills as CSV, one row each.
//!
//! Owns the columns, which are part of the product: new ones are added at the end, none is ever renamed,
//! removed or given another meaning. Figures are the bill's own texts, with all their digits. A text that a
//! spreadsheet would take for a formula is never written as it is: see [`csv`](crate::csv()).

use crate::error::FaceError;
use crate::figure::Figures;
use std::borrow::Cow;
use std::io::Write;
use usage_api::bill::{Bill, Line};
use usage_domain::decimal::Decimal;

/// The columns, in their order.
pub const COLUMNS: [&str; 37] = [
    "bill_number",
    "bill_id",
    "status",
    "customer_number",
    "customer_id",
    "customer_key",
    "customer_name",
    "month",
    "time_zone",
    "currency",
    "line",
    "kind",
    "service",
    "from",
    "to",
    "subscription",
    "plan",
    "plan_version",
    "item",
    "meter",
    "share",
    "minimum_amount",
    "adjusts_month",
    "adjusts_bill",
    "adjusts_line",
    "quantity",
    "unit",
    "unit_price",
    "events",
    "exact_amount",
    "amount",
    "discount_amount",
    "credit_amount",
    "included_tax_amount",
    "added_tax_amount",
    "total",
    "settled_amount",
];

/// Writes bills as they come, so that a month of all customers needs no memory.
pub struct CsvExport<W: Write> {
    rows: csv::Writer<W>,
}

impl<W: Write> CsvExport<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(out: W) -> Result<CsvExport<W>, FaceError> {
        let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        rows.write_record(COLUMNS)?;
        Ok(CsvExport { rows })
    }

    /// Adds the lines of a bill.
    ///
    /// # Errors
    /// A figure of the bill is none, or the rows cannot be written.
    pub fn bill(&mut self, bill: &Bill) -> Result<(), FaceError> {
        for line in &bill.lines {
            self.rows.write_record(row(bill, line)?.iter().map(Cow::as_ref))?;
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

fn row<'a>(bill: &'a Bill, line: &'a Line) -> Result<[Cow<'a, str>; 37], FaceError> {
    let customer = &bill.customer;
    let (plan, adjusts) = (line.plan.as_ref(), line.adjusts.as_ref());
    let (included, added) = taxes(bill, line)?;
    Ok([
        text(bill.number.as_deref()),
        text(bill.id.as_deref()),
        text(Some(&bill.status)),
        customer.number.to_string().into(),
        text(Some(&customer.id)),
        text(customer.key.as_deref()),
        text(Some(&customer.name)),
        text(Some(&bill.month)),
        text(Some(&bill.time_zone)),
        text(Some(&bill.currency)),
        text(Some(&line.key)),
        text(Some(&line.kind)),
        text(Some(&line.service)),
        text(Some(&line.from)),
        text(Some(&line.to)),
        text(plan.map(|plan| plan.subscription.as_str())),
        text(plan.map(|plan| plan.plan.as_str())),
        plan.map(|plan| plan.version.to_string()).unwrap_or_default().into(),
        text(plan.and_then(|plan| plan.item.as_deref())),
        text(plan.and_then(|plan| plan.meter.as_deref())),
        text(plan.and_then(|plan| plan.share.as_deref())),
        figure(plan.and_then(|plan| plan.minimum_amount.as_deref())),
        text(adjusts.map(|adjusts| adjusts.month.as_str())),
        text(adjusts.and_then(|adjusts| adjusts.bill.as_deref())),
        text(adjusts.map(|adjusts| adjusts.line.as_str())),
        figure(line.quantity.as_deref()),
        text(line.unit.as_deref()),
        figure(line.unit_price.as_deref()),
        line.events.to_string().into(),
        figure(Some(&line.exact_amount)),
        figure(Some(&line.amount)),
        figure(line.discount_amount.as_deref()),
        figure(line.credit_amount.as_deref()),
        included.into(),
        added.into(),
        figure(Some(&line.total)),
        figure(line.settled_amount.as_deref()),
    ])
}

/// What the line's taxes come to: those that are in its amount, and those that are added to it.
fn taxes(bill: &Bill, line: &Line) -> Result<(String, String), FaceError> {
    let figures = Figures(bill);
    let sum = |inclusive: bool| {
        let mut taxes = line.taxes.iter().filter(|tax| tax.inclusive == inclusive).peekable();
        if taxes.peek().is_none() {
            return Ok(String::new());
        }
        let digits = taxes.clone().map(|tax| decimals(&tax.amount)).max().unwrap_or_default();
        let sum = taxes.try_fold(Decimal::ZERO, |sum, tax| {
            figures.fits(sum.add(figures.read("the amount of a tax", &tax.amount)?))
        })?;
        Ok::<String, FaceError>(format!("{sum:.digits$}"))
    };
    Ok((sum(true)?, sum(false)?))
}

/// Digits after the point.
fn decimals(figure: &str) -> usize {
    figure.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// A figure is written as it is: a sign before digits makes no formula.
fn figure(figure: Option<&str>) -> Cow<'_, str> {
    Cow::Borrowed(figure.unwrap_or_default())
}

/// A text that begins like a formula (some spreadsheets take full-width signs, too), or with the apostrophe
/// that marks one here, gets an apostrophe.
fn text(text: Option<&str>) -> Cow<'_, str> {
    let text = text.unwrap_or_default();
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}
