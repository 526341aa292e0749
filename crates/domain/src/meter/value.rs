//! Reading what an event is worth to a meter: its value, and the dimensions that it is counted under.

use super::path::JsonPath;
use super::{Aggregation, Dimension, Meter};
use crate::decimal::{Decimal, DecimalError};
use crate::field::Field;
use crate::time::Timestamp;
use std::borrow::Cow;

/// Longest value or dimension, in bytes of text.
pub const MAX_TEXT: usize = 1024;

/// What an event is worth to a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeterValue {
    /// That it is there.
    Nothing,
    /// A figure.
    Number(Decimal),
    /// One of the things that a unique count tells apart.
    Text(String),
}

/// What an event contributes to a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// Under which dimensions, in the meter's order; nothing for one that the event does not have.
    pub dimensions: Vec<Option<String>>,
    /// How much.
    pub value: MeterValue,
}

/// Why an event is left out of a meter's usage. The texts that the published clients know are kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// The event has no data.
    #[error("invalid event: null and missing value property")]
    NoData,
    /// The data has no such property, or null.
    #[error("invalid event: missing value property: \"{0}\"")]
    Missing(String),
    /// "NaN".
    #[error("invalid event: value cannot be NaN")]
    NaN,
    /// "Infinity" and the like.
    #[error("invalid event: value cannot be infinity")]
    Infinite,
    /// Not a figure, or one beyond the limits.
    #[error("invalid event: value \"{path}\" is no usable figure: {reason}")]
    Figure {
        /// The property.
        path: String,
        /// What is wrong with it.
        reason: DecimalError,
    },
    /// An array, an object or a very long text.
    #[error("invalid event: \"{path}\" must be a text of at most {MAX_TEXT} bytes or a number")]
    NotAText {
        /// The property.
        path: String,
    },
}

impl Meter {
    /// Whether an event of this type and time is the meter's usage.
    #[must_use]
    pub fn covers(&self, event_type: &str, time: Timestamp) -> bool {
        self.draft.event_type == event_type && self.draft.event_from.is_none_or(|from| from <= time)
    }

    /// Reads what an event is worth. `field` looks a property up by the names on the way to it, `None`
    /// where it is missing or null; `has_data` tells whether the event has any.
    ///
    /// # Errors
    /// What makes the event unusable for this meter.
    pub fn measure<'a>(
        &self,
        has_data: bool,
        field: impl Fn(&[String]) -> Option<Field<'a>>,
    ) -> Result<Measurement, InvalidValue> {
        let mut dimensions = Vec::with_capacity(self.draft.dimensions.len());
        let value = self.measure_into(has_data, field, &mut dimensions)?;
        let dimensions = dimensions.into_iter().map(|value| value.map(Cow::into_owned)).collect();
        Ok(Measurement { dimensions, value })
    }

    /// The same, with the dimensions where they are.
    ///
    /// # Errors
    /// What makes the event unusable for this meter; `dimensions` may then have some.
    pub fn measure_into<'a>(
        &self,
        has_data: bool,
        field: impl Fn(&[String]) -> Option<Field<'a>>,
        dimensions: &mut Vec<Option<Cow<'a, str>>>,
    ) -> Result<MeterValue, InvalidValue> {
        let value = match &self.draft.value_property {
            None => MeterValue::Nothing,
            Some(_) if !has_data => return Err(InvalidValue::NoData),
            Some(path) => {
                let found = field(path.names());
                let found = found.ok_or_else(|| InvalidValue::Missing(path.to_string()))?;
                value(self.draft.aggregation, &found, path)?
            }
        };
        for Dimension { path, .. } in &self.draft.dimensions {
            dimensions.push(match field(path.names()) {
                None => None,
                Some(found) => {
                    Some(label(&found).ok_or_else(|| InvalidValue::NotAText { path: path.to_string() })?)
                }
            });
        }
        Ok(value)
    }
}

fn value(aggregation: Aggregation, field: &Field<'_>, path: &JsonPath) -> Result<MeterValue, InvalidValue> {
    if aggregation == Aggregation::UniqueCount {
        let text = label(field).ok_or_else(|| InvalidValue::NotAText { path: path.to_string() })?;
        return Ok(MeterValue::Text(text.into_owned()));
    }
    let digits: &str = match field {
        Field::Text(text) => text.trim(),
        Field::Number(digits) => digits,
        Field::Bool(_) | Field::Other => "?",
    };
    digits.parse().map(MeterValue::Number).map_err(|reason| match reason {
        DecimalError::NaN => InvalidValue::NaN,
        DecimalError::Infinite => InvalidValue::Infinite,
        reason => InvalidValue::Figure { path: path.to_string(), reason },
    })
}

/// The text that a value is told apart by: numbers by value, so that 1 and 1.0 are one.
fn label<'a>(field: &Field<'a>) -> Option<Cow<'a, str>> {
    let text = match *field {
        Field::Text(text) => Cow::Borrowed(text),
        Field::Number(digits) => match digits.parse::<Decimal>() {
            Ok(figure) => Cow::Owned(figure.to_string()),
            Err(_) => Cow::Borrowed(digits),
        },
        Field::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Field::Other => return None,
    };
    (text.len() <= MAX_TEXT).then_some(text)
}
