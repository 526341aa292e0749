//! Meters: how events of one type become quantities.
//!
//! Owns what a meter is, how an event's value and dimensions are read, what values add up to, and how
//! a query's rows come from that. Where events and sums are kept is the store's affair. No quantity here
//! ever passes through a float, and nothing rounds but the divisions in [`collect`].

pub mod aggregate;
pub mod collect;
pub mod path;
pub mod query;
pub mod value;
pub mod windows;

use crate::event::{self, AMEND_TYPE, VOID_TYPE};
use crate::time::Timestamp;
use path::JsonPath;
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// Longest key of a meter, in bytes.
pub const MAX_KEY: usize = 64;
/// The most dimensions of a meter.
pub const MAX_DIMENSIONS: usize = 16;
/// The most meters of a store.
pub const MAX_METERS: usize = 1000;
/// Names that mean something else where dimensions are named.
pub const RESERVED_DIMENSIONS: [&str; 2] = ["subject", "customer_id"];

/// The lasting name of a meter: a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeterId(pub Ulid);

impl FromStr for MeterId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<MeterId, ulid::DecodeError> {
        Ulid::from_string(text).map(MeterId)
    }
}

impl fmt::Display for MeterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the values of events become together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// The sum of the values.
    Sum,
    /// How many events there are; they need no value.
    Count,
    /// How many different values there are, exactly.
    UniqueCount,
    /// The sum of the values over their count, to 18 digits after the point.
    Avg,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The value of the latest time; of one time, the largest, so that the order in which events came does not
    /// matter. It is what is in use, which is never less than nothing: a value below zero is zero.
    Latest,
    /// Values change a level, which holds until the next event: its average over the period asked for,
    /// to 18 digits after the point. A level of 5 GB for a whole month is 5 GB-months.
    WeightedSum,
    /// The same level, as units × hours: a level of 5 GB for two hours is 10 GB-hours.
    UnitHours,
}

impl Aggregation {
    /// All of them, with their names on the wire.
    pub const ALL: [(Aggregation, &str); 9] = [
        (Aggregation::Sum, "SUM"),
        (Aggregation::Count, "COUNT"),
        (Aggregation::UniqueCount, "UNIQUE_COUNT"),
        (Aggregation::Avg, "AVG"),
        (Aggregation::Min, "MIN"),
        (Aggregation::Max, "MAX"),
        (Aggregation::Latest, "LATEST"),
        (Aggregation::WeightedSum, "WEIGHTED_SUM"),
        (Aggregation::UnitHours, "UNIT_HOURS"),
    ];

    /// Its name on the wire, in capital letters.
    #[must_use]
    pub fn name(self) -> &'static str {
        Aggregation::ALL.iter().find(|(each, _)| *each == self).map_or("SUM", |(_, name)| name)
    }

    /// Whether usage before a period matters within it.
    #[must_use]
    pub fn is_level(self) -> bool {
        matches!(self, Aggregation::WeightedSum | Aggregation::UnitHours)
    }
}

/// Not the name of an aggregation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be SUM, COUNT, UNIQUE_COUNT, AVG, MIN, MAX, LATEST, WEIGHTED_SUM or UNIT_HOURS")]
pub struct UnknownAggregation;

impl FromStr for Aggregation {
    type Err = UnknownAggregation;

    /// Reads a name in letters of either case.
    fn from_str(text: &str) -> Result<Aggregation, UnknownAggregation> {
        let found = Aggregation::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(each, _)| *each).ok_or(UnknownAggregation)
    }
}

/// A dimension that usage can be told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// What queries call it.
    pub name: String,
    /// Where it is in an event's data.
    pub path: JsonPath,
}

/// What a meter is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterDraft {
    /// What people and queries call it, such as `api_calls`.
    pub key: String,
    /// A name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What values become together.
    pub aggregation: Aggregation,
    /// The type of the events that it measures.
    pub event_type: String,
    /// Where an event's value is in its data; nothing for a count.
    pub value_property: Option<JsonPath>,
    /// What its usage can be told apart by, in the order of their names.
    pub dimensions: Vec<Dimension>,
    /// Events before this moment are not its usage.
    pub event_from: Option<Timestamp>,
    /// Whatever else is kept about it: the text of a JSON object.
    pub metadata: Option<String>,
}

/// How events of one type become a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// Its lasting name.
    pub id: MeterId,
    /// The number of its sums in the store: another one once what is summed up changes.
    pub series: u32,
    /// What it was made from, with the changes since.
    pub draft: MeterDraft,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Why a meter cannot be made or asked as wanted: the field, by its name on the wire, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidMeter {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub reason: String,
}

