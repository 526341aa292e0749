//! Rows of taxes, one for each tax of a line.
//!
//! A tax that is in the line's amount is taken out of it and stands in a row of its own, like every other:
//! what a customer pays in taxes is what the rows of taxes say. The list cost of a line has such a tax in it,
//! because its price does; so the list cost of that tax is zero.

use super::row::{Category, Row};
use crate::error::FaceError;
use crate::figure::Figures;
use usage_api::bill::{BilledTax, Line, LineTax};
use usage_domain::decimal::Decimal;
use usage_domain::rounding::half_away_from_zero;

/// Digits after the point of a list cost that a rate is multiplied with, so that the product fits.
const DIGITS: u8 = 18;

/// What of the line's amount is tax.
pub(super) fn included(figures: Figures<'_>, line: &Line) -> Result<Decimal, FaceError> {
    let mut taxes = line.taxes.iter().filter(|tax| tax.inclusive);
    taxes.try_fold(Decimal::ZERO, |sum, tax| figures.fits(sum.add(amount(figures, tax)?)))
}

/// The rows; `used` are those of the line itself.
pub(super) fn rows<'a>(
    figures: Figures<'a>,
    line: &'a Line,
    used: &[Row<'a>],
) -> Result<Vec<Row<'a>>, FaceError> {
    line.taxes.iter().map(|tax| row(figures, line, tax, used)).collect()
}

fn row<'a>(
    figures: Figures<'a>,
    line: &'a Line,
    tax: &LineTax,
    used: &[Row<'a>],
) -> Result<Row<'a>, FaceError> {
    let billed = amount(figures, tax)?;
    let total = total(figures, line, tax);
    let has_price = used.iter().any(|row| row.priced.is_some());
    let list = match total {
        Some(_) if has_price && tax.inclusive => Decimal::ZERO,
        Some(total) if has_price => {
            let rate = figures.read("the rate of a tax", &total.rate)?;
            let lists = used.iter().try_fold(Decimal::ZERO, |sum, row| figures.fits(sum.add(row.list)))?;
            figures.fits(half_away_from_zero(lists, DIGITS).and_then(|list| list.mul(rate)))?
        }
        _ => billed,
    };
    Ok(Row {
        bill: figures.0,
        line,
        category: Category::Tax,
        frequency: used.first().map_or("One-Time", |row| row.frequency),
        description: format!("{}, on {}", total.map_or(&tax.tax, |total| &total.name), line.service),
        billed,
        list,
        priced: None,
        consumed: None,
        sku: None,
        discount: Decimal::ZERO,
    })
}

/// What the bill says of the tax. It lists the taxes of its own lines before those of adjustments, whose
/// rates may be older ones: which one an adjustment's is cannot be told, where there are several.
fn total<'a>(figures: Figures<'a>, line: &Line, tax: &LineTax) -> Option<&'a BilledTax> {
    let is_it = |total: &&BilledTax| total.tax == tax.tax && total.inclusive == tax.inclusive;
    let mut totals = figures.0.taxes.iter().filter(is_it);
    let first = totals.next();
    first.filter(|_| line.adjusts.is_none() || totals.next().is_none())
}

fn amount(figures: Figures<'_>, tax: &LineTax) -> Result<Decimal, FaceError> {
    figures.read("the amount of a tax", &tax.amount)
}
