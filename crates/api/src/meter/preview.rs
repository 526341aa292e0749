//! A meter over events that come with the question and are nowhere stored.

use super::{NO_VALUES, RESERVED_SLUGS, wrong};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::field::Field;
use usage_domain::meter::query::{Condition, MeterQuery, MeterRow};
use usage_domain::meter::value::{InvalidValue, MAX_TEXT, Measurement};
use usage_domain::meter::{Aggregation, Dimension, InvalidMeter, Meter, MeterDraft, MeterId};
use usage_domain::rounding::{DIGITS, Mode, round};
use usage_domain::time::{Timestamp, Zone};

/// Where an event's value is.
const VALUE: &str = "$.value";
/// The most events of a preview.
const MAX_EVENTS: usize = 50_000;

/// A meter, and the events that it is tried on.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "aggregation": "sum", "from": "2023-08-01T00:00:00Z", "to": "2023-09-01T00:00:00Z", "group_by": ["model"],
    "events": [{"time": "2023-08-03T10:00:00Z", "value": "12.5", "properties": {"model": "large"}}],
})))]
#[serde(deny_unknown_fields)]
pub struct MeterPreviewRequest {
    /// What the values of the events become together, in letters of either case.
    #[cfg_attr(feature = "openapi", schema(value_type = super::Aggregation))]
    pub aggregation: String,
    /// The events, in the order in which they were stored.
    pub events: Vec<MeterPreviewEvent>,
    /// Events before this moment do not count, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: String,
    /// Events at or after this moment do not count, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: String,
    /// IANA; UTC where absent.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Properties of which each value is a group of its own; so is its absence.
    #[serde(default)]
    pub group_by: Option<Vec<String>>,
    /// Only events whose property has one of these values, of which there must be one.
    #[serde(default)]
    pub filters: Option<BTreeMap<String, Vec<String>>>,
    /// How the aggregate is rounded; not at all where absent.
    #[serde(default)]
    pub rounding: Option<MeterPreviewRounding>,
    /// How many days the period counts as. It changes nothing: a level is averaged over the time itself.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub period_days: Option<Scalar>,
    /// Whether usage of earlier periods goes on: only `false` can be asked for.
    #[serde(default)]
    pub recurring: Option<bool>,
}

/// An event that a meter is tried on.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MeterPreviewEvent {
    /// When it happened, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub time: String,
    /// Its value: a number, or a text of one. An event whose value is unusable is left out.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub value: Option<Scalar>,
    /// What it can be told apart by; what the question names of it is a text, a number or a boolean.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, serde_json::Value>>))]
    pub properties: Option<BTreeMap<String, Scalar>>,
}

/// How an aggregate is rounded.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MeterPreviewRounding {
    /// `round` (halves away from zero), `ceil` or `floor`; not at all where absent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(pattern = "^(round|ceil|floor)$"))]
    pub mode: Option<String>,
    /// Digits after the point, -18 to 18: 0 where absent.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub precision: Option<Scalar>,
}

/// A value of JSON; figures keep their digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// The digits of a number.
    Number(String),
    /// A boolean.
    Bool(bool),
    /// null.
    Null,
    /// An array or an object.
    Other,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'"') => Scalar::Text(serde_json::from_str(text).map_err(serde::de::Error::custom)?),
            Some(b't' | b'f') => Scalar::Bool(text == "true"),
            Some(b'n') => Scalar::Null,
            Some(b'[' | b'{') => Scalar::Other,
            _ => Scalar::Number(text.to_string()),
        })
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) | Scalar::Number(text) => f.write_str(text),
            Scalar::Bool(value) => value.fmt(f),
            Scalar::Null => f.write_str("null"),
            Scalar::Other => f.write_str("an array or an object"),
        }
    }
}

impl Scalar {
    fn field(&self) -> Option<Field<'_>> {
        match self {
            Scalar::Text(text) => Some(Field::Text(text)),
            Scalar::Number(digits) => Some(Field::Number(digits)),
            Scalar::Bool(value) => Some(Field::Bool(*value)),
            Scalar::Null => None,
            Scalar::Other => Some(Field::Other),
        }
    }
}

/// What the events add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum MeterPreviewResult {
    /// Of all of them.
    Whole {
        /// An exact decimal.
        value: String,
    },
    /// Group by group.
    Groups {
        /// The groups; where no event counts, one of nothing.
        groups: Vec<MeterPreviewGroup>,
    },
}

/// What the events of a group add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeterPreviewGroup {
    /// The values of the properties; null for events without one.
    pub by: BTreeMap<String, Option<String>>,
    /// An exact decimal.
    pub value: String,
}

/// A preview as the domain knows it.
#[derive(Debug, Clone)]
pub struct MeterPreview {
    /// The meter that is tried.
    pub meter: Meter,
    /// What it is asked.
    pub query: MeterQuery,
    /// What its events contribute, those that can be used.
    pub events: Vec<(Timestamp, Measurement)>,
    group_by: Vec<String>,
    rounding: Option<(Mode, i8)>,
}

impl MeterPreviewRounding {
    fn read(&self) -> Result<Option<(Mode, i8)>, InvalidMeter> {
        let digits = match &self.precision {
            None | Some(Scalar::Null) => Ok(0),
            Some(precision) => precision.to_string().parse(),
        };
        let digits = digits.ok().filter(|digits| DIGITS.contains(digits));
        let digits =
            digits.ok_or_else(|| wrong("rounding.precision", "must be a whole number from -18 to 18"))?;
        match self.mode.as_deref() {
            None => Ok(None),
            Some("round") => Ok(Some((Mode::HalfAwayFromZero, digits))),
            Some("ceil") => Ok(Some((Mode::Ceiling, digits))),
            Some("floor") => Ok(Some((Mode::Floor, digits))),
            Some(_) => Err(wrong("rounding.mode", "must be round, ceil or floor")),
        }
    }
}

