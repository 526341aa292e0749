//! From what was used to a bill: lines, then coupons, credits, taxes and credits after them, then sums of lines.

use super::error::{BillError, Reason};
use super::inputs::{Adjustment, Consumed, Inputs, Measured};
use super::{Bill, ItemSource, Line, Source, charges, pay};
use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
use crate::money::Money;
use crate::plan::{Item, ItemKind};
use crate::pricing::flat::Due;
use crate::pricing::{Model, Part, RateError, Stage, Terms};
use crate::proration;
use crate::ratio::Ratio;
use crate::rounding::{Mode, round};
use crate::subscription::Segment;
use crate::time::Period;

impl Bill {
    /// The bill of what was used: as it is if nothing more is used in its month.
    ///
    /// # Errors
    /// Amounts that do not fit, usage that a price cannot be applied to, or a plan in another currency.
    pub fn rate(inputs: &Inputs, measured: Measured) -> Result<Bill, BillError> {
        rate(inputs, measured).map_err(|reason| BillError {
            customer: inputs.customer.number,
            month: inputs.month,
            reason,
        })
    }
}

fn rate(inputs: &Inputs, measured: Measured) -> Result<Bill, Reason> {
    let own = inputs.customer.currency;
    let (mut lines, other_currencies) = charges::lines(measured.charges, own, inputs.period)?;
    let mut used = measured.segments.into_iter();
    for segment in &inputs.segments {
        lines.extend(segment_lines(segment, own, &inputs.period, used.next().unwrap_or_default())?);
    }
    for adjustment in &inputs.adjustments {
        lines.push(adjustment_line(adjustment));
    }
    let discounts = pay::coupons(&mut lines, inputs, own)?;
    let mut credits = pay::credits(&mut lines, &inputs.credits)?;
    let taxes = pay::taxes(&mut lines, inputs, own)?;
    credits.extend(pay::settle(&mut lines, &inputs.credits)?);
    let sum = |part: fn(&Line) -> Decimal| {
        let amount = lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.add(part(line)))?;
        Ok::<Money, DecimalError>(Money { amount, currency: own })
    };
    Ok(Bill {
        customer: inputs.customer.clone(),
        month: inputs.month,
        period: inputs.period,
        subtotal: sum(|line| line.amount)?,
        total: sum(|line| line.total)?,
        exact: Ratio::sum(lines.iter().map(|line| line.exact))?,
        discounts,
        credits,
        taxes,
        lines,
        other_currencies,
        position: measured.position,
    })
}

/// The lines of a stretch of a subscription: its items in their order, and what is missing to its minimum.
fn segment_lines(
    segment: &Segment,
    own: Currency,
    billed: &Period,
    used: Vec<Consumed>,
) -> Result<Vec<Line>, Reason> {
    if segment.version.currency != own {
        let (plan, currency) = (segment.plan.clone(), segment.version.currency);
        return Err(Reason::Currency { plan, currency, own });
    }
    let share = proration::share(billed, &segment.period)?.unwrap_or(Ratio::ZERO);
    if used.len() != segment.items.len() {
        let (plan, items, measured) = (segment.plan.clone(), segment.items.len(), used.len());
        return Err(Reason::Unmeasured { plan, items, measured });
    }
    let mut lines = Vec::with_capacity(segment.items.len() + 1);
    for (item, consumed) in segment.items.iter().zip(used) {
        let line = item_line(segment, item, own, share, consumed);
        let at_item = |reason| Reason::Item { plan: segment.plan.clone(), item: item.key.clone(), reason };
        lines.extend(line.map_err(at_item)?);
    }
    if let Some(least) = segment.version.minimum_amount {
        let minimum = share.mul(least.into())?;
        let amounts = lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.add(line.amount))?;
        // Whole minor units are missing, so that the lines add up to the minimum as it is billed.
        let missing = minor(minimum, own)?.sub(amounts)?;
        if !missing.is_negative() && !missing.is_zero() {
            let key = minimum_key(segment);
            let source = Source::Minimum {
                subscription: segment.subscription,
                plan: segment.plan.clone(),
                version: segment.version.number,
                minimum,
            };
            let name = format!("{}: to the minimum", segment.plan_name);
            let line = Line::new(key, name, source, segment.period, missing.into());
            lines.push(Line { amount: missing, ..line });
        }
    }
    Ok(lines)
}

