//! Flat: one amount for a period, or once and for all, whatever the usage.

use super::Stage;
use super::line::{Category, Item};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// A fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flat {
    /// What it is.
    pub amount: Decimal,
    /// When it is billed.
    pub due: Due,
}

/// When a fee is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Due {
    /// In every period, with its first part.
    InAdvance,
    /// In every period, with its last part.
    #[default]
    InArrears,
    /// In one period alone, with its first part; it is never prorated.
    Once,
}

impl Flat {
    /// The fee for a `share` of the period.
    pub(super) fn items(&self, stage: Stage, share: Ratio) -> Result<Vec<Item>, DecimalError> {
        let fee = match self.due {
            Due::InArrears if stage == Stage::Running => return Ok(Vec::new()),
            Due::InArrears | Due::InAdvance => share.mul(self.amount.into())?,
            Due::Once => self.amount.into(),
        };
        Ok(vec![Item::once(0, Category::Flat, fee)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown};

    #[test]
    fn a_fee_is_due_at_its_end_of_the_period_and_for_its_share_of_it() {
        use Due::{InAdvance, InArrears, Once};
        use Stage::{Ended, Running};
        for (due, stage, share, bill) in [
            (InAdvance, Running, "1", "1 + 100 = 100"),
            (InAdvance, Ended, "1", "1 + 100 = 100"),
            (InArrears, Running, "1", ""),
            (InArrears, Ended, "1", "1 + 100 = 100"),
            (InArrears, Ended, "0.25", "1 + 25 = 25"),
            (InAdvance, Running, "31", "1 + 100/31 = 100/31"),
            (Once, Running, "31", "1 + 100 = 100"),
        ] {
            let share = if share == "31" { Ratio::new(d("1"), d("31")).unwrap() } else { d(share).into() };
            let items = Flat { amount: d("100"), due }.items(stage, share).unwrap();
            assert_eq!(shown(&items), bill, "{due:?} {stage:?}");
        }
    }
}