impl TryFrom<MeterPreviewRequest> for MeterPreview {
    type Error = InvalidMeter;

    fn try_from(request: MeterPreviewRequest) -> Result<MeterPreview, InvalidMeter> {
        if request.events.len() > MAX_EVENTS {
            return Err(wrong("events", format!("must be {MAX_EVENTS} at most")));
        }
        if request.recurring == Some(true) {
            return Err(wrong("recurring", "only usage of the period itself can be asked for"));
        }
        if let Some(name) = &request.time_zone {
            name.parse::<Zone>().map_err(|error| wrong("time_zone", error))?;
        }
        let moment = |field, text: &str| text.parse::<Timestamp>().map_err(|error| wrong(field, error));
        let (from, to) = (moment("from", &request.from)?, moment("to", &request.to)?);
        if from >= to {
            return Err(wrong("from", "must be before to"));
        }
        let aggregation: Aggregation =
            request.aggregation.parse().map_err(|error| wrong("aggregation", error))?;
        let group_by = request.group_by.unwrap_or_default();
        let filters = request.filters.unwrap_or_default();
        let meter = meter(aggregation, group_by.iter().chain(filters.keys()))?;
        let place = |name: &String| {
            meter
                .draft
                .dimension(name)
                .ok_or_else(|| wrong("group_by", format!("\"{name:.64}\" is no property's name")))
        };
        if let Some((name, _)) = filters.iter().find(|(_, values)| values.is_empty()) {
            return Err(wrong("filters", format!("{name:.64}: {NO_VALUES}")));
        }
        let passes = |values: Vec<String>| Condition::In(values.into_iter().map(Some).collect());
        let query = MeterQuery {
            from: Some(from),
            to: Some(to),
            group_by: group_by.iter().map(place).collect::<Result<_, _>>()?,
            filters: filters
                .into_iter()
                .map(|(name, values)| Ok((place(&name)?, passes(values))))
                .collect::<Result<_, InvalidMeter>>()?,
            ..MeterQuery::total()
        };
        let rounding = request.rounding.map(|rounding| rounding.read()).transpose()?.flatten();
        let mut events = Vec::with_capacity(request.events.len());
        for (index, event) in request.events.iter().enumerate() {
            let time = event.time.parse();
            let time = time.map_err(|error| wrong("events", format!("{index}: time: {error}")))?;
            match meter.measure(true, |names| event.field(names)) {
                Ok(measured) => events.push((time, measured)),
                // It would be in no group, not even in that of events without the property.
                Err(InvalidValue::NotAText { path }) if path != VALUE => {
                    let reason =
                        format!("{index}: {path} must be a text of at most {MAX_TEXT} bytes or a number");
                    return Err(wrong("events", reason));
                }
                Err(_) => {}
            }
        }
        Ok(MeterPreview { meter, query, events, group_by, rounding })
    }
}

impl MeterPreviewEvent {
    fn field(&self, names: &[String]) -> Option<Field<'_>> {
        match names {
            [_, name] => self.properties.as_ref()?.get(name)?.field(),
            _ => self.value.as_ref()?.field(),
        }
    }
}

/// A meter of these properties, which is nowhere kept.
fn meter<'a>(
    aggregation: Aggregation,
    properties: impl Iterator<Item = &'a String>,
) -> Result<Meter, InvalidMeter> {
    let properties: BTreeSet<&String> = properties.collect();
    let dimension = |name: &String| match format!("$.properties['{name}']").parse() {
        Ok(path) => Ok(Dimension { name: name.clone(), path }),
        Err(_) => Err(wrong("group_by", format!("\"{name:.64}\" is no property's name"))),
    };
    let most = usage_domain::meter::MAX_DIMENSIONS;
    if properties.len() > most {
        return Err(wrong("group_by", format!("at most {most} properties, those of filters included")));
    }
    Ok(Meter {
        id: MeterId(ulid::Ulid::nil()),
        series: 0,
        draft: MeterDraft {
            key: RESERVED_SLUGS[0].to_string(),
            name: None,
            description: None,
            aggregation,
            event_type: RESERVED_SLUGS[0].to_string(),
            value_property: (aggregation != Aggregation::Count)
                .then(|| VALUE.parse())
                .transpose()
                .map_err(|error| wrong("aggregation", error))?,
            dimensions: properties.into_iter().map(dimension).collect::<Result<_, _>>()?,
            event_from: None,
            metadata: None,
        },
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MIN,
    })
}

impl MeterPreview {
    /// The answer that these rows make.
    ///
    /// # Errors
    /// A value that does not fit once it is rounded.
    pub fn answer(&self, rows: &[MeterRow]) -> Result<MeterPreviewResult, DecimalError> {
        let value = |value: Decimal| match self.rounding {
            Some((mode, digits)) => round(value.into(), mode, digits),
            None => Ok(value),
        };
        if self.group_by.is_empty() {
            let whole = rows.first().map_or(Decimal::ZERO, |row| row.value);
            return Ok(MeterPreviewResult::Whole { value: value(whole)?.to_string() });
        }
        let group = |dimensions: &[Option<String>], exact| {
            let by = self.group_by.iter().cloned().zip(dimensions.iter().cloned()).collect();
            Ok(MeterPreviewGroup { by, value: value(exact)?.to_string() })
        };
        let groups = if rows.is_empty() {
            vec![group(&vec![None; self.group_by.len()], Decimal::ZERO)?]
        } else {
            rows.iter().map(|row| group(&row.dimensions, row.value)).collect::<Result<_, DecimalError>>()?
        };
        Ok(MeterPreviewResult::Groups { groups })
    }
}