/// The line of an item; none where nothing was used and nothing is due.
fn item_line(
    segment: &Segment,
    item: &Item,
    own: Currency,
    share: Ratio,
    consumed: Consumed,
) -> Result<Option<Line>, RateError> {
    item.check_price().map_err(|invalid| RateError::usage("price", invalid.reason))?;
    let (usage, share) = match &item.kind {
        ItemKind::Usage(usage) => (Some(usage), share),
        ItemKind::Fee { price, prorate } => {
            let once = matches!(price.model(), Model::Flat(flat) if flat.due == Due::Once);
            if once && !segment.is_first {
                return Ok(None);
            }
            // Of what is due once there is no part, nor of the bounds that its price has.
            (None, if *prorate && !once { share } else { Ratio::ONE })
        }
    };
    let Consumed { consumption, events, details } = consumed;
    let part = Part { usage: &consumption, before: None, stage: Stage::Ended, share };
    let rating = item.price().rate(&part, own, &[])?;
    if rating.amount.is_zero() && events == 0 && consumption.quantity.is_zero() {
        return Ok(None);
    }
    let source = ItemSource {
        subscription: segment.subscription,
        plan: segment.plan.clone(),
        version: segment.version.number,
        item: item.key.clone(),
        meter: usage.map(|usage| usage.meter.clone()),
        share,
        price: item.price().clone(),
        rating: rating.lines,
        dimensions: usage.map(|usage| usage.details.clone()).unwrap_or_default(),
        details,
    };
    let key = item_key(segment, item);
    let source = Source::Item(Box::new(source));
    Ok(Some(Line {
        quantity: usage.map(|_| consumption.quantity.into()),
        unit: usage.and_then(|usage| usage.unit.clone()),
        unit_price: unit_price(item),
        events,
        amount: rating.rounded.amount,
        ..Line::new(key, item.name.clone(), source, segment.period, rating.amount)
    }))
}

/// The key of an item's line; an item may well be called `minimum`.
pub(super) fn item_key(segment: &Segment, item: &Item) -> String {
    format!("{}/{}", segment.subscription, item.key)
}

/// The key of the line of what is missing to a minimum. No key of an item begins with `_`.
pub(super) fn minimum_key(segment: &Segment) -> String {
    format!("{}/_minimum", segment.subscription)
}

/// The price of a unit, where every unit has the same and nothing goes around it.
fn unit_price(item: &Item) -> Option<Decimal> {
    match item.price().model() {
        Model::PerUnit(per_unit) if *item.price().terms() == Terms::default() => Some(per_unit.unit_amount),
        _ => None,
    }
}

fn adjustment_line(adjustment: &Adjustment) -> Line {
    let Adjustment { month, bill, line, .. } = adjustment;
    let (of, said) = match bill {
        Some(bill) => (bill.as_str(), format!("bill {bill}")),
        None => ("unbilled", "late".to_string()),
    };
    let key = format!("adjustment/{month}/{of}/{line}");
    let name = format!("{} ({month}, {said})", adjustment.name);
    let source = Source::Adjustment { month: *month, bill: bill.clone(), line: line.clone() };
    let made = Line::new(key, name, source, adjustment.period, adjustment.exact);
    Line { amount: adjustment.amount, ..made }
}

/// An exact amount in whole minor units, half away from zero.
pub(super) fn minor(exact: Ratio, currency: Currency) -> Result<Decimal, DecimalError> {
    let digits = i8::try_from(currency.minor_digits()).unwrap_or_default();
    round(exact, Mode::HalfAwayFromZero, digits)
}

#[cfg(test)]
mod tests {
    use crate::bill::fixtures::*;
    use crate::bill::{Measured, Source};
    use crate::plan::ItemKind;
    use crate::pricing::limits::Limits;
    use crate::pricing::{Price, Terms};

    #[test]
    fn fees_and_minimum_are_for_the_share_of_the_month_and_usage_for_what_it_is() {
        for (days, minimum, rows, units, lines) in [
            (
                (1, 31),
                None,
                vec!["base fee 30", "calls units 0.5"],
                vec!["-", "10"],
                vec!["1/base 30", "1/calls 5"],
            ),
            (
                (16, 31),
                None,
                vec!["base fee 30", "calls units 0.5"],
                vec!["-", "10"],
                vec!["1/base 15", "1/calls 5"],
            ),
            (
                (1, 11),
                None,
                vec!["base fee 10", "it whole 10"],
                vec!["-", "-"],
                vec!["1/base 3.33", "1/it 10"],
            ),
            ((1, 31), None, vec!["base fee 0", "calls units 1"], vec!["-", "0"], vec!["1/calls 0"]),
            (
                (1, 31),
                Some("50"),
                vec!["base fee 10", "calls units 1"],
                vec!["-", "5"],
                vec!["1/base 10", "1/calls 5", "1/_minimum 35"],
            ),
            (
                (1, 11),
                Some("50"),
                vec!["base fee 10", "calls units 1"],
                vec!["-", "5"],
                vec!["1/base 3.33", "1/calls 5", "1/_minimum 8.34"],
            ),
            ((1, 31), Some("50"), vec!["base fee 50"], vec!["-"], vec!["1/base 50"]),
            ((1, 31), Some("50"), vec!["calls units 1"], vec!["-20"], vec!["1/calls -20", "1/_minimum 70"]),
            // Two lines of 0.005 are two cents, and nothing is missing to one.
            (
                (1, 31),
                Some("0.01"),
                vec!["a units 0.005", "b units 0.005"],
                vec!["1", "1"],
                vec!["1/a 0.01", "1/b 0.01"],
            ),
            ((1, 31), Some("10"), vec!["minimum units 1"], vec!["4"], vec!["1/minimum 4", "1/_minimum 6"]),
            ((1, 31), Some("0"), vec![], vec![], vec![]),
        ] {
            let mut inputs = inputs("USD");
            inputs.segments.push(segment(1, days, minimum, &rows));
            assert_eq!(shown(&rate(&inputs, used(&[&units]))), lines, "{days:?} {minimum:?} {rows:?}");
        }
    }

