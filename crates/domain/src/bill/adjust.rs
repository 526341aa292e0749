//! What a finalized bill changed by: the bill of the same inputs made anew, less what was billed.

use super::error::BillError;
use super::inputs::{Adjustment, Inputs};
use super::{Bill, Line};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;
use std::collections::BTreeMap;

/// What was billed for a line of a finalized bill, with all adjustments of it so far. Coupons are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billed {
    /// Exactly.
    pub exact: Ratio,
    /// In whole minor units.
    pub amount: Decimal,
}

/// What the lines of a finalized bill changed by, in the order of their keys. `anew` is its inputs rated
/// once more, without the adjustments that it has itself; `number` is its number, and `billed` says what was
/// billed by the keys of its lines.
///
/// # Errors
/// Figures that do not fit.
pub fn adjustments(
    anew: &Bill,
    inputs: &Inputs,
    number: &str,
    billed: BTreeMap<String, (String, Billed)>,
) -> Result<Vec<Adjustment>, BillError> {
    changes(anew, inputs, number, billed).map_err(|reason| BillError {
        customer: inputs.customer.number,
        month: inputs.month,
        reason: reason.into(),
    })
}

fn changes(
    anew: &Bill,
    inputs: &Inputs,
    number: &str,
    mut billed: BTreeMap<String, (String, Billed)>,
) -> Result<Vec<Adjustment>, DecimalError> {
    let mut changed = BTreeMap::new();
    for line in &anew.lines {
        let now = Billed::of(line)?;
        let then = billed.remove(&line.key).map_or(Billed::NOTHING, |(_, then)| then);
        changed.insert(line.key.clone(), (line.name.clone(), now.less(then)?));
    }
    for (key, (name, then)) in billed {
        changed.insert(key, (name, Billed::NOTHING.less(then)?));
    }
    let categories = super::pay::categories(inputs);
    let changed = changed.into_iter().filter(|(_, (_, by))| !by.amount.is_zero());
    let adjustment = |(line, (name, by)): (String, (String, Billed))| Adjustment {
        month: inputs.month,
        period: inputs.period,
        bill: number.to_string(),
        name,
        exact: by.exact,
        amount: by.amount,
        tax_category: categories.get(&line).map(|category| (*category).to_string()),
        taxes: inputs.taxes.clone(),
        line,
    };
    Ok(changed.map(adjustment).collect())
}

impl Billed {
    /// Nothing at all.
    pub const NOTHING: Billed = Billed { exact: Ratio::ZERO, amount: Decimal::ZERO };

    /// What is billed for a line, without adjustments.
    ///
    /// # Errors
    /// Figures that do not fit.
    pub fn of(line: &Line) -> Result<Billed, DecimalError> {
        let exact = line.exact.sub(line.discount.into())?;
        Ok(Billed { exact, amount: line.amount.sub(line.discount)? })
    }

    fn less(self, then: Billed) -> Result<Billed, DecimalError> {
        Ok(Billed { exact: self.exact.sub(then.exact)?, amount: self.amount.sub(then.amount)? })
    }

    /// Both together.
    ///
    /// # Errors
    /// Figures that do not fit.
    pub fn plus(self, more: Billed) -> Result<Billed, DecimalError> {
        Ok(Billed { exact: self.exact.add(more.exact)?, amount: self.amount.add(more.amount)? })
    }
}
