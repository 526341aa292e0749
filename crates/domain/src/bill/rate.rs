//! From what was used to a bill: lines, then coupons, credits and taxes, then sums of lines.

use super::error::{BillError, Reason};
use super::inputs::{Adjustment, Consumed, Inputs, Measured};
use super::{Bill, ItemSource, Line, Source, charges, pay};
use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
use crate::money::Money;
use crate::plan::{Item, ItemKind};
use crate::pricing::flat::Due;
use crate::pricing::{Model, Part, Stage};
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
    let credits = pay::credits(&mut lines, &inputs.credits)?;
    let taxes = pay::taxes(&mut lines, inputs, own)?;
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
    let mut lines = Vec::with_capacity(segment.items.len() + 1);
    let mut used = used.into_iter();
    for item in &segment.items {
        let consumed = used.next().unwrap_or_default();
        let line = item_line(segment, item, own, share, consumed).map_err(|reason| match reason {
            ItemError::Amount(error) => error.into(),
            ItemError::Rate(reason) => {
                Reason::Item { plan: segment.plan.clone(), item: item.key.clone(), reason }
            }
        })?;
        lines.extend(line);
    }
    if let Some(least) = segment.version.minimum_amount {
        let minimum = share.mul(least.into())?;
        let amounts = lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.add(line.amount))?;
        // Whole minor units are missing, so that the lines add up to the minimum as it is billed.
        let missing = minor(minimum, own)?.sub(amounts)?;
        if !missing.is_negative() && !missing.is_zero() {
            let key = format!("{}/minimum", segment.subscription);
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

/// Why an item has no line.
enum ItemError {
    Amount(DecimalError),
    Rate(crate::pricing::RateError),
}

impl From<DecimalError> for ItemError {
    fn from(error: DecimalError) -> ItemError {
        ItemError::Amount(error)
    }
}

/// The line of an item; none where nothing was used and nothing is due.
fn item_line(
    segment: &Segment,
    item: &Item,
    own: Currency,
    share: Ratio,
    consumed: Consumed,
) -> Result<Option<Line>, ItemError> {
    let (usage, share) = match &item.kind {
        ItemKind::Usage(usage) => (Some(usage), share),
        ItemKind::Fee { price, prorate } => {
            let once = matches!(price.model(), Model::Flat(flat) if flat.due == Due::Once);
            if once && !segment.is_first {
                return Ok(None);
            }
            (None, if *prorate { share } else { Ratio::ONE })
        }
    };
    let Consumed { consumption, events, details } = consumed;
    let part = Part { usage: &consumption, before: None, stage: Stage::Ended, share };
    let rating = item.price().rate(&part, own, &[]).map_err(ItemError::Rate)?;
    if rating.amount.is_zero() && events == 0 {
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
    let key = format!("{}/{}", segment.subscription, item.key);
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

/// The price of a unit, where every unit has the same and nothing goes around it.
fn unit_price(item: &Item) -> Option<Decimal> {
    match item.price().model() {
        Model::PerUnit(per_unit) if item.price().terms().unit_conversion.is_none() => {
            Some(per_unit.unit_amount)
        }
        _ => None,
    }
}

fn adjustment_line(adjustment: &Adjustment) -> Line {
    let Adjustment { month, bill, line, .. } = adjustment;
    let key = format!("adjustment/{month}/{line}");
    let name = format!("{} ({month}, bill {bill})", adjustment.name);
    let source = Source::Adjustment { month: *month, bill: bill.clone(), line: line.clone() };
    let made = Line::new(key, name, source, adjustment.period, adjustment.exact);
    Line { amount: adjustment.amount, ..made }
}

/// An exact amount in whole minor units, half away from zero.
pub(super) fn minor(exact: Ratio, currency: Currency) -> Result<Decimal, DecimalError> {
    let digits = i8::try_from(currency.minor_digits()).unwrap_or_default();
    round(exact, Mode::HalfAwayFromZero, digits)
}