    #[test]
    fn what_is_due_once_is_due_in_the_first_month_and_in_full() {
        for (is_first, lines) in [(true, vec!["1/setup 80", "1/base 50"]), (false, vec!["1/base 50"])] {
            let mut stretch = segment(1, (16, 31), None, &["setup once 100", "base fee 100"]);
            stretch.is_first = is_first;
            let ItemKind::Fee { price, .. } = &mut stretch.items[0].kind else { panic!() };
            let limits = Limits { maximum_amount: Some(d("80")), ..Limits::default() };
            *price = Price::new(price.model().clone(), Terms { limits, ..Terms::default() }).unwrap();
            let mut inputs = inputs("USD");
            inputs.segments.push(stretch);
            let bill = rate(&inputs, used(&[&["-", "-"]]));
            assert_eq!(shown(&bill), lines);
            let Source::Item(source) = &bill.lines[0].source else { panic!() };
            assert_eq!(source.share.to_string(), if is_first { "1" } else { "0.5" });
        }
    }

    #[test]
    fn stretches_of_one_plan_are_lines_of_their_own() {
        let mut inputs = inputs("USD");
        inputs.segments = vec![
            segment(1, (1, 16), Some("20"), &["base fee 9.99"]),
            segment(2, (16, 31), Some("20"), &["base fee 9.99"]),
        ];
        let bill = rate(&inputs, used(&[&["-"], &["-"]]));
        assert_eq!(shown(&bill), ["1/base 5", "1/_minimum 5", "2/base 5", "2/_minimum 5"]);
        assert_eq!((bill.exact.to_string(), bill.total.to_string()), ("19.99".into(), "$20.00".into()));
    }

    #[test]
    fn a_unit_has_a_price_on_the_bill_only_where_the_amount_is_the_quantity_at_that_price() {
        for (terms, price) in [
            (Terms::default(), Some(d("2"))),
            (Terms { usage_discount: Some(d("1")), ..Terms::default() }, None),
            (
                Terms {
                    limits: Limits { maximum_amount: Some(d("1")), ..Limits::default() },
                    ..Terms::default()
                },
                None,
            ),
        ] {
            let mut stretch = segment(1, (1, 31), None, &["calls units 2"]);
            let ItemKind::Usage(usage) = &mut stretch.items[0].kind else { panic!() };
            usage.price = Price::new(usage.price.model().clone(), terms).unwrap();
            let mut inputs = inputs("USD");
            inputs.segments.push(stretch);
            let line = rate(&inputs, used(&[&["3"]])).lines.remove(0);
            assert_eq!((line.unit_price, line.quantity), (price, Some(d("3").into())), "{terms:?}");
        }
    }

    #[test]
    fn a_bill_that_would_be_wrong_is_refused() {
        let whole = || segment(1, (1, 31), None, &["calls units 2"]);
        let mut fee = segment(1, (1, 31), None, &["base fee 2"]);
        let ItemKind::Usage(per_unit) = item("x units 1").kind else { panic!() };
        fee.items[0] = fee.items[0].clone().with_price(per_unit.price);
        for (currency, stretch, measured, reason) in [
            ("USD", whole(), Measured::default(), "plan \"pro\" has 1 items, and 0 of them were measured"),
            ("USD", whole(), used(&[&[]]), "plan \"pro\" has 1 items, and 0 of them were measured"),
            (
                "EUR",
                whole(),
                used(&[&["1"]]),
                "plan \"pro\" is in USD, and the customer is billed in EUR; amounts of two currencies do not add",
            ),
            (
                "USD",
                fee,
                used(&[&["-"]]),
                "item \"base\" of plan \"pro\": price: must be flat: an item without a meter has no quantity",
            ),
        ] {
            let mut inputs = inputs(currency);
            inputs.segments.push(stretch);
            let refused = try_rate(&inputs, measured).unwrap_err().to_string();
            assert_eq!(refused, format!("the bill of customer 456 for 2026-11: {reason}"));
        }
    }
}
