//! Reading usage: quantities, events and groups, as far as the price looks at them.
//!
//! What is said twice must agree: a quantity is what its events add up to.

use crate::fields::Fields;
use crate::problem::FieldError;
use usage_domain::currency::Currency;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::pricing::consumption::{Events, Group};
use usage_domain::pricing::{Consumption, Model, Price};
use usage_domain::time::Timestamp;

/// The most events or groups of one request.
const MAX_EVENTS: usize = 10_000;

/// What an event may say.
const EVENT: [&str; 6] = ["time", "value", "amount", "quantity", "unit_price", "properties"];

/// What usage may say.
const INPUT: [&str; 12] = [
    "quantity",
    "tier_quantity",
    "event_values",
    "events_count",
    "running_total",
    "event_amount_minor_total",
    "events",
    "groups",
    "credits",
    "unit_conversion",
    "usage_discount",
    "percentage_discount",
];

/// Reads what `price` looks at.
pub(super) fn read(input: &Fields<'_>, price: &Price, currency: Currency) -> Result<Consumption, FieldError> {
    input.only(&INPUT)?;
    let model = price.model();
    for (name, of, used) in [
        ("tier_quantity", "volume", matches!(model, Model::Volume(_))),
        ("groups", "matrix", matches!(model, Model::Matrix(_))),
        ("event_amount_minor_total", "dynamic", matches!(model, Model::Dynamic(_))),
    ] {
        if !used && input.has(name) {
            return Err(input.wrong(name, format!("is for a price of the model {of}")));
        }
    }
    match model {
        Model::Flat(_) => Ok(Consumption::of(input.figure("quantity")?.unwrap_or_default())),
        Model::Dynamic(_) => Ok(Consumption::of(own_amounts(input, currency)?)),
        Model::Matrix(_) => by_dimension(input),
        _ => {
            let (quantity, events) = events(input)?;
            let quantity = quantity.ok_or_else(|| input.missing("quantity"))?;
            let tier_quantity = input.figure("tier_quantity")?;
            Ok(Consumption { quantity, tier_quantity, events, groups: Vec::new() })
        }
    }
}

fn overflow(input: &Fields<'_>, name: &str) -> impl Fn(DecimalError) -> FieldError {
    let (wrong, name) = (input.wrong(name, ""), name.to_string());
    move |error| FieldError { field: wrong.field.clone(), reason: format!("{name} do not add up: {error}") }
}

fn sum(input: &Fields<'_>, name: &str, figures: &[Decimal]) -> Result<Decimal, FieldError> {
    figures.iter().try_fold(Decimal::ZERO, |sum, figure| sum.add(*figure)).map_err(overflow(input, name))
}

/// A quantity that agrees with what it is the sum of.
fn agreeing(input: &Fields<'_>, sum: Decimal, of: &str) -> Result<Decimal, FieldError> {
    match input.figure("quantity")? {
        Some(quantity) if quantity != sum => {
            Err(input.wrong("quantity", format!("must be the sum of {of}, {sum}, or absent, not {quantity}")))
        }
        _ => Ok(sum),
    }
}

/// The quantity and the single events, as far as they are known.
fn events(input: &Fields<'_>) -> Result<(Option<Decimal>, Events<Decimal>), FieldError> {
    let count = input.count("events_count")?;
    let running = input.figures("running_total", MAX_EVENTS)?.unwrap_or_default();
    if let Some((name, values)) = values(input)? {
        if count.is_some_and(|count| count != values.len() as u64) {
            let reason = format!("must be the number of {name}, {}, or absent", values.len());
            return Err(input.wrong("events_count", reason));
        }
        agree_with_running(input, name, &values, &running)?;
        let quantity = agreeing(input, sum(input, name, &values)?, name)?;
        return Ok((Some(quantity), Events { each: values, ..Events::default() }));
    }
    let quantity = input.figure("quantity")?;
    let known = running.len() as u64;
    let (Some(all), Some(count)) = (quantity, count) else {
        if known > 0 {
            let lacking = if quantity.is_none() { "quantity" } else { "events_count" };
            return Err(input.missing(lacking));
        }
        return Ok((quantity, Events::default()));
    };
    let Some(rest_count) = count.checked_sub(known) else {
        let reason = format!("must be at least the number of running_total, {known}, not {count}");
        return Err(input.wrong("events_count", reason));
    };
    let fits = overflow(input, "running_total");
    let mut each = Vec::with_capacity(running.len() + 1);
    let mut so_far = Decimal::ZERO;
    for total in running {
        each.push(total.sub(so_far).map_err(&fits)?);
        so_far = total;
    }
    let mut rest = all.sub(so_far).map_err(&fits)?;
    if rest_count == 0 && !rest.is_zero() {
        let reason = format!("must be {so_far}, which {count} events came to, not {all}");
        return Err(input.wrong("quantity", reason));
    }
    // A single event that is left is known by its value.
    let rest_count = if rest_count == 1 {
        each.push(std::mem::take(&mut rest));
        0
    } else {
        rest_count
    };
    Ok((quantity, Events { each, rest, rest_count }))
}

