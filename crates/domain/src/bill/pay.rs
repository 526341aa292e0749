//! What is taken off a bill's lines and added to them: coupons, then credits, then taxes, then credits that
//! have taxes in them.
//!
//! All of it is in whole minor units of single lines, and so adds up.

use super::error::Reason;
use super::inputs::{Credit, Inputs};
use super::rate::{item_key, minimum_key, minor};
use super::{Discount, Drawn, Line, LineTax, Source, TaxTotal};
use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
use crate::pricing::coupons::{self, Coupon};
use crate::pricing::split::split;
use crate::ratio::Ratio;
use crate::tax::Tax;
use std::collections::HashMap;

/// Takes the coupons off: percentages first, then amounts, in proportion to the lines. What changed on an
/// earlier bill has that bill's coupons taken off already.
pub(super) fn coupons(
    lines: &mut [Line],
    inputs: &Inputs,
    currency: Currency,
) -> Result<Vec<Discount>, DecimalError> {
    let applied = inputs.coupons.iter().filter(|applied| {
        applied.applies_to(inputs.month) && applied.coupon.currency.is_none_or(|own| own == currency)
    });
    let (percentages, amounts): (Vec<_>, Vec<_>) =
        applied.map(|applied| &applied.coupon).partition(|c| matches!(c.off, Coupon::Percentage(_)));
    let inherits = |line: &Line| matches!(line.source, Source::Adjustment { .. });
    let own = lines.iter().filter(|line| !inherits(line));
    let subtotal = own.map(|line| line.amount).try_fold(Decimal::ZERO, Decimal::add)?;
    let (mut off, mut discounts, mut all) = (Vec::new(), Vec::new(), Decimal::ZERO);
    for coupon in percentages.into_iter().chain(amounts) {
        off.push(coupon.off);
        let so_far = minor(coupons::discount(subtotal, &off)?.into(), currency)?;
        let amount = so_far.sub(all)?;
        all = so_far;
        if !amount.is_zero() {
            discounts.push(Discount { coupon: coupon.key.clone(), name: coupon.name.clone(), amount });
        }
    }
    let weight = |line: &Line| if inherits(line) { Decimal::ZERO } else { line.amount.max(Decimal::ZERO) };
    let weights: Vec<Decimal> = lines.iter().map(weight).collect();
    for (line, part) in lines.iter_mut().zip(split(all, &weights, currency.minor_digits())?) {
        line.discount = part;
    }
    Ok(discounts)
}

/// Draws the credits that come before taxes.
pub(super) fn credits(lines: &mut [Line], credits: &[Credit]) -> Result<Vec<Drawn>, DecimalError> {
    let before = credits.iter().filter(|credit| !credit.after_taxes);
    draw(lines, before, net, |line, part| {
        line.credit = line.credit.add(part)?;
        Ok(())
    })
}

/// Draws the credits that have taxes in them, of what is owed after taxes.
pub(super) fn settle(lines: &mut [Line], credits: &[Credit]) -> Result<Vec<Drawn>, DecimalError> {
    let after = credits.iter().filter(|credit| credit.after_taxes);
    draw(
        lines,
        after,
        |line| Ok(line.total),
        |line, part| {
            line.settled = line.settled.add(part)?;
            line.total = line.total.sub(part)?;
            Ok(())
        },
    )
}

/// Draws credits down over the lines, in the order of both; never more than there is to pay in all. `left_of`
/// is what is to pay of a line.
fn draw<'a>(
    lines: &mut [Line],
    credits: impl Iterator<Item = &'a Credit>,
    left_of: impl Fn(&Line) -> Result<Decimal, DecimalError>,
    pay: impl Fn(&mut Line, Decimal) -> Result<(), DecimalError>,
) -> Result<Vec<Drawn>, DecimalError> {
    let payable = lines.iter().map(&left_of).try_fold(Decimal::ZERO, |sum, left| sum.add(left?))?;
    let (mut payable, mut drawn) = (payable.max(Decimal::ZERO), Vec::new());
    for credit in credits {
        let amount = credit.left.max(Decimal::ZERO).min(payable);
        let mut left = amount;
        for line in &mut *lines {
            let part = left_of(line)?.max(Decimal::ZERO).min(left);
            pay(line, part)?;
            left = left.sub(part)?;
        }
        debug_assert!(left.is_zero(), "the lines have at least what there is to pay in all");
        payable = payable.sub(amount)?;
        if !amount.is_zero() {
            let Credit { grant, name, after_taxes, .. } = credit.clone();
            drawn.push(Drawn { grant, name, amount, after_taxes });
        }
    }
    Ok(drawn)
}

