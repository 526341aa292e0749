//! What a price makes of usage, line by line.

use crate::figure::text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usage_domain::decimal::DecimalError;
use usage_domain::pricing::{Category, Line, Model, Price, Rating};
use usage_domain::ratio::Ratio;

/// What usage costs. Figures are exact decimal strings in whole units; one without an end, such as
/// 10/3, is written with 18 digits after the point, and never computed with again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview {
    /// ISO 4217.
    pub currency: String,
    /// What is to pay, exactly: the sum of the lines' totals.
    pub amount: String,
    /// The same, rounded once to the currency's minor unit, half away from zero.
    pub rounded: String,
    /// The sum before discounts and credits, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_amount: Option<String>,
    /// What the percentage discount and the maximum take off, where the price has either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<String>,
    /// What credits pay, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_amount: Option<String>,
    /// What the amount is made of, exactly.
    pub lines: Vec<PreviewLine>,
}

/// A part of an amount, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewLine {
    /// `usage`, `flat`, `event_limits` (what bounds per event add or take off) or `minimum_spend`
    /// (what is missing to the minimum).
    pub category: String,
    /// Which tier of the price, from 0, where it has tiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u64>,
    /// The values of the dimensions, where the line is of a rate of a matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// How many units, packages or events; 1 for what is billed as one thing.
    pub quantity: String,
    /// What one of them costs; 0 where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_amount: Option<String>,
    /// What part of the quantity is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// What of the amount does not depend on the quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flat_amount: Option<String>,
    /// What of the amount depends on the quantity, where the other part is named, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_amount: Option<String>,
    /// What it costs before discounts and credits.
    pub amount: String,
    /// What is taken off: the percentage discount, then what is above the maximum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<String>,
    /// The sum of the discounts, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<String>,
    /// What credits pay of it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<String>,
    /// What is left to pay.
    pub total: String,
}

impl Preview {
    pub(super) fn new(rating: &Rating, price: &Price, credited: bool) -> Result<Preview, DecimalError> {
        let limits = &price.terms().limits;
        let discounted = limits.percentage_discount.is_some() || limits.maximum_amount.is_some();
        let where_any = |any: bool, figure: Ratio| any.then(|| text(figure)).transpose();
        Ok(Preview {
            currency: rating.rounded.currency.to_string(),
            amount: text(rating.amount)?,
            rounded: rating.rounded.figure(),
            gross_amount: where_any(discounted || credited, rating.gross)?,
            discount_amount: where_any(discounted, rating.discount)?,
            credit_amount: where_any(credited, rating.credit)?,
            lines: rating.lines.iter().map(|part| line(part, price)).collect::<Result<_, _>>()?,
        })
    }
}

pub(crate) fn line(line: &Line, price: &Price) -> Result<PreviewLine, DecimalError> {
    let of_model = line.category != Category::MinimumSpend;
    let (tier, values) = match price.model() {
        _ if !of_model => (None, None),
        Model::Graduated(_) | Model::Volume(_) | Model::GraduatedPercentage(_) => {
            (Some(line.slot as u64), None)
        }
        Model::Matrix(matrix) => (None, matrix.values(line.slot).cloned()),
        _ => (None, None),
    };
    let all = |figures: &[Ratio]| figures.iter().map(|figure| text(*figure)).collect::<Result<Vec<_>, _>>();
    let discount = (!line.discounts.is_empty()).then(|| line.discount().and_then(text));
    let usage = line.flat_amount.filter(|_| line.category == Category::Usage);
    let usage = usage.map(|flat| line.amount.sub(flat).and_then(text));
    Ok(PreviewLine {
        category: category(line.category).to_string(),
        tier,
        values,
        quantity: text(line.quantity)?,
        unit_amount: line.unit_amount.map(text).transpose()?,
        rate: line.rate.map(|rate| rate.to_string()),
        flat_amount: line.flat_amount.map(text).transpose()?,
        usage_amount: usage.transpose()?,
        amount: text(line.amount)?,
        discounts: all(&line.discounts)?,
        discount_amount: discount.transpose()?,
        credits: all(&line.credits)?,
        total: line.total().and_then(text)?,
    })
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Usage => "usage",
        Category::Flat => "flat",
        Category::EventLimits => "event_limits",
        Category::MinimumSpend => "minimum_spend",
    }
}
