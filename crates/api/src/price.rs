//! Prices on the wire: what a price looks like in JSON, and `POST /api/v1/prices/preview`, which tries
//! one on usage and stores nothing.
//!
//! Reading is strict: a property that the model has no use for, or that stands twice, is refused with
//! its path, because a misspelt price would bill something else. Figures are decimal strings, or JSON
//! numbers of which the digits are taken as they are.

mod answer;
mod read;
mod usage;
mod write;

use crate::fields::Fields;
use crate::problem::FieldError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usage_domain::currency::Currency;
use usage_domain::decimal::Decimal;
use usage_domain::pricing::{Consumption, Part, Price, RateError};

pub(crate) use answer::line as rated_line;
pub use answer::{Preview, PreviewLine};
pub(crate) use read::price as read_price;

/// The most credits of one request.
const MAX_CREDITS: usize = 100;

/// A price, some usage, and a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "price": {"model": "graduated", "maximum_amount": "1000", "tiers": [
        {"up_to": "1000000", "unit_amount": "0", "flat_amount": "20"},
        {"up_to": null, "unit_amount": "0.0000025"},
    ]},
    "input": {"quantity": "18059174", "percentage_discount": "0.1"},
    "currency": "USD",
})))]
pub struct PreviewRequest {
    /// What is charged.
    pub price: PriceSpec,
    /// What was used.
    pub input: UsageInput,
    /// ISO 4217; USD where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// How a quantity becomes an amount. Which properties there are depends on the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Price))]
pub struct PriceSpec {
    /// `flat`, `per_unit`, `graduated`, `volume`, `package`, `percentage`, `graduated_percentage`,
    /// `dynamic` or `matrix`.
    pub model: String,
    /// flat: the fee; package: what a package costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// flat: `in_advance`, `in_arrears` (where absent) or `once`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_term: Option<String>,
    /// per_unit: what a unit costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_amount: Option<String>,
    /// graduated, volume, graduated_percentage: 1 to 1000 tiers, of which the last has no bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierSpec>,
    /// package: how many units are in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_size: Option<String>,
    /// package: the first units, which are free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_units: Option<String>,
    /// percentage: what part of an event's amount is charged, as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// percentage: what each paid event costs besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_amount: Option<String>,
    /// percentage: how many events are free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_events: Option<String>,
    /// percentage: how much is free; with `free_events`, whichever is used up first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_amount: Option<String>,
    /// percentage: the least that a paid event costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_per_event: Option<String>,
    /// percentage: the most that a paid event costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_event: Option<String>,
    /// dynamic: what the events' own amounts are multiplied by; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<String>,
    /// matrix: the names of the dimensions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<String>,
    /// matrix: what a unit costs with certain values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<RateSpec>,
    /// matrix: what a unit of other values costs; where absent, such units are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_unit_amount: Option<String>,
    /// The least that a period costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<String>,
    /// The most that a period costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_amount: Option<String>,
    /// What part is taken off, as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage_discount: Option<String>,
    /// How many units, after the conversion, are free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_discount: Option<String>,
    /// From metered to priced units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_conversion: Option<ConversionSpec>,
}

/// A stretch of quantity with a price of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Tier))]
pub struct TierSpec {
    /// The last quantity in it; null for the last tier.
    pub up_to: Option<String>,
    /// What a unit in it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_amount: Option<String>,
    /// graduated_percentage: what part of the quantity in it is charged, as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// What it costs to be in it at all; 0 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat_amount: Option<String>,
    /// The most that all of it can cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_amount: Option<String>,
}

/// What a unit costs with certain values of the dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = MatrixRate))]
pub struct RateSpec {
    /// The value of each dimension.
    pub values: BTreeMap<String, String>,
    /// What a unit costs.
    pub unit_amount: String,
}

/// From metered to priced units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = UnitConversion))]
pub struct ConversionSpec {
    /// `multiply` or `divide`.
    pub operation: String,
    /// By what.
    pub factor: String,
    /// `none` (where absent), `ceiling`, `floor` or `half_up` (halves away from zero).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding: Option<String>,
    /// Digits after the point to round to, -18 to 18; 0 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<String>,
}

/// What was used in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageInput {
    /// How many units; the sum of the events or groups where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// volume: the units that tell the tier, where they are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier_quantity: Option<String>,
    /// The units of each event, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_values: Vec<String>,
    /// How many events there were, where there is not a value of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_count: Option<String>,
    /// What the first events came to, one after the other, instead of their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub running_total: Vec<String>,
    /// dynamic: what all events cost by themselves, in minor units of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_amount_minor_total: Option<String>,
    /// The events with what the price looks at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventInput>,
    /// matrix: units by dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupInput>,
    /// What was paid before the bill; drawn down in order. More than there is to pay is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<String>,
    /// As in the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_conversion: Option<ConversionSpec>,
    /// As in the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_discount: Option<String>,
    /// As in the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage_discount: Option<String>,
}