/// What is left to pay of a line, without taxes that are not in it.
fn net(line: &Line) -> Result<Decimal, DecimalError> {
    line.amount.sub(line.discount)?.sub(line.credit)
}

/// Puts the taxes on the lines, each rounded once a line, and sets the lines' totals.
pub(super) fn taxes(
    lines: &mut [Line],
    inputs: &Inputs,
    currency: Currency,
) -> Result<Vec<TaxTotal>, Reason> {
    let categories = categories(inputs);
    let (mut totals, mut adjustments) = (Vec::new(), inputs.adjustments.iter());
    for line in lines {
        let (taxes, category) = match line.source {
            Source::Adjustment { .. } => match adjustments.next() {
                Some(of) => (&of.taxes, of.tax_category.as_deref()),
                None => (&inputs.taxes, None),
            },
            _ => (&inputs.taxes, categories.get(&line.key).copied()),
        };
        let taxes: Vec<&Tax> = taxes.iter().filter(|tax| tax.applies_to(category)).collect();
        let net = net(line)?;
        line.total = net;
        let included = Ratio::sum(taxes.iter().filter(|tax| tax.inclusive).map(|tax| tax.rate.into()))?;
        // What the taxes are of: the amount without those that are in it.
        let base = Ratio::from(net).div(Ratio::ONE.add(included)?)?;
        let mut without = net;
        for tax in &taxes {
            let amount = minor(base.mul(tax.rate.into())?, currency)?;
            line.taxes.push(LineTax { tax: tax.key.clone(), amount, inclusive: tax.inclusive });
            if tax.inclusive {
                without = without.sub(amount)?;
            } else {
                line.total = line.total.add(amount)?;
            }
        }
        for (tax, own) in taxes.iter().zip(&line.taxes) {
            add(&mut totals, tax, without, own.amount)?;
        }
    }
    Ok(totals)
}

/// Adds what a tax comes to on a line to what it comes to on the bill.
fn add(totals: &mut Vec<TaxTotal>, tax: &Tax, base: Decimal, amount: Decimal) -> Result<(), DecimalError> {
    let same = |total: &&mut TaxTotal| {
        total.tax == tax.key && total.rate == tax.rate && total.inclusive == tax.inclusive
    };
    if let Some(total) = totals.iter_mut().find(same) {
        total.base = total.base.add(base)?;
        total.amount = total.amount.add(amount)?;
        return Ok(());
    }
    let Tax { key, name, rate, inclusive, .. } = tax;
    let (tax, name) = (key.clone(), name.clone());
    totals.push(TaxTotal { tax, name, rate: *rate, inclusive: *inclusive, base, amount });
    Ok(())
}

/// The categories of tax of the lines of stretches, by the lines' keys. What is missing to a minimum is of
/// the category that all items have, where they have the same.
pub(super) fn categories(inputs: &Inputs) -> HashMap<String, &str> {
    let mut categories = HashMap::new();
    for segment in &inputs.segments {
        for item in &segment.items {
            categories.extend(item.tax_category.as_deref().map(|of| (item_key(segment, item), of)));
        }
        let mut of_items = segment.items.iter().map(|item| item.tax_category.as_deref());
        if let Some(Some(of)) = of_items.next()
            && of_items.all(|other| other == Some(of))
        {
            categories.insert(minimum_key(segment), of);
        }
    }
    categories
}

#[cfg(test)]
mod tests {
    use crate::bill::fixtures::*;
    use crate::bill::{Bill, Inputs};

    fn priced(currency: &str, change: impl FnOnce(&mut Inputs), amounts: &[&str]) -> Bill {
        let mut inputs = inputs(currency);
        change(&mut inputs);
        rate(&inputs, charges(amounts))
    }