/// The value of each event in order, and the property that has them.
fn values(input: &Fields<'_>) -> Result<Option<(&'static str, Vec<Decimal>)>, FieldError> {
    let values = input.figures("event_values", MAX_EVENTS)?;
    match (values, in_order(input)?) {
        (Some(_), Some(_)) => Err(input.wrong("events", "must be absent where there are event_values")),
        (Some(values), None) => Ok(Some(("event_values", values))),
        (None, Some(events)) => {
            let values = events.iter().map(|event| event.required("value"));
            Ok(Some(("events", values.collect::<Result<_, _>>()?)))
        }
        (None, None) => Ok(None),
    }
}

fn agree_with_running(
    input: &Fields<'_>,
    name: &str,
    values: &[Decimal],
    running: &[Decimal],
) -> Result<(), FieldError> {
    let mut so_far = Decimal::ZERO;
    for (index, total) in running.iter().enumerate() {
        let value = values.get(index).copied().unwrap_or_default();
        so_far = so_far.add(value).map_err(overflow(input, name))?;
        if index >= values.len() || so_far != *total {
            let reason = format!("must be what {name} come to, {so_far}, not {total}");
            return Err(input.wrong(&format!("running_total[{index}]"), reason));
        }
    }
    Ok(())
}

/// The events, by time where each says one.
fn in_order<'a>(input: &Fields<'a>) -> Result<Option<Vec<Fields<'a>>>, FieldError> {
    let Some(events) = input.objects("events", MAX_EVENTS)? else { return Ok(None) };
    let mut timed: Vec<(Option<Timestamp>, Fields<'a>)> = Vec::with_capacity(events.len());
    for event in events {
        event.only(&EVENT)?;
        let time = event.text("time")?.map(|text| text.parse()).transpose();
        timed.push((time.map_err(|error| event.wrong("time", format!("{error}")))?, event));
    }
    if timed.iter().all(|(time, _)| time.is_some()) {
        timed.sort_by_key(|(time, _)| *time);
    }
    Ok(Some(timed.into_iter().map(|(_, event)| event).collect()))
}

/// What events cost by themselves: each its amount, or its units at its price.
fn own_amounts(input: &Fields<'_>, currency: Currency) -> Result<Decimal, FieldError> {
    if let Some(minor) = input.figure("event_amount_minor_total")? {
        let total = minor.mul(Decimal::new(1, currency.minor_digits()));
        return total.map_err(overflow(input, "event_amount_minor_total"));
    }
    let Some(events) = in_order(input)? else { return input.required("quantity") };
    let own = |event: &Fields<'_>| match event.figure("amount")? {
        Some(amount) => Ok(amount),
        None => {
            let missing = || event.wrong("amount", "is missing, and so is quantity with unit_price");
            let quantity = event.figure("quantity")?.ok_or_else(missing)?;
            let unit_price = event.figure("unit_price")?.ok_or_else(missing)?;
            quantity.mul(unit_price).map_err(overflow(event, "quantity"))
        }
    };
    let amounts = events.iter().map(own).collect::<Result<Vec<_>, _>>()?;
    sum(input, "events", &amounts)
}

/// Units by dimension, from groups or from events.
fn by_dimension(input: &Fields<'_>) -> Result<Consumption, FieldError> {
    let groups = input.objects("groups", MAX_EVENTS)?;
    let (name, groups) = match (groups, in_order(input)?) {
        (Some(_), Some(_)) => return Err(input.wrong("events", "must be absent where there are groups")),
        (Some(groups), None) => ("groups", read_groups(&groups, "by", "quantity")?),
        (None, Some(events)) => ("events", read_groups(&events, "properties", "value")?),
        (None, None) => return Err(input.missing("groups")),
    };
    let quantities: Vec<Decimal> = groups.iter().map(|group| group.quantity).collect();
    let quantity = agreeing(input, sum(input, name, &quantities)?, name)?;
    Ok(Consumption { groups, ..Consumption::of(quantity) })
}

fn read_groups(groups: &[Fields<'_>], values: &str, quantity: &str) -> Result<Vec<Group>, FieldError> {
    let group = |group: &Fields<'_>| {
        if values == "by" {
            group.only(&["by", "quantity"])?;
        }
        let values = group.map(values)?.unwrap_or_default();
        Ok(Group { values, quantity: group.required(quantity)? })
    };
    groups.iter().map(group).collect()
}
