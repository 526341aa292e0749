//! Rows of credits: what grants paid of a line.

use super::row::{Category, Row};
use crate::error::FaceError;
use crate::figure::Figures;
use std::collections::VecDeque;
use usage_api::bill::Line;
use usage_domain::decimal::Decimal;

/// What is left of the bill's credits while its lines are walked over. Grants pay in their order, and each
/// pays lines in theirs: so a bill is made, and so each payment is found again.
pub(super) struct Grants<'a>(VecDeque<(&'a str, Decimal)>);

impl<'a> Grants<'a> {
    /// The credits of a bill.
    pub(super) fn of(figures: Figures<'a>) -> Result<Grants<'a>, FaceError> {
        let credits = figures.0.credits.iter();
        let read = |amount: &str| figures.read("the amount of a credit", amount);
        Ok(Grants(
            credits
                .map(|credit| Ok((credit.name.as_str(), read(&credit.amount)?)))
                .collect::<Result<_, FaceError>>()?,
        ))
    }

    /// A row for each grant that paid for the line.
    pub(super) fn rows(&mut self, figures: Figures<'a>, line: &'a Line) -> Result<Vec<Row<'a>>, FaceError> {
        let mut open = figures.or_zero("the credit of a line", line.credit_amount.as_deref())?;
        let mut rows = Vec::new();
        while !open.is_zero() {
            let Some((name, left)) = self.0.front_mut() else { break };
            let paid = open.min(*left);
            if !paid.is_zero() {
                rows.push(row(figures, line, name, paid.negate()));
            }
            open = figures.fits(open.sub(paid))?;
            *left = figures.fits(left.sub(paid))?;
            if left.is_zero() {
                self.0.pop_front();
            } else {
                break;
            }
        }
        // A bill whose credits are fewer than those of its lines does not add up, and is refused for it.
        Ok(rows)
    }
}

fn row<'a>(figures: Figures<'a>, line: &'a Line, name: &str, billed: Decimal) -> Row<'a> {
    Row {
        bill: figures.0,
        line,
        category: Category::Credit,
        frequency: "One-Time",
        description: format!("{name}, for {}", line.service),
        billed,
        list: billed,
        priced: None,
        consumed: None,
        sku: None,
        discount: Decimal::ZERO,
    }
}
