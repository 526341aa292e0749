//! From quantity to what is owed, step by step, in words: what an explanation says of a line.
//!
//! Owns the words alone. Every figure is one of the bill's, or a sum of them.

use super::explain::Changed;
use usage_api::bill::{Detail, Line};
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::pricing::{Model, Price};

/// The most parts of a line that are shown one by one.
const MAX_PARTS: usize = 50;

/// From quantity to the amount, rounded and without what coupons take off. `lines` are those of the bill;
/// `price` is that of an item of a plan.
pub(super) fn amount(
    line: &Line,
    lines: &[Line],
    price: Option<&Price>,
    currency: &str,
) -> Result<Vec<String>, DecimalError> {
    let mut steps = Vec::new();
    if let Some(quantity) = &line.quantity {
        let unit = line.unit.as_deref().unwrap_or("units");
        steps.push(format!("{} events come to {quantity} {unit}", line.events));
    }
    if line.kind == "charges" {
        charges(line, &mut steps);
    }
    if line.kind == "minimum" {
        minimum(line, lines, &mut steps)?;
    }
    if let Some(price) = price {
        around(line, price, &mut steps);
    }
    rating(line, &mut steps);
    if line.kind != "minimum" {
        steps.push(format!(
            "exactly {}; rounded once, half away from zero: {} {currency}",
            line.exact_amount, line.amount
        ));
    }
    if let Some(off) = &line.discount_amount {
        steps.push(format!("less {off} by coupons"));
    }
    Ok(steps)
}

/// From the amount to what is owed.
pub(super) fn owed(line: &Line, currency: &str) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(paid) = &line.credit_amount {
        steps.push(format!("less {paid} by credits"));
    }
    for tax in &line.taxes {
        let how = if tax.inclusive { "in it" } else { "added" };
        steps.push(format!("tax {} {how}: {}", tax.tax, tax.amount));
    }
    if let Some(paid) = &line.settled_amount {
        steps.push(format!("less {paid} by credits with taxes in them"));
    }
    if line.total != line.amount {
        steps.push(format!("owed: {} {currency}", line.total));
    }
    steps
}

/// What a line of an earlier bill changed by: what it comes to now, and what was billed for it before.
pub(super) fn changed(line: &Line, changed: &Changed, currency: &str) -> Vec<String> {
    let Changed { month, bill, name, before, after, anew } = changed;
    let mut steps = vec![format!("what {name:?} of {month}, bill {bill}, comes to at this position:")];
    match anew.is_empty() {
        true => steps.push("nothing of it is left".to_string()),
        false => steps.extend(anew.iter().cloned()),
    }
    steps.push(format!("{before} {currency} was billed for it until then"));
    steps.push(format!("{after} - {before} = {} {currency}", line.amount));
    steps
}

/// Events that carry their own price, by price.
fn charges(line: &Line, steps: &mut Vec<String>) {
    for part in line.details.iter().take(MAX_PARTS) {
        let Detail { description, quantity, unit, unit_price, events, exact_amount, .. } = part;
        let of = description.as_ref().map(|description| format!("{description}: ")).unwrap_or_default();
        let unit = unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
        let amount = exact_amount.as_deref().unwrap_or_default();
        steps.push(match (quantity, unit_price) {
            (Some(quantity), Some(price)) => format!("{of}{quantity}{unit} × {price} = {amount}"),
            _ => format!("{of}the amounts of {events} events come to {amount}"),
        });
    }
    let more = line.details.len().saturating_sub(MAX_PARTS);
    if more > 0 {
        steps.push(format!("and {more} more parts, each a quantity × its price"));
    }
}

/// What is missing to the minimum of a stretch of a plan.
fn minimum(line: &Line, lines: &[Line], steps: &mut Vec<String>) -> Result<(), DecimalError> {
    let Some(plan) = &line.plan else { return Ok(()) };
    let own = |other: &&Line| {
        other.key != line.key
            && other.plan.as_ref().is_some_and(|other| other.subscription == plan.subscription)
    };
    let mut reached = Decimal::ZERO;
    for other in lines.iter().filter(own) {
        reached = reached.add(other.amount.parse()?)?;
    }
    let least = reached.add(line.amount.parse()?)?;
    let exact = plan.minimum_amount.as_deref().unwrap_or_default();
    steps.push(format!("the minimum of plan {} for the time of the line is {exact}", plan.plan));
    steps.push(format!("its other lines come to {reached}"));
    steps.push(format!("{least} - {reached} = {}", line.amount));
    Ok(())
}

/// What a price says besides its tiers and rates.
fn around(line: &Line, price: &Price, steps: &mut Vec<String>) {
    let (terms, is_fee) = (price.terms(), line.kind == "fee");
    if terms.unit_conversion.is_some() {
        steps.push("these become priced units by the price's conversion".to_string());
    }
    if let Some(free) = terms.usage_discount {
        steps.push(format!("less {free} units that are free"));
    }
    if let Model::Package(package) = price.model() {
        let free = package.free_units();
        let free = if free.is_zero() { String::new() } else { format!("less {free} units that are free, ") };
        steps.push(format!("{free}in packages of {}, of which one that is begun is whole", package.size()));
    }
    let bounds = (terms.limits.minimum_amount.is_some(), terms.limits.maximum_amount.is_some());
    let what = match (is_fee, bounds) {
        (true, _) => "the fee is",
        (false, (true, true)) => "minimum and maximum are",
        (false, (true, false)) => "the minimum is",
        (false, (false, true)) => "the maximum is",
        (false, (false, false)) => return,
    };
    if let Some(share) = line.plan.as_ref().and_then(|plan| plan.share.as_ref()) {
        steps.push(format!("{what} for {share} of the month"));
    }
}

/// The tiers and rates that the amount is the sum of.
fn rating(line: &Line, steps: &mut Vec<String>) {
    for part in &line.rating {
        let of = match (&part.tier, &part.values) {
            (Some(tier), _) => format!("tier {}: ", tier + 1),
            (None, Some(values)) => {
                let named: Vec<String> =
                    values.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{}: ", named.join(", "))
            }
            (None, None) => String::new(),
        };
        let price = match (&part.unit_amount, &part.rate) {
            (Some(unit), _) => format!(" × {unit}"),
            (None, Some(rate)) => format!(" × {rate}"),
            (None, None) => String::new(),
        };
        let flat = part.flat_amount.as_ref().filter(|_| part.category == "usage").filter(|flat| *flat != "0");
        let flat = flat.map(|flat| format!(" + {flat}")).unwrap_or_default();
        steps.push(match part.category.as_str() {
            "flat" => format!("{of}fee = {}", part.amount),
            "minimum_spend" => format!("to the minimum: {}", part.amount),
            "event_limits" => format!("bounds per event: {}", part.amount),
            _ => format!("{of}{}{price}{flat} = {}", part.quantity, part.amount),
        });
        if let Some(off) = &part.discount_amount {
            steps.push(format!("{of}less {off} by discount and maximum = {}", part.total));
        }
    }
}