impl MeterDraft {
    /// Checks what every meter keeps to, and puts the dimensions in order.
    ///
    /// # Errors
    /// The first field that is not usable.
    pub fn check(&mut self) -> Result<(), InvalidMeter> {
        let wrong = |field, reason: String| Err(InvalidMeter { field, reason });
        if !is_key(&self.key) {
            let reason = format!(
                "must be 1 to {MAX_KEY} small letters and digits, in parts joined by single underscores"
            );
            return wrong("slug", reason);
        }
        if self.event_type.is_empty() || self.event_type.len() > event::MAX_NAME {
            return wrong("eventType", format!("must have 1 to {} bytes", event::MAX_NAME));
        }
        if [VOID_TYPE, AMEND_TYPE].contains(&self.event_type.as_str()) {
            return wrong("eventType", "corrections are not usage: meter what they correct".to_string());
        }
        match (self.aggregation, &self.value_property) {
            (Aggregation::Count, _) => self.value_property = None,
            (_, Some(_)) => {}
            (other, None) => {
                return wrong("valueProperty", format!("{} needs one, such as $.value", other.name()));
            }
        }
        if self.dimensions.len() > MAX_DIMENSIONS {
            return wrong("groupBy", format!("more than {MAX_DIMENSIONS} dimensions"));
        }
        self.dimensions.sort_by(|a, b| a.name.cmp(&b.name));
        for pair in self.dimensions.windows(2) {
            if pair[0].name == pair[1].name {
                return wrong("groupBy", format!("\"{}\" stands twice", pair[0].name));
            }
        }
        for Dimension { name, .. } in &self.dimensions {
            if !is_dimension(name) {
                return wrong(
                    "groupBy",
                    format!("\"{name}\" must be letters, digits and underscores, not a digit first"),
                );
            }
            if RESERVED_DIMENSIONS.contains(&name.as_str()) {
                return wrong("groupBy", format!("\"{name}\" is there without being named"));
            }
        }
        let texts = [("name", &self.name, 256), ("description", &self.description, 1024)];
        for (field, text, most) in texts {
            if text.as_ref().is_some_and(|text| text.len() > most) {
                return wrong(field, format!("must have at most {most} bytes"));
            }
        }
        if self.metadata.as_ref().is_some_and(|text| text.len() > event::MAX_DATA) {
            return wrong("metadata", format!("must have at most {} bytes", event::MAX_DATA));
        }
        Ok(())
    }

    /// Whether both sum up the same things.
    #[must_use]
    pub fn measures_the_same(&self, other: &MeterDraft) -> bool {
        let what = |draft: &MeterDraft| {
            (draft.aggregation, draft.event_type.clone(), draft.value_property.clone(), draft.event_from)
        };
        what(self) == what(other) && self.dimensions == other.dimensions
    }

    /// The place of a dimension among the meter's.
    #[must_use]
    pub fn dimension(&self, name: &str) -> Option<usize> {
        self.dimensions.iter().position(|dimension| dimension.name == name)
    }
}

/// `^[a-z0-9]+(?:_[a-z0-9]+)*$`, at most 64.
fn is_key(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= MAX_KEY && text.split('_').all(part)
}

fn is_dimension(text: &str) -> bool {
    let first = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    text.len() <= MAX_KEY
        && text.as_bytes().first().is_some_and(first)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> MeterDraft {
        MeterDraft {
            key: "api_calls".into(),
            name: None,
            description: None,
            aggregation: Aggregation::Sum,
            event_type: "request".into(),
            value_property: Some("$.calls".parse().unwrap()),
            dimensions: vec![],
            event_from: None,
            metadata: None,
        }
    }

    fn dimension(name: &str) -> Dimension {
        Dimension { name: name.into(), path: "$.x".parse().unwrap() }
    }

    #[test]
    fn what_is_wrong_with_a_meter_is_named_by_field() {
        type Change = fn(&mut MeterDraft);
        let cases: [(Change, &str); 10] = [
            (|d| d.key = "API".into(), "slug"),
            (|d| d.key = "a__b".into(), "slug"),
            (|d| d.key = "a".repeat(65), "slug"),
            (|d| d.event_type.clear(), "eventType"),
            (|d| d.event_type = "usage.void".into(), "eventType"),
            (|d| d.value_property = None, "valueProperty"),
            (|d| d.dimensions = vec![dimension("a"), dimension("a")], "groupBy"),
            (|d| d.dimensions = vec![dimension("subject")], "groupBy"),
            (|d| d.dimensions = vec![dimension("9a")], "groupBy"),
            (|d| d.name = Some("x".repeat(257)), "name"),
        ];
        for (change, field) in cases {
            let mut draft = draft();
            change(&mut draft);
            assert_eq!(draft.check().unwrap_err().field, field);
        }
        assert_eq!(draft().check(), Ok(()));
    }

    #[test]
    fn a_count_needs_no_value() {
        let mut count = MeterDraft { aggregation: Aggregation::Count, value_property: None, ..draft() };
        assert_eq!(count.check(), Ok(()));
    }

    #[test]
    fn aggregations_are_named_in_letters_of_either_case() {
        for (aggregation, name) in Aggregation::ALL {
            assert_eq!(name.parse(), Ok(aggregation));
            assert_eq!(name.to_lowercase().parse(), Ok(aggregation));
            assert_eq!(aggregation.name(), name);
        }
        assert_eq!("MEDIAN".parse::<Aggregation>(), Err(UnknownAggregation));
    }
}
