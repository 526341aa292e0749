//! Rows of credits: what grants paid of a line.

use super::row::{Category, Row};
use crate::error::FaceError;
use crate::figure::Figures;
use std::collections::VecDeque;
use usage_api::bill::Line;
use usage_domain::decimal::Decimal;

/// What is left of the bill's credits while its lines are walked over. Grants pay in their order, and each
/// pays lines in theirs, first those before taxes and then those after: so a bill is made, and so each payment
/// is found again.
pub(super) struct Grants<'a> {
    before_taxes: Left<'a>,
    after_taxes: Left<'a>,
}

/// Names, and what is left.
type Left<'a> = VecDeque<(&'a str, Decimal)>;

impl<'a> Grants<'a> {
    /// The credits of a bill.
    pub(super) fn of(figures: Figures<'a>) -> Result<Grants<'a>, FaceError> {
        let read = |amount: &str| figures.read("the amount of a credit", amount);
        let left = |after: bool| {
            let of = figures.0.credits.iter().filter(move |credit| credit.after_taxes == after);
            of.map(|credit| Ok((credit.name.as_str(), read(&credit.amount)?)))
                .collect::<Result<_, FaceError>>()
        };
        Ok(Grants { before_taxes: left(false)?, after_taxes: left(true)? })
    }

    /// A row for each grant that paid for the line.
    pub(super) fn rows(&mut self, figures: Figures<'a>, line: &'a Line) -> Result<Vec<Row<'a>>, FaceError> {
        let mut rows = Vec::new();
        for (grants, open) in [
            (&mut self.before_taxes, line.credit_amount.as_deref()),
            (&mut self.after_taxes, line.settled_amount.as_deref()),
        ] {
            let open = figures.or_zero("the credit of a line", open)?;
            pay(grants, open, figures, line, &mut rows)?;
        }
        Ok(rows)
    }
}

/// Adds a row for each grant that paid a part of what is `open`.
fn pay<'a>(
    grants: &mut Left<'a>,
    mut open: Decimal,
    figures: Figures<'a>,
    line: &'a Line,
    rows: &mut Vec<Row<'a>>,
) -> Result<(), FaceError> {
    while !open.is_zero() {
        // A bill whose credits are fewer than those of its lines does not add up, and is refused for it.
        let Some((name, left)) = grants.front_mut() else { break };
        let paid = open.min(*left);
        if !paid.is_zero() {
            rows.push(row(figures, line, name, paid.negate()));
        }
        open = figures.fits(open.sub(paid))?;
        *left = figures.fits(left.sub(paid))?;
        if left.is_zero() {
            grants.pop_front();
        } else {
            break;
        }
    }
    Ok(())
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
