//! What a finalized bill changed by: the bill of the same inputs made anew, less what was billed.

use super::error::BillError;
use super::inputs::{Adjustment, Inputs};
use super::{Bill, Line, Source};
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
/// once more; `number` is its number, if it had one, and `billed` says what was billed by the keys of its lines. Lines of
/// the bill that adjust earlier ones are left alone: they are adjusted with those.
///
/// What was billed and the adjustments add up to the bill anew, to the minor unit, coupons included. Taxes
/// are those of the amounts of the adjustments, each rounded by itself.
///
/// # Errors
/// Figures that do not fit.
pub fn adjustments(
    anew: &Bill,
    inputs: &Inputs,
    number: Option<&str>,
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
    number: Option<&str>,
    mut billed: BTreeMap<String, (String, Billed)>,
) -> Result<Vec<Adjustment>, DecimalError> {
    let mut changed = BTreeMap::new();
    // What a bill has to adjust of earlier ones is theirs.
    let own = |line: &&Line| !matches!(line.source, Source::Adjustment { .. });
    for line in anew.lines.iter().filter(own) {
        let now = Billed::of(line)?;
        let then = billed.remove(&line.key).map_or(Billed::NOTHING, |(_, then)| then);
        changed.insert(line.key.clone(), (line.name.clone(), now.less(then)?));
    }
    billed.retain(|key, _| !key.starts_with("adjustment/"));
    for (key, (name, then)) in billed {
        changed.insert(key, (name, Billed::NOTHING.less(then)?));
    }
    let categories = super::pay::categories(inputs);
    let changed = changed.into_iter().filter(|(_, (_, by))| !by.amount.is_zero());
    let adjustment = |(line, (name, by)): (String, (String, Billed))| Adjustment {
        month: inputs.month,
        period: inputs.period,
        bill: number.map(str::to_string),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::Measured;
    use crate::bill::fixtures::*;

    fn billed(bill: &Bill) -> BTreeMap<String, (String, Billed)> {
        let entry = |line: &Line| (line.key.clone(), (line.name.clone(), Billed::of(line).unwrap()));
        bill.lines.iter().map(entry).collect()
    }

    fn of(
        inputs: &Inputs,
        measured: Measured,
        billed: BTreeMap<String, (String, Billed)>,
    ) -> Vec<Adjustment> {
        adjustments(&rate(inputs, measured), inputs, Some("7"), billed).unwrap()
    }

    fn shown(adjustments: &[Adjustment]) -> Vec<String> {
        adjustments.iter().map(|by| format!("{} {}", by.name, by.amount)).collect()
    }

    #[test]
    fn lines_that_appear_go_or_turn_are_adjusted_by_what_they_changed_by() {
        for (then, now, off, changes) in [
            (vec!["10", "5"], vec!["10", "5"], "0%", vec![]),
            (vec!["10"], vec!["10", "5"], "0%", vec!["B 5"]),
            (vec!["10", "5"], vec!["10"], "0%", vec!["B -5"]),
            (vec!["10"], vec!["-3"], "0%", vec!["A -13"]),
            (vec!["10", "5"], vec![], "0%", vec!["A -10", "B -5"]),
            // Less than a minor unit is not billed, and not forgotten.
            (vec!["0.004"], vec!["0.006"], "0%", vec!["A 0.01"]),
            (vec!["0.001"], vec!["0.004"], "0%", vec![]),
            (vec!["10"], vec!["20"], "10%", vec!["A 9"]),
            // A coupon of an amount is taken off what there is then.
            (vec!["3"], vec!["20"], "5", vec!["A 15"]),
            (vec!["10", "10"], vec!["10", "30"], "8", vec!["A 2", "B 18"]),
        ] {
            let mut inputs = inputs("USD");
            inputs.coupons = coupons("USD", &[off]);
            let bill = rate(&inputs, charges(&then));
            let adjusted = of(&inputs, charges(&now), billed(&bill));
            assert_eq!(shown(&adjusted), changes, "{then:?} {now:?}");
            let anew = rate(&inputs, charges(&now));
            let net = |bill: &Bill| {
                bill.lines.iter().fold(Decimal::ZERO, |sum, line| {
                    sum.add(line.amount).unwrap().sub(line.discount).unwrap()
                })
            };
            let all = adjusted.iter().fold(net(&bill), |sum, by| sum.add(by.amount).unwrap());
            assert_eq!(all, net(&anew));
        }
    }

    #[test]
    fn what_was_adjusted_already_is_not_adjusted_again() {
        let inputs = inputs("USD");
        let mut so_far = billed(&rate(&inputs, charges(&["0.333"])));
        let mut steps = Vec::new();
        for now in ["0.666", "0.666", "0.996", "0.1"] {
            let adjusted = of(&inputs, charges(&[now]), so_far.clone());
            for by in &adjusted {
                let entry = so_far.get_mut(&by.line).unwrap();
                entry.1 = entry.1.plus(Billed { exact: by.exact, amount: by.amount }).unwrap();
            }
            steps.push(shown(&adjusted).join(", "));
        }
        assert_eq!(steps, ["A 0.34", "", "A 0.33", "A -0.9"]);
        assert_eq!(so_far["charges/A"].1, Billed { exact: d("0.1").into(), amount: d("0.1") });
    }

    #[test]
    fn an_adjustment_has_the_taxes_of_its_bill_and_no_coupon_of_the_next() {
        let mut old = inputs("USD");
        old.taxes = taxes(&["10 reduced"]);
        old.segments.push(segment(1, (1, 31), None, &["calls units 1 reduced"]));
        let bill = rate(&old, used(&[&["50"]]));
        let mut next = inputs("USD");
        next.adjustments = of(&old, used(&[&["30"]]), billed(&bill));
        (next.taxes, next.coupons, next.credits) =
            (taxes(&["20"]), coupons("USD", &["50%"]), credits(&["5"]));
        let bill = rate(&next, charges(&["40"]));
        assert_eq!(
            (
                each(&bill, |line| line.discount),
                each(&bill, |line| line.credit),
                each(&bill, |line| line.total)
            ),
            (vec!["20".into(), "0".into()], vec!["0".into(), "0".into()], vec!["24".into(), "-22".into()])
        );
        assert_eq!(bill.lines[1].key, format!("adjustment/2026-11/7/{}/calls", old.segments[0].subscription));
        assert_eq!(bill.lines[1].name, "calls (2026-11, bill 7)");
        assert_eq!(bill.total.to_string(), "$2.00");
    }

    #[test]
    fn a_credit_of_what_is_owed_less_is_worth_what_a_line_of_it_is_whatever_the_next_bill_is_taxed_with() {
        for (tax, less, next, total) in [
            ("19", "23.8", "19", "95.2"),
            ("=19", "20", "=19", "80"),
            ("19", "23.8", "7", "83.2"),
            ("19", "23.8", "19 reduced", "76.2"),
        ] {
            let mut old = inputs("USD");
            old.taxes = taxes(&[tax]);
            let bill = rate(&old, charges(&["50"]));
            let new = Inputs { taxes: taxes(&[next]), ..old.clone() };
            let line = Inputs { adjustments: of(&old, charges(&["30"]), billed(&bill)), ..new.clone() };
            let credit = Inputs { credits: settling(&[less]), ..new };
            for inputs in [line, credit] {
                assert_eq!(rate(&inputs, charges(&["100"])).total.amount, d(total), "{tax} {next}");
            }
        }
    }

    #[test]
    fn what_a_bill_adjusted_of_earlier_ones_is_not_its_own_to_adjust() {
        let earlier = inputs("USD");
        let was = billed(&rate(&earlier, charges(&["1"])));
        let mut inputs = inputs("USD");
        inputs.adjustments = of(&earlier, charges(&["4"]), was);
        let bill = rate(&inputs, charges(&["10"]));
        assert_eq!(bill.lines.len(), 2);
        assert_eq!(shown(&of(&inputs, charges(&["11"]), billed(&bill))), ["A 1"]);
        inputs.adjustments.clear();
        assert_eq!(shown(&of(&inputs, charges(&["11"]), billed(&bill))), ["A 1"]);
    }
}
