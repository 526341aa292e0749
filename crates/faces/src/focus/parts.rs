//! The parts of a line: quantities times prices, where the line says so.
//!
//! FOCUS wants a quantity and a price beside every cost, and their product must be the cost. A line of
//! charges has one part per detail, an item of a plan one per tier or rate. A part whose cost is no product
//! of what the bill says (amounts that events brought along, flat amounts, limits) is bought as one thing: a
//! quantity of 1, or of -1 where it is paid back, at a price that is all of it.

use super::row::{Consumed, Priced};
use crate::error::FaceError;
use crate::figure::{Figures, parse};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use usage_api::bill::{Detail, Line};
use usage_api::price::PreviewLine;
use usage_domain::decimal::Decimal;

/// The unit of what is counted without one.
const UNITS: &str = "Units";
/// The unit of what is measured in nothing but events.
const EVENTS: &str = "Events";
const ONE: Decimal = Decimal::new(1, 0);

/// A part of a line, with its exact cost.
pub(super) struct Part<'a> {
    pub(super) exact: Decimal,
    pub(super) priced: Priced,
    pub(super) consumed: Consumed<'a>,
    pub(super) description: Option<&'a str>,
    /// What tells its price from others of the line.
    pub(super) price: Price,
}

/// What tells a price from others of the same thing.
#[derive(Default)]
pub(super) struct Price {
    pub(super) tier: Option<u64>,
    pub(super) values: BTreeMap<String, String>,
}

/// The parts of a line of charges or of an item. Their exact costs add up to the line's.
pub(super) fn parts<'a>(figures: Figures<'_>, line: &'a Line) -> Result<Vec<Part<'a>>, FaceError> {
    let exact = figures.read("the exact amount of a line", &line.exact_amount)?;
    if line.kind == "charges" && !line.details.is_empty() {
        let parts: Vec<Part<'_>> =
            line.details.iter().map(|detail| of_charges(figures, detail)).collect::<Result<_, _>>()?;
        if sum(parts.iter().map(|part| part.exact)) == Some(exact) {
            return Ok(parts);
        }
    }
    let rated = line.rating.iter().map(|rated| of_rating(line, rated)).collect::<Option<Vec<Part<'_>>>>();
    Ok(match rated {
        Some(parts) if is_all(&parts, line, exact) => without_empty(parts),
        _ => vec![whole(figures, line, exact)?],
    })
}

fn of_charges<'a>(figures: Figures<'_>, detail: &'a Detail) -> Result<Part<'a>, FaceError> {
    let exact = figures.or_zero("the exact amount of a part", detail.exact_amount.as_deref())?;
    let unit = detail.unit.as_deref().unwrap_or(UNITS);
    let product =
        detail.quantity.as_deref().and_then(parse).zip(detail.unit_price.as_deref().and_then(parse));
    let priced = product.and_then(|(quantity, price)| times(quantity, unit, price, exact));
    let consumed = match &detail.quantity {
        Some(quantity) => Consumed { quantity: quantity.clone(), unit },
        None => Consumed { quantity: detail.events.to_string(), unit: EVENTS },
    };
    let priced = priced.unwrap_or_else(|| at_once(exact));
    let priced = Priced { category: "Other", ..priced };
    Ok(Part { exact, priced, consumed, description: detail.description.as_deref(), price: Price::default() })
}

/// A tier or a rate that is a quantity times a price; `None` for what is not.
fn of_rating<'a>(line: &'a Line, rated: &PreviewLine) -> Option<Part<'a>> {
    let plain = rated.category == "usage"
        && rated.flat_amount.is_none()
        && rated.discounts.is_empty()
        && rated.credits.is_empty();
    let (quantity, price) = (parse(&rated.quantity)?, parse(rated.unit_amount.as_deref()?)?);
    // After a conversion the price is of another unit than the usage, and that has no name.
    let (measured, unit) = match (line.quantity.as_deref().and_then(parse), line.unit.as_deref()) {
        (Some(all), unit) if line.rating.len() > 1 || all == quantity => (quantity, unit.unwrap_or(UNITS)),
        (all, _) => (all?, UNITS),
    };
    let exact = parse(&rated.total)?;
    let priced = times(quantity, unit, price, exact).filter(|_| plain)?;
    let consumed = Consumed { quantity: measured.to_string(), unit: line.unit.as_deref().unwrap_or(UNITS) };
    let values = rated.values.clone().unwrap_or_default();
    Some(Part { exact, priced, consumed, description: None, price: Price { tier: rated.tier, values } })
}

