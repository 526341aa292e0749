//! What is taken off a bill's lines and added to them: coupons, then credits, then taxes.
//!
//! All of it is in whole minor units of single lines, and so adds up.

use super::error::Reason;
use super::inputs::{Credit, Inputs};
use super::rate::minor;
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

/// Draws the credits down over the lines, in the order of both; never more than there is to pay in all.
pub(super) fn credits(lines: &mut [Line], credits: &[Credit]) -> Result<Vec<Drawn>, DecimalError> {
    let payable = lines.iter().map(net).try_fold(Decimal::ZERO, |sum, net| sum.add(net?))?;
    let (mut payable, mut drawn) = (payable.max(Decimal::ZERO), Vec::new());
    for credit in credits {
        let amount = credit.left.min(payable);
        let mut left = amount;
        for line in &mut *lines {
            let part = net(line)?.max(Decimal::ZERO).min(left);
            line.credit = line.credit.add(part)?;
            left = left.sub(part)?;
        }
        debug_assert!(left.is_zero(), "the lines have at least what there is to pay in all");
        payable = payable.sub(amount)?;
        if !amount.is_zero() {
            drawn.push(Drawn { grant: credit.grant, name: credit.name.clone(), amount });
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

/// The categories of tax of the lines of items, by the lines' keys.
pub(super) fn categories(inputs: &Inputs) -> HashMap<String, &str> {
    let items = inputs
        .segments
        .iter()
        .flat_map(|segment| segment.items.iter().map(move |item| (segment.subscription, item)));
    items
        .filter_map(|(subscription, item)| {
            Some((format!("{subscription}/{}", item.key), item.tax_category.as_deref()?))
        })
        .collect()
}