    #[test]
    fn percentages_come_before_amounts_and_are_split_over_the_lines_that_cost_something() {
        for (currency, amounts, texts, off, split) in [
            ("USD", vec!["100", "50"], vec!["10%"], vec!["10% 15"], vec!["10", "5"]),
            // What was given back is taken off first; a line below zero is left as it is.
            ("USD", vec!["100", "-30"], vec!["100%"], vec!["100% 70"], vec!["70", "0"]),
            ("USD", vec!["-30", "20"], vec!["50%", "5"], vec![], vec!["0", "0"]),
            ("USD", vec!["100"], vec!["5", "10%"], vec!["10% 10", "5 5"], vec!["15"]),
            // 33.33 × 0.675 is 22.49775: rounded once, and not for each coupon.
            ("USD", vec!["33.33"], vec!["10%", "25%"], vec!["10% 3.33", "25% 7.5"], vec!["10.83"]),
            ("USD", vec!["3.33", "3.33", "3.34"], vec!["1"], vec!["1 1"], vec!["0.33", "0.33", "0.34"]),
            ("USD", vec!["10"], vec!["8", "5", "1"], vec!["8 8", "5 2"], vec!["10"]),
            ("JPY", vec!["105"], vec!["10%"], vec!["10% 11"], vec!["11"]),
            ("JPY", vec!["1", "1", "1"], vec!["50%"], vec!["50% 2"], vec!["1", "1", "0"]),
            ("KWD", vec!["1.005"], vec!["10%"], vec!["10% 0.101"], vec!["0.101"]),
        ] {
            let bill = priced(currency, |inputs| inputs.coupons = coupons(currency, &texts), &amounts);
            let shown: Vec<String> =
                bill.discounts.iter().map(|off| format!("{} {}", off.coupon, off.amount)).collect();
            assert_eq!(
                (shown, each(&bill, |line| line.discount)),
                (off.iter().map(|s| (*s).into()).collect(), split.iter().map(|s| (*s).into()).collect()),
                "{amounts:?} {texts:?}"
            );
        }
    }

    #[test]
    fn a_coupon_of_another_currency_or_month_takes_nothing_off() {
        let bill = priced("EUR", |inputs| inputs.coupons = coupons("USD", &["5"]), &["10"]);
        assert_eq!(bill.total.to_string(), "EUR 10.00");
        let late = |inputs: &mut Inputs| {
            inputs.coupons = coupons("USD", &["5"]);
            inputs.coupons[0].from = "2026-12".parse().unwrap();
        };
        assert_eq!(priced("USD", late, &["10"]).total.to_string(), "$10.00");
    }

    #[test]
    fn credits_pay_the_first_lines_first_and_no_more_than_there_is_in_all() {
        for (amounts, left, drawn, paid, total) in [
            (vec!["10", "20"], vec!["15", "3"], vec!["15", "3"], vec!["10", "8"], "12"),
            // What was given back pays first: only 70 are left for the credits.
            (vec!["100", "-30"], vec!["50", "50"], vec!["50", "20"], vec!["70", "0"], "0"),
            (vec!["-30", "100"], vec!["50", "50"], vec!["50", "20"], vec!["0", "70"], "0"),
            (vec!["10", "-30"], vec!["5"], vec![], vec!["0", "0"], "-20"),
            (vec!["10"], vec!["0", "4"], vec!["4"], vec!["4"], "6"),
            // There is no such credit; if there were, it would not be owed.
            (vec!["10"], vec!["-5"], vec![], vec!["0"], "10"),
            (vec![], vec!["5"], vec![], vec![], "0"),
        ] {
            let bill = priced("USD", |inputs| inputs.credits = credits(&left), &amounts);
            let shown: Vec<String> = bill.credits.iter().map(|drawn| drawn.amount.to_string()).collect();
            assert_eq!(
                (
                    shown.iter().map(String::as_str).collect(),
                    each(&bill, |line| line.credit).iter().map(String::as_str).collect(),
                    &*bill.total.amount.to_string()
                ),
                (drawn, paid, total),
                "{amounts:?} {left:?}"
            );
        }
    }

