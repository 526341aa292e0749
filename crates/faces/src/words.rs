//! What every form for people says of a bill, in the same words: the parts of lines, where lines come from,
//! and how the total comes about.

use crate::figure::parse;
use crate::local;
use std::collections::BTreeMap;
use usage_api::bill::{Bill, Detail, Line};
use usage_api::price::PreviewLine;
use usage_domain::decimal::Decimal;

/// A part of a line: a tier, a rate, a description, a combination of dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub label: String,
    /// How many units.
    pub quantity: Option<String>,
    /// What the units are.
    pub unit: Option<String>,
    /// The price of a unit.
    pub unit_price: Option<String>,
    /// What it costs exactly, where that is known of a part.
    pub exact_amount: Option<String>,
}

/// A step from the lines to the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is: `Discount`, `Credit`, `Tax` or `Tax included`.
    pub kind: &'static str,
    /// What the coupon, the credit or the tax is called; a tax with its rate and what it is of.
    pub name: String,
    /// By how much the total changes; of an included tax, how much of it is tax.
    pub amount: String,
    /// Whether the total does not change by it, because the lines have it in them.
    pub is_included: bool,
}

/// The parts of a line, where they say more than the line: tiers and rates, then what was used.
#[must_use]
pub fn parts(line: &Line) -> Vec<Part> {
    let rated = line.rating.iter().filter(|rated| !is_nothing(rated)).map(rated);
    let mut parts: Vec<Part> = rated.collect();
    if parts.len() == 1 && line.rating.iter().all(is_plain) {
        parts.clear();
    }
    let details = &line.details;
    if details.len() > 1 || details.iter().any(|one| one.description.is_some() || one.values.is_some()) {
        parts.extend(details.iter().map(detail));
    }
    parts
}

/// Where a line comes from, where its name does not say so. The name of an adjustment does.
#[must_use]
pub fn origin(bill: &Bill, line: &Line) -> Option<String> {
    if line.adjusts.is_some() {
        return None;
    }
    let mut said = Vec::new();
    if let Some(plan) = &line.plan {
        said.push(format!("plan {}, version {}", plan.plan, plan.version));
        said.extend(plan.share.as_ref().map(|share| format!("{share} of the month")));
        said.extend(plan.minimum_amount.as_ref().map(|least| format!("the minimum is {least}")));
    }
    if (&line.from, &line.to) != (&bill.from, &bill.to) && !line.from.is_empty() {
        said.push(local::period(&line.from, &line.to, &bill.time_zone));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// What leads from the subtotal to the total, in this order: discounts, credits, taxes, credits with taxes in
/// them.
#[must_use]
pub fn steps(bill: &Bill) -> Vec<Step> {
    let less = |amount: &str| match amount.strip_prefix('-') {
        Some(more) => more.to_string(),
        None => format!("-{amount}"),
    };
    let discounts = bill.discounts.iter().map(|discount| Step {
        kind: "Discount",
        name: discount.name.clone(),
        amount: less(&discount.amount),
        is_included: false,
    });
    let credits = |after_taxes: bool| {
        let of = bill.credits.iter().filter(move |credit| credit.after_taxes == after_taxes);
        of.map(|credit| Step {
            kind: "Credit",
            name: credit.name.clone(),
            amount: less(&credit.amount),
            is_included: false,
        })
    };
    let taxes = bill.taxes.iter().map(|tax| Step {
        kind: if tax.inclusive { "Tax included" } else { "Tax" },
        name: format!("{}: {} of {}", tax.name, percent(&tax.rate), tax.base_amount),
        amount: tax.amount.clone(),
        is_included: tax.inclusive,
    });
    discounts.chain(credits(false)).chain(taxes).chain(credits(true)).collect()
}

/// A tier of which nothing was used.
fn is_nothing(rated: &PreviewLine) -> bool {
    let is_zero = |figure: &str| parse(figure).is_some_and(Decimal::is_zero);
    is_zero(&rated.quantity) && is_zero(&rated.amount) && is_zero(&rated.total)
}

/// One price for all of the line, which says it itself.
fn is_plain(rated: &PreviewLine) -> bool {
    rated.tier.is_none() && rated.values.is_none() && rated.discounts.is_empty() && rated.credits.is_empty()
}

fn rated(rated: &PreviewLine) -> Part {
    let mut label = match (rated.category.as_str(), rated.tier, &rated.values) {
        ("event_limits", ..) => "Limits per event".to_string(),
        ("minimum_spend", ..) => "To the minimum".to_string(),
        (_, Some(tier), _) => format!("Tier {}", tier + 1),
        (_, _, Some(values)) => pairs(values.iter().map(|(key, value)| (key, Some(value)))),
        ("flat", ..) => "Flat amount".to_string(),
        _ => "Usage".to_string(),
    };
    if rated.category == "flat" && rated.tier.is_some() {
        label.push_str(", flat amount");
    }
    for (what, amount) in [("flat amount", &rated.flat_amount), ("less", &rated.discount_amount)] {
        if let Some(amount) = amount.as_ref().filter(|_| rated.category != "flat" || what == "less") {
            label.push_str(&format!(", {what} {amount}"));
        }
    }
    let rate = rated.rate.as_ref().map(|rate| percent(rate));
    Part {
        label,
        quantity: Some(rated.quantity.clone()),
        unit: None,
        unit_price: rate.or_else(|| rated.unit_amount.clone()),
        exact_amount: Some(rated.total.clone()),
    }
}

fn detail(detail: &Detail) -> Part {
    let values = detail.values.as_ref().filter(|values| !values.is_empty());
    let label = match (&detail.description, values) {
        (Some(description), _) => description.clone(),
        (None, Some(values)) => of_dimensions(values),
        (None, None) => "·".to_string(),
    };
    Part {
        label,
        quantity: detail.quantity.clone(),
        unit: detail.unit.clone(),
        unit_price: detail.unit_price.clone(),
        exact_amount: detail.exact_amount.clone(),
    }
}

fn of_dimensions(values: &BTreeMap<String, Option<String>>) -> String {
    pairs(values.iter().map(|(key, value)| (key, value.as_ref())))
}

/// `model large, region eu`; a dash for events that do not have the dimension.
fn pairs<'a>(values: impl Iterator<Item = (&'a String, Option<&'a String>)>) -> String {
    let pair =
        |(key, value): (&String, Option<&String>)| format!("{key} {}", value.map_or("–", String::as_str));
    values.map(pair).collect::<Vec<_>>().join(", ")
}

/// `19 %` for `0.19`.
fn percent(rate: &str) -> String {
    match parse(rate).and_then(|rate| rate.mul(Decimal::new(100, 0)).ok()) {
        Some(percent) => format!("{percent} %"),
        None => rate.to_string(),
    }
}
