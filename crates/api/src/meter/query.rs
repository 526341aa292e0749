//! What a meter is asked in version 1, and the answer: as JSON, or as CSV.

use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usage_domain::customer::CustomerId;
use usage_domain::decimal::DecimalError;
use usage_domain::meter::query::MeterRow;
use usage_domain::rounding::half_away_from_zero;

/// Digits after the point of a value in CSV.
const CSV_DIGITS: u8 = 6;

/// What a meter is asked (`POST`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "from": "2023-08-01T00:00:00Z", "to": "2023-09-01T00:00:00Z", "windowSize": "DAY",
    "windowTimeZone": "Europe/Berlin", "groupBy": ["subject", "customer_id"],
})))]
#[serde(rename_all = "camelCase")]
pub struct MeterQueryRequest {
    /// Usage before this moment is not asked for, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: Option<String>,
    /// Usage at or after this moment is not asked for, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: Option<String>,
    /// Rows of windows of this length; without, one row for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<WindowSize>))]
    pub window_size: Option<String>,
    /// IANA; windows are of this zone's clock and calendar. UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_time_zone: Option<String>,
    /// Only usage of these subjects, each in rows of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Vec<String>>,
    /// Only usage that these customers pay for: ids, keys or numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_customer_id: Option<Vec<String>>,
    /// Only usage whose dimension has one of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_group_by: Option<BTreeMap<String, Vec<String>>>,
    /// Dimensions of which each value has rows of its own; `subject` and `customer_id` are two that every
    /// meter has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<Vec<String>>,
    /// Refused: an answer that ignored it would be of other usage than was asked for.
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub advanced_meter_group_by_filters: Option<serde::de::IgnoredAny>,
}

/// How long the windows of an answer are.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "describes the names on the wire and nothing else")]
pub enum WindowSize {
    Minute,
    Hour,
    Day,
    Month,
}

/// A meter's usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MeterQueryResult {
    /// As it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: Option<String>,
    /// As it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: Option<String>,
    /// As it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<WindowSize>))]
    pub window_size: Option<String>,
    /// The rows, in the order of their windows. What has no usage has no row.
    pub data: Vec<MeterQueryRow>,
}

/// A row of a meter's usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MeterQueryRow {
    /// How much: a number with all of its digits.
    #[cfg_attr(feature = "openapi", schema(value_type = f64))]
    pub value: Number,
    /// The beginning of its time, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub window_start: String,
    /// The end of its time, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub window_end: String,
    /// Whose usage, where each subject has rows of its own.
    pub subject: Option<String>,
    /// The id of the customer that pays for it, where each has rows of its own; null for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub customer_id: Option<Option<String>>,
    /// The values of the dimensions that were asked for; null for events without one.
    pub group_by: BTreeMap<String, Option<String>>,
}

fn there<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(reader).map(Some)
}

/// The names of what the rows of an answer are told apart by.
#[derive(Debug, Clone, Copy)]
pub struct RowNames<'a> {
    /// The dimensions, in the order of the question.
    pub dimensions: &'a [String],
    /// What the labels of rows stand for, where each customer has rows of its own.
    pub customers: Option<&'a [Option<CustomerId>]>,
}

impl MeterQueryRow {
    /// A row, under these names.
    #[must_use]
    pub fn new(row: &MeterRow, names: RowNames<'_>) -> MeterQueryRow {
        MeterQueryRow {
            value: row.value.into(),
            window_start: row.window.start.to_string(),
            window_end: row.window.end.to_string(),
            subject: row.subject.clone(),
            customer_id: names.customers.map(|customers| payer(row, customers)),
            group_by: names.dimensions.iter().cloned().zip(row.dimensions.iter().cloned()).collect(),
        }
    }
}

/// The customer that a row's label stands for.
pub(super) fn payer(row: &MeterRow, customers: &[Option<CustomerId>]) -> Option<String> {
    let place = row.label.and_then(|label| usize::try_from(label).ok())?;
    customers.get(place).copied().flatten().map(|id| id.to_string())
}

/// The answer as CSV: `window_start,window_end[,subject][,groups…],value`, values with six digits after
/// the point.
///
/// # Errors
/// None in practice: that of the arithmetic that rounds.
pub fn csv(
    rows: &[MeterRow],
    names: RowNames<'_>,
    by_subject: bool,
    groups: &[String],
) -> Result<String, DecimalError> {
    let mut header = vec!["window_start", "window_end"];
    header.extend(by_subject.then_some("subject"));
    header.extend(groups.iter().map(String::as_str));
    header.push("value");
    let mut text = String::new();
    line(&mut text, &header);
    for row in rows {
        let wire = MeterQueryRow::new(row, names);
        let value = half_away_from_zero(row.value, CSV_DIGITS)?.to_string();
        let (whole, digits) = value.split_once('.').unwrap_or((&value, ""));
        let value = format!("{whole}.{digits:0<width$}", width = usize::from(CSV_DIGITS));
        let mut cells = vec![wire.window_start.as_str(), wire.window_end.as_str()];
        cells.extend(by_subject.then(|| wire.subject.as_deref().unwrap_or_default()));
        for group in groups {
            let customer = wire.customer_id.as_ref().filter(|_| group == "customer_id");
            let cell = customer.or_else(|| wire.group_by.get(group)).and_then(Option::as_deref);
            cells.push(cell.unwrap_or_default());
        }
        cells.push(&value);
        line(&mut text, &cells);
    }
    Ok(text)
}

fn line(text: &mut String, cells: &[&str]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') {
            text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            text.push_str(cell);
        }
    }
    text.push('\n');
}