/// An event, as far as prices look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventInput {
    /// When it happened, RFC 3339. Where all events say so, that is their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub time: Option<String>,
    /// How many units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// dynamic: what it costs by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// dynamic: or how many units,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// dynamic: and what each of them costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<String>,
    /// matrix: the values of dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, String>>,
}

/// The units of one combination of dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupInput {
    /// The value of each dimension; one that the events lack is null or absent.
    pub by: BTreeMap<String, Option<String>>,
    /// How many units.
    pub quantity: String,
}

/// A request that has been read: a price that makes sense, and usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    price: Price,
    usage: Consumption,
    credits: Vec<Decimal>,
    currency: Currency,
}

/// Reads the body of a preview.
///
/// # Errors
/// The property that is missing or unusable, with its value and what would be right.
pub fn read_preview(text: &str) -> Result<Trial, FieldError> {
    let body = Fields::read("", text)?;
    body.only(&["price", "input", "currency"])?;
    let price = body.required_object("price")?;
    let input = body.required_object("input")?;
    let currency = match body.text("currency")? {
        None => Currency::USD,
        Some(code) => code.parse().map_err(|error| body.wrong("currency", format!("{error}")))?,
    };
    let model = read::model(&price)?;
    let (given, more) = (read::terms(&price)?, read::terms(&input)?);
    let terms = read::together(given, more, &input)?;
    let checked = Price::new(model, terms).map_err(|invalid| {
        let in_input = ["unit_conversion", "usage_discount", "percentage_discount"]
            .into_iter()
            .any(|name| invalid.field.starts_with(name) && input.has(name));
        (if in_input { &input } else { &price }).wrong(&invalid.field, invalid.reason)
    })?;
    let price = checked;
    let usage = usage::read(&input, &price, currency)?;
    let credits = input.figures("credits", MAX_CREDITS)?.unwrap_or_default();
    if let Some(index) = credits.iter().position(|credit| credit.is_negative()) {
        let reason = format!("must be zero or more, not {}", credits[index]);
        return Err(input.wrong(&format!("credits[{index}]"), reason));
    }
    Ok(Trial { price, usage, credits, currency })
}

impl Trial {
    /// What the usage costs as a whole period.
    ///
    /// # Errors
    /// The part of the input that the price has no answer to, or an amount that does not fit.
    pub fn rate(&self) -> Result<Preview, FieldError> {
        let rating = self.price.rate(&Part::whole(&self.usage), self.currency, &self.credits);
        let rating = rating.map_err(|error| match error {
            RateError::Usage { field, reason } => FieldError { field: format!("input.{field}"), reason },
            RateError::CreditsLeft(_) => {
                let reason = format!("are more than can be consumed fully: {error}");
                FieldError { field: "input.credits".to_string(), reason }
            }
            RateError::Amount(_) => FieldError { field: "input".to_string(), reason: error.to_string() },
        })?;
        Preview::new(&rating, &self.price, !self.credits.is_empty()).map_err(|error| FieldError {
            field: "input".to_string(),
            reason: format!("the amount cannot be written: {error}"),
        })
    }
}