    #[test]
    fn a_credit_with_taxes_in_it_pays_what_is_owed_after_them_to_the_last_minor_unit() {
        for (amounts, tax, left, drawn, settled, total) in [
            (vec!["200"], "19", vec!["238"], vec!["238"], vec!["238"], "0"),
            (vec!["200"], "19", vec!["59.5", "200"], vec!["59.5", "178.5"], vec!["238"], "0"),
            (vec!["100", "50"], "19", vec!["59.5"], vec!["59.5"], vec!["59.5", "0"], "119"),
            (vec!["10", "50"], "=19", vec!["15"], vec!["15"], vec!["10", "5"], "45"),
            // What was given back pays first, with its tax.
            (vec!["100", "-30"], "10", vec!["100"], vec!["77"], vec!["77", "0"], "0"),
            (vec!["10", "-30"], "10", vec!["5"], vec![], vec!["0", "0"], "-22"),
        ] {
            let change = |inputs: &mut Inputs| {
                inputs.credits = settling(&left);
                inputs.taxes = taxes(&[tax]);
            };
            let bill = priced("USD", change, &amounts);
            let shown: Vec<String> = bill.credits.iter().map(|drawn| drawn.amount.to_string()).collect();
            assert_eq!(
                (
                    shown.iter().map(String::as_str).collect(),
                    each(&bill, |line| line.settled).iter().map(String::as_str).collect(),
                    &*bill.total.amount.to_string()
                ),
                (drawn, settled, total),
                "{amounts:?} {left:?}"
            );
            // The bill is taxed as it is without.
            let plain = priced("USD", |inputs| inputs.taxes = taxes(&[tax]), &amounts);
            assert_eq!(bill.taxes, plain.taxes);
        }
        let both = |inputs: &mut Inputs| {
            inputs.credits = [settling(&["30"]), credits(&["40"])].concat();
            inputs.taxes = taxes(&["20"]);
        };
        let bill = priced("USD", both, &["100"]);
        let (line, shown) = (&bill.lines[0], bill.credits.iter().map(|drawn| drawn.after_taxes));
        assert_eq!((line.credit, line.settled, bill.total.amount), (d("40"), d("30"), d("42")));
        assert_eq!(shown.collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn a_tax_is_rounded_once_a_line_and_is_of_what_coupons_and_credits_leave() {
        for (currency, amounts, texts, figures, total) in [
            ("USD", vec!["100"], vec!["19"], vec!["19: 19 of 100"], "119"),
            ("USD", vec!["119"], vec!["=19"], vec!["=19: 19 of 100"], "119"),
            ("USD", vec!["-100"], vec!["19"], vec!["19: -19 of -100"], "-119"),
            ("USD", vec!["-119"], vec!["=19"], vec!["=19: -19 of -100"], "-119"),
            // What is added is of the amount without what is in it.
            ("USD", vec!["110"], vec!["5", "=10"], vec!["5: 5 of 100", "=10: 10 of 100"], "115"),
            (
                "USD",
                vec!["1"],
                vec!["=10", "=10 standard"],
                vec!["=10: 0.08 of 0.84", "=10 standard: 0.08 of 0.84"],
                "1",
            ),
            ("USD", vec!["0.05", "0.05"], vec!["10"], vec!["10: 0.02 of 0.1"], "0.12"),
            ("USD", vec!["0.05", "-0.05"], vec!["10"], vec!["10: 0 of 0"], "0"),
            ("JPY", vec!["105"], vec!["10"], vec!["10: 11 of 105"], "116"),
            ("KWD", vec!["1.005"], vec!["5"], vec!["5: 0.05 of 1.005"], "1.055"),
            ("USD", vec!["100"], vec!["7 reduced"], vec![], "100"),
        ] {
            let bill = priced(currency, |inputs| inputs.taxes = taxes(&texts), &amounts);
            let shown: Vec<String> =
                bill.taxes.iter().map(|tax| format!("{}: {} of {}", tax.tax, tax.amount, tax.base)).collect();
            assert_eq!(
                (shown.iter().map(String::as_str).collect(), &*bill.total.amount.to_string()),
                (figures, total),
                "{amounts:?} {texts:?}"
            );
        }
        let change = |inputs: &mut Inputs| {
            (inputs.coupons, inputs.credits) = (coupons("USD", &["10%"]), credits(&["40"]));
            inputs.taxes = taxes(&["20"]);
        };
        let bill = priced("USD", change, &["100"]);
        assert_eq!((bill.taxes[0].base, bill.total.amount), (d("50"), d("60")));
    }

    #[test]
    fn a_line_has_the_taxes_of_its_items_category() {
        for (rows, of_minimum, total) in [
            (["a fee 10 reduced", "b fee 10 reduced"], "3.1", "86.1"),
            // What is missing to a minimum of several categories is of the usual one.
            (["a fee 10 reduced", "b fee 10"], "9.3", "93.3"),
            (["a fee 10", "b fee 10"], "9.3", "94.3"),
        ] {
            let mut inputs = inputs("USD");
            inputs.taxes = taxes(&["5 reduced", "15 standard"]);
            inputs.segments.push(segment(1, (1, 31), Some("82"), &rows));
            let bill = rate(&inputs, used(&[&["-", "-"]]));
            let taxes = |line: &crate::bill::Line| line.taxes[0].amount;
            assert_eq!(
                (&*taxes(&bill.lines[2]).to_string(), &*bill.total.amount.to_string()),
                (of_minimum, total),
                "{rows:?}"
            );
        }
    }
}
