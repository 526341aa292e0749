//! Meters on the wire, in the shape that published clients know. [`query`] has what they are asked and
//! answer, [`v3`] the same in version 3, [`asked`] what both mean, [`preview`] a meter over events that are nowhere stored.

pub mod asked;
pub(crate) mod definition;
pub mod preview;
pub mod query;
pub mod v3;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usage_domain::meter::{self, Dimension, InvalidMeter, MeterDraft};

/// Slugs that would hide a meter behind a route of this name.
const RESERVED_SLUGS: [&str; 1] = ["preview"];

/// What a meter is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "slug": "tokens_total", "name": "Tokens", "aggregation": "SUM", "eventType": "prompt",
    "valueProperty": "$.tokens", "groupBy": {"model": "$.model"},
})))]
#[serde(rename_all = "camelCase")]
pub struct MeterInput {
    /// What people and queries call it.
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^[a-z0-9]+(?:_[a-z0-9]+)*$", min_length = 1, max_length = 64)
    )]
    pub slug: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 256))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub description: Option<String>,
    /// What the values of events become together.
    #[cfg_attr(feature = "openapi", schema(value_type = Aggregation))]
    pub aggregation: String,
    /// The type of the events that it measures.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub event_type: String,
    /// JSONPath of an event's value in its data; a COUNT needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = r"^\$\.[a-zA-Z_]+$"))]
    pub value_property: Option<String>,
    /// What its usage can be told apart by: names, and JSONPaths into the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<BTreeMap<String, String>>,
    /// Events before this moment are not its usage, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub event_from: Option<String>,
    /// Anything of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// What becomes of a meter (`PUT`): what is absent here is gone afterwards. Its slug, aggregation, type of
/// events, value and beginning never change; they may be named as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "Tokens", "groupBy": {"model": "$.model"}})))]
#[serde(rename_all = "camelCase")]
pub struct MeterUpdate {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 256))]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1024))]
    pub description: Option<String>,
    /// What its usage can be told apart by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<BTreeMap<String, String>>,
    /// Anything of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// As it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub slug: Option<String>,
    /// As it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub aggregation: Option<String>,
    /// As it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub event_type: Option<String>,
    /// As it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub value_property: Option<String>,
    /// As it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub event_from: Option<String>,
}

/// A meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Meter {
    /// A ULID.
    pub id: String,
    /// What people and queries call it.
    pub slug: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the values of events become together.
    #[cfg_attr(feature = "openapi", schema(value_type = Aggregation))]
    pub aggregation: String,
    /// The type of the events that it measures.
    pub event_type: String,
    /// JSONPath of an event's value in its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_property: Option<String>,
    /// What its usage can be told apart by.
    pub group_by: BTreeMap<String, String>,
    /// Events before this moment are not its usage, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub event_from: Option<String>,
    /// Anything of the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
    /// RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub updated_at: String,
}

/// What the values of events become together: their sum, how many they are, how many different ones there
/// are, their average, smallest, largest or latest; or the level that they are changes of, as its average
/// over the time asked for (`WEIGHTED_SUM`) or as units × hours (`UNIT_HOURS`).
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "describes the names on the wire and nothing else")]
pub enum Aggregation {
    Sum,
    Count,
    UniqueCount,
    Avg,
    Min,
    Max,
    Latest,
    WeightedSum,
    UnitHours,
}

/// Why a set of values that is empty is refused: one reader would take it for everything, another for nothing.
pub(crate) const NO_VALUES: &str = "must have at least one value; leave it out to ask for all";

pub(crate) fn wrong(field: &'static str, reason: impl ToString) -> InvalidMeter {
    InvalidMeter { field, reason: reason.to_string() }
}

fn dimensions(paths: Option<BTreeMap<String, String>>) -> Result<Vec<Dimension>, InvalidMeter> {
    let one = |(name, path): (String, String)| match path.parse() {
        Ok(path) => Ok(Dimension { name, path }),
        Err(error) => Err(wrong("groupBy", format!("\"{name:.64}\" {error}"))),
    };
    paths.unwrap_or_default().into_iter().map(one).collect()
}

fn text(map: Option<BTreeMap<String, String>>) -> Option<String> {
    map.map(|map| serde_json::to_string(&map).unwrap_or_default())
}

pub(crate) fn map(json: Option<&str>) -> Option<BTreeMap<String, String>> {
    json.and_then(|text| serde_json::from_str(text).ok())
}

impl TryFrom<MeterInput> for MeterDraft {
    type Error = InvalidMeter;

    fn try_from(input: MeterInput) -> Result<MeterDraft, InvalidMeter> {
        if RESERVED_SLUGS.contains(&input.slug.as_str()) {
            return Err(wrong("slug", format!("\"{}\" means something else in paths", input.slug)));
        }
        let event_from = input.event_from.map(|text| text.parse());
        Ok(MeterDraft {
            key: input.slug,
            name: input.name,
            description: input.description,
            aggregation: input.aggregation.parse().map_err(|error| wrong("aggregation", error))?,
            event_type: input.event_type,
            value_property: input
                .value_property
                .map(|path| path.parse())
                .transpose()
                .map_err(|error| wrong("valueProperty", error))?,
            dimensions: dimensions(input.group_by)?,
            event_from: event_from.transpose().map_err(|error| wrong("eventFrom", error))?,
            metadata: text(input.metadata),
        })
    }
}

impl MeterUpdate {
    /// What a meter becomes by this.
    ///
    /// # Errors
    /// The first field that is not usable.
    pub fn applied_to(self, meter: &meter::Meter) -> Result<MeterDraft, InvalidMeter> {
        let now = Meter::from(meter);
        MeterDraft::try_from(MeterInput {
            slug: self.slug.unwrap_or(now.slug),
            name: self.name,
            description: self.description,
            aggregation: self.aggregation.unwrap_or(now.aggregation),
            event_type: self.event_type.unwrap_or(now.event_type),
            value_property: self.value_property.or(now.value_property),
            group_by: self.group_by,
            event_from: self.event_from.or(now.event_from),
            metadata: self.metadata,
        })
    }
}

impl From<&meter::Meter> for Meter {
    fn from(meter: &meter::Meter) -> Meter {
        let draft = &meter.draft;
        Meter {
            id: meter.id.to_string(),
            slug: draft.key.clone(),
            name: draft.name.clone(),
            description: draft.description.clone(),
            aggregation: draft.aggregation.name().to_string(),
            event_type: draft.event_type.clone(),
            value_property: draft.value_property.as_ref().map(ToString::to_string),
            group_by: draft.dimensions.iter().map(|d| (d.name.clone(), d.path.to_string())).collect(),
            event_from: draft.event_from.map(|time| time.to_string()),
            metadata: map(draft.metadata.as_deref()),
            created_at: meter.created_at.to_string(),
            updated_at: meter.updated_at.to_string(),
        }
    }
}