/// Whether the parts are all that the line is: its cost and what was measured.
fn is_all(parts: &[Part<'_>], line: &Line, exact: Decimal) -> bool {
    let measured = sum(parts.iter().filter_map(|part| parse(&part.consumed.quantity)));
    !parts.is_empty()
        && sum(parts.iter().map(|part| part.exact)) == Some(exact)
        && measured == line.quantity.as_deref().and_then(parse)
}

/// Without tiers that nothing was used of, where there is any other.
fn without_empty(mut parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    let is_empty = |part: &Part<'_>| part.priced.quantity.is_zero();
    if !parts.iter().all(is_empty) {
        parts.retain(|part| !is_empty(part));
    }
    parts
}

fn whole<'a>(figures: Figures<'_>, line: &'a Line, exact: Decimal) -> Result<Part<'a>, FaceError> {
    let unit = line.unit.as_deref().unwrap_or(UNITS);
    let quantity = line.quantity.as_deref().map(|quantity| figures.read("the quantity of a line", quantity));
    let quantity = quantity.transpose()?;
    let price = line.unit_price.as_deref().and_then(parse);
    let priced = quantity.zip(price).and_then(|(quantity, price)| times(quantity, unit, price, exact));
    let mut priced = priced.unwrap_or_else(|| at_once(exact));
    if line.kind == "charges" {
        priced.category = "Other";
    }
    let consumed = match quantity {
        Some(quantity) => Consumed { quantity: quantity.to_string(), unit },
        None => Consumed { quantity: line.events.to_string(), unit: EVENTS },
    };
    Ok(Part { exact, priced, consumed, description: None, price: Price::default() })
}

/// A quantity at a price, where that is the cost.
fn times(quantity: Decimal, unit: &str, unit_price: Decimal, exact: Decimal) -> Option<Priced> {
    let product = quantity.mul(unit_price).ok()?;
    let is_it = product == exact && !unit_price.is_negative();
    let unit = unit.to_string();
    is_it.then_some(Priced { quantity, unit, unit_price, category: "Standard", is_at_once: false })
}

/// One thing that costs all of it. A price is never below zero.
fn at_once(exact: Decimal) -> Priced {
    let (quantity, unit_price) = match exact.is_negative() {
        true => (ONE.negate(), exact.negate()),
        false => (ONE, exact),
    };
    Priced { quantity, unit: UNITS.to_string(), unit_price, category: "Standard", is_at_once: true }
}

fn sum(figures: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    figures.into_iter().try_fold(Decimal::ZERO, |sum, figure| sum.add(figure).ok())
}

impl Price {
    /// As the end of an identifier: `/tier-2`, `/region=eu`.
    pub(super) fn suffix(&self) -> String {
        let tier = self.tier.map(|tier| format!("/tier-{}", tier + 1));
        let values = self.values.iter().map(|(dimension, value)| format!("/{dimension}={value}"));
        tier.into_iter().chain(values).collect()
    }

    /// As a JSON object whose keys are not those of FOCUS.
    pub(super) fn details(&self) -> Option<String> {
        let tier = self.tier.map(|tier| ("x_Tier".to_string(), Value::from(tier + 1)));
        let values = self
            .values
            .iter()
            .map(|(dimension, value)| (format!("x_{dimension}"), Value::from(value.as_str())));
        let details: Map<String, Value> = tier.into_iter().chain(values).collect();
        (!details.is_empty()).then(|| Value::Object(details).to_string())
    }
}
