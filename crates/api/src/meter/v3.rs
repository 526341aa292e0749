//! Meters in version 3: names in small letters, figures as decimal strings, and properties that are not
//! known are refused.

use super::query::{RowNames, payer};
use super::{NO_VALUES, map, wrong};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use usage_domain::meter;
use usage_domain::meter::InvalidMeter;
use usage_domain::meter::query::{Condition, MeterRow};

/// A meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeterResource {
    /// A ULID.
    pub id: String,
    /// What people and queries call it.
    pub key: String,
    /// A name for people; the key where it has none.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the values of events become together, in small letters.
    pub aggregation: String,
    /// The type of the events that it measures.
    pub event_type: String,
    /// JSONPath of an event's value in its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_property: Option<String>,
    /// What its usage can be told apart by: names, and JSONPaths into the data.
    pub dimensions: BTreeMap<String, String>,
    /// Events before this moment are not its usage, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub events_from: Option<String>,
    /// Anything of the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
}

/// A page of meters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetersPage {
    /// The meters of this page, in the order in which they were made.
    pub data: Vec<MeterResource>,
    /// Where this page is.
    pub meta: NumberedMeta,
}

/// About a page that has a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberedMeta {
    /// Its place.
    pub page: NumberedPage,
}

/// The place of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NumberedPage {
    /// Which page this is: 1 for the first.
    pub number: u64,
    /// How many a page has at most.
    pub size: u64,
    /// How many there are in all.
    pub total: u64,
}

/// What a meter is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "from": "2023-08-01T00:00:00Z", "to": "2023-09-01T00:00:00Z", "granularity": "P1D",
    "time_zone": "Europe/Berlin", "group_by_dimensions": ["subject"],
    "filters": {"dimensions": {"subject": {"in": ["bob", "carol"]}}},
})))]
#[serde(deny_unknown_fields)]
pub struct UsageQuery {
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
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Granularity>))]
    pub granularity: Option<String>,
    /// IANA; windows are of this zone's clock and calendar. UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Dimensions of which each value has rows of its own; `subject` and `customer_id` are two that every
    /// meter has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by_dimensions: Option<Vec<String>>,
    /// Only usage that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<UsageFilters>,
}

/// How long the windows of an answer are: a minute, an hour, a day or a month.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[expect(missing_docs, reason = "describes the names on the wire and nothing else")]
pub enum Granularity {
    #[schema(rename = "PT1M")]
    Minute,
    #[schema(rename = "PT1H")]
    Hour,
    #[schema(rename = "P1D")]
    Day,
    #[schema(rename = "P1M")]
    Month,
}

/// What usage must be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UsageFilters {
    /// What each of these dimensions must be like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<BTreeMap<String, DimensionFilter>>,
}

/// What a dimension must be like: all that is named here holds; one thing at least is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"in": ["gpt-4", "gpt-5"]})))]
#[serde(deny_unknown_fields)]
pub struct DimensionFilter {
    /// This value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eq: Option<String>,
    /// Not this value; nothing at all passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neq: Option<String>,
    /// One of these values.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<String>>,
    /// None of these values; nothing at all passes.
    #[serde(default, rename = "nin", skip_serializing_if = "Option::is_none")]
    pub none_of: Option<Vec<String>>,
    /// A value with this text in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// No value with this text in it; nothing at all passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ncontains: Option<String>,
    /// Whether there is a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// All of these hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub and: Option<Vec<DimensionFilter>>,
    /// One of these holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub or: Option<Vec<DimensionFilter>>,
}

/// A meter's usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageResult {
    /// As it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: Option<String>,
    /// As it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: Option<String>,
    /// The rows, in the order of their windows. What has no usage has no row.
    pub data: Vec<UsageRow>,
}

/// A row of a meter's usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageRow {
    /// How much: an exact decimal.
    pub value: String,
    /// The beginning of its time, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: String,
    /// The end of its time, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: String,
    /// The values of the dimensions that it is told apart by; null for usage without one.
    pub dimensions: BTreeMap<String, Option<String>>,
}

impl From<&meter::Meter> for MeterResource {
    fn from(meter: &meter::Meter) -> MeterResource {
        let draft = &meter.draft;
        MeterResource {
            id: meter.id.to_string(),
            key: draft.key.clone(),
            name: draft.name.clone().unwrap_or_else(|| draft.key.clone()),
            description: draft.description.clone(),
            aggregation: draft.aggregation.name().to_ascii_lowercase(),
            event_type: draft.event_type.clone(),
            value_property: draft.value_property.as_ref().map(ToString::to_string),
            dimensions: draft.dimensions.iter().map(|d| (d.name.clone(), d.path.to_string())).collect(),
            events_from: draft.event_from.map(|time| time.to_string()),
            labels: map(draft.metadata.as_deref()),
            created_at: meter.created_at.to_string(),
            updated_at: meter.updated_at.to_string(),
        }
    }
}

impl TryFrom<DimensionFilter> for Condition {
    type Error = InvalidMeter;

    fn try_from(filter: DimensionFilter) -> Result<Condition, InvalidMeter> {
        let values = |values: Vec<String>| values.into_iter().map(Some).collect::<BTreeSet<_>>();
        let listed = |filters: Vec<DimensionFilter>| {
            filters.into_iter().map(Condition::try_from).collect::<Result<Vec<_>, _>>()
        };
        if [&filter.one_of, &filter.none_of].into_iter().flatten().any(Vec::is_empty) {
            return Err(wrong("filters.dimensions", format!("in and nin: {NO_VALUES}")));
        }
        let mut all = Vec::new();
        all.extend(filter.eq.map(|value| Condition::In(values(vec![value]))));
        all.extend(filter.neq.map(|value| Condition::NotIn(values(vec![value]))));
        all.extend(filter.one_of.map(|some| Condition::In(values(some))));
        all.extend(filter.none_of.map(|some| Condition::NotIn(values(some))));
        all.extend(filter.contains.map(Condition::Contains));
        all.extend(filter.ncontains.map(|text| Condition::Not(Box::new(Condition::Contains(text)))));
        all.extend(filter.exists.map(|there| if there { Condition::Exists } else { Condition::Missing }));
        all.extend(filter.and.map(listed).transpose()?.map(Condition::All));
        all.extend(filter.or.map(listed).transpose()?.map(Condition::Any));
        match all.len() {
            0 => Err(wrong("filters.dimensions", "a filter names no operator, such as {\"eq\": \"value\"}")),
            1 => Ok(all.remove(0)),
            _ => Ok(Condition::All(all)),
        }
    }
}

impl UsageRow {
    /// A row, under these names.
    #[must_use]
    pub fn new(row: &MeterRow, names: RowNames<'_>) -> UsageRow {
        let mut dimensions: BTreeMap<String, Option<String>> =
            names.dimensions.iter().cloned().zip(row.dimensions.iter().cloned()).collect();
        if let Some(subject) = &row.subject {
            dimensions.insert("subject".to_string(), Some(subject.clone()));
        }
        if let Some(customers) = names.customers {
            dimensions.insert("customer_id".to_string(), payer(row, customers));
        }
        UsageRow {
            value: row.value.to_string(),
            from: row.window.start.to_string(),
            to: row.window.end.to_string(),
            dimensions,
        }
    }
}
