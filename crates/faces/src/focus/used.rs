//! The rows of what a line is for: usage, purchases, what is missing to a minimum, corrections.

use super::parts::{Part, parts};
use super::row::{Category, Row, Sku};
use super::shares::shares;
use super::taxes;
use crate::error::FaceError;
use crate::figure::Figures;
use usage_api::bill::{Line, PlanLine};
use usage_domain::decimal::Decimal;

/// The rows. They add up to what the line costs without its coupons and without the taxes in it.
pub(super) fn rows<'a>(figures: Figures<'a>, line: &'a Line) -> Result<Vec<Row<'a>>, FaceError> {
    let amount = figures.read("the amount of a line", &line.amount)?;
    let discount = figures.or_zero("the discount of a line", line.discount_amount.as_deref())?;
    let net = figures.fits(amount.sub(discount))?;
    let billed = figures.fits(net.sub(taxes::included(figures, line)?))?;
    let category = category(line);
    if category == Category::Adjustment || line.adjusts.is_some() {
        return Ok(vec![unpriced(figures, line, category, billed, discount)]);
    }
    let parts = parts(figures, line)?;
    let costs: Vec<Decimal> = parts.iter().map(|part| part.exact).collect();
    let billed = shares(figures, billed, &costs, amount)?;
    let discounts = shares(figures, discount, &costs, amount)?;
    let parts = parts.into_iter().zip(billed.into_iter().zip(discounts));
    Ok(parts
        .map(|(part, (billed, discount))| priced(figures, line, category, part, billed, discount))
        .collect())
}

/// What kind of charge a line is, or the line that an adjustment is of. A fee is never adjusted: it does
/// not depend on what was used.
fn category(line: &Line) -> Category {
    let adjusted = line.adjusts.as_ref().map(|adjusts| adjusts.line.as_str());
    match (line.kind.as_str(), adjusted) {
        ("minimum", _) => Category::Adjustment,
        (_, Some(key)) if !key.starts_with("charges/") && key.ends_with("/_minimum") => Category::Adjustment,
        ("fee", _) => Category::Purchase,
        _ => Category::Usage,
    }
}

fn frequency(category: Category) -> &'static str {
    match category {
        Category::Usage => "Usage-Based",
        _ => "Recurring",
    }
}

/// A row without a price: of what is missing to a minimum, or of what an earlier bill changed by.
fn unpriced<'a>(
    figures: Figures<'a>,
    line: &'a Line,
    category: Category,
    billed: Decimal,
    discount: Decimal,
) -> Row<'a> {
    Row {
        bill: figures.0,
        line,
        category,
        frequency: frequency(category),
        description: line.service.clone(),
        billed,
        list: billed,
        priced: None,
        consumed: None,
        sku: None,
        discount,
    }
}

fn priced<'a>(
    figures: Figures<'a>,
    line: &'a Line,
    category: Category,
    part: Part<'a>,
    billed: Decimal,
    discount: Decimal,
) -> Row<'a> {
    Row {
        bill: figures.0,
        line,
        category,
        frequency: frequency(category),
        description: description(figures, line, &part),
        billed,
        list: part.exact,
        sku: Some(sku(line, &part)),
        consumed: (category == Category::Usage).then_some(part.consumed),
        priced: Some(part.priced),
        discount,
    }
}

/// What it is and what it costs: `Compute, m5.large: 10 hours at USD 0.1`.
fn description(figures: Figures<'_>, line: &Line, part: &Part<'_>) -> String {
    let mut what = line.service.clone();
    if let Some(description) = part.description {
        what = format!("{what}, {description}");
    }
    if let Some(tier) = part.price.tier {
        what = format!("{what}, tier {}", tier + 1);
    }
    for (dimension, value) in &part.price.values {
        what = format!("{what}, {dimension} {value}");
    }
    let (priced, currency) = (&part.priced, &figures.0.currency);
    if priced.is_at_once {
        return format!("{what}: {currency} {}", part.exact);
    }
    format!("{what}: {} {} at {currency} {}", priced.quantity, priced.unit, priced.unit_price)
}

fn sku(line: &Line, part: &Part<'_>) -> Sku {
    let details = part.price.details();
    let Some(PlanLine { plan, version, item: Some(item), meter, .. }) = &line.plan else {
        let id = match part.description {
            Some(description) => format!("charges/{}/{description}", line.service),
            None => format!("charges/{}", line.service),
        };
        let meter = part.description.unwrap_or(&line.service).to_string();
        return Sku { price_id: id.clone(), id, meter, details };
    };
    Sku {
        id: format!("{plan}/{item}"),
        price_id: format!("{plan}/{item}/version-{version}{}", part.price.suffix()),
        meter: meter.as_ref().unwrap_or(item).clone(),
        details,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_adjustment_is_of_the_category_that_its_line_was_of() {
        for (kind, adjusted, expected) in [
            ("minimum", None, Category::Adjustment),
            ("fee", None, Category::Purchase),
            ("usage", None, Category::Usage),
            ("adjustment", Some("1/_minimum"), Category::Adjustment),
            ("adjustment", Some("1/minimum"), Category::Usage),
            ("adjustment", Some("charges/_minimum"), Category::Usage),
        ] {
            let mut line = json!({
                "key": "x", "kind": kind, "service": "X", "from": "2026-10-01T00:00:00Z",
                "to": "2026-11-01T00:00:00Z", "quantity": null, "unit": null, "unit_price": null, "events": 0,
                "exact_amount": "1", "amount": "1", "details": [],
            });
            if let Some(key) = adjusted {
                line["adjusts"] = json!({"month": "2026-10", "bill": "2026-000004", "line": key});
            }
            assert_eq!(category(&serde_json::from_value(line).unwrap()), expected, "{kind} {adjusted:?}");
        }
    }
}
