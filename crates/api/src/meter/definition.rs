//! What a meter is made from, as files and stored documents say it: the properties of
//! [`super::MeterInput`] in the manner of plans, with `key` for the slug.

use crate::fields::Fields;
use crate::problem::FieldError;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use usage_domain::event::MAX_DATA;
use usage_domain::meter::{Dimension, InvalidMeter, MAX_DIMENSIONS, MeterDraft};

/// The properties.
pub(crate) const PROPERTIES: [&str; 9] = [
    "key",
    "name",
    "description",
    "aggregation",
    "event_type",
    "value_property",
    "group_by",
    "event_from",
    "metadata",
];

/// The longest type or description, in bytes; what a meter allows is less or equal.
const MAX_TEXT: usize = 1024;

/// What a meter is made from.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Definition {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    aggregation: &'static str,
    event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_property: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    group_by: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Box<RawValue>>,
}

impl From<&MeterDraft> for Definition {
    fn from(draft: &MeterDraft) -> Definition {
        let dimensions = draft.dimensions.iter();
        Definition {
            key: draft.key.clone(),
            name: draft.name.clone(),
            description: draft.description.clone(),
            aggregation: draft.aggregation.name(),
            event_type: draft.event_type.clone(),
            value_property: draft.value_property.as_ref().map(ToString::to_string),
            group_by: dimensions.map(|of| (of.name.clone(), of.path.to_string())).collect(),
            event_from: draft.event_from.map(|time| time.to_string()),
            metadata: raw(draft.metadata.as_deref()),
        }
    }
}

/// The text of a JSON object, as a part of a document.
pub(crate) fn raw(json: Option<&str>) -> Option<Box<RawValue>> {
    // What is kept of a customer or a meter is JSON: it was written by a JSON writer.
    json.and_then(|text| RawValue::from_string(text.to_string()).ok())
}

/// What a meter is made from; its dimensions are in order.
pub(crate) fn definition(fields: &Fields<'_>) -> Result<MeterDraft, FieldError> {
    let required = |name: &str| fields.text_within(name, MAX_TEXT)?.ok_or_else(|| fields.missing(name));
    let mut draft = MeterDraft {
        key: required("key")?,
        name: fields.text("name")?,
        description: fields.text_within("description", MAX_TEXT)?,
        aggregation: fields.required_parsed("aggregation")?,
        event_type: required("event_type")?,
        value_property: fields.parsed("value_property")?,
        dimensions: dimensions(fields)?,
        event_from: fields.moment("event_from", &usage_domain::time::Zone::utc())?,
        metadata: fields.raw_object("metadata", MAX_DATA)?,
    };
    draft.check().map_err(|InvalidMeter { field, reason }| {
        let field = match field {
            "slug" => "key",
            "eventType" => "event_type",
            "valueProperty" => "value_property",
            "groupBy" => "group_by",
            "eventFrom" => "event_from",
            other => other,
        };
        fields.wrong(field, reason)
    })?;
    Ok(draft)
}

fn dimensions(fields: &Fields<'_>) -> Result<Vec<Dimension>, FieldError> {
    let Some(paths) = fields.object("group_by")? else { return Ok(Vec::new()) };
    if paths.names().count() > MAX_DIMENSIONS {
        return Err(fields.wrong("group_by", format!("must have at most {MAX_DIMENSIONS} dimensions")));
    }
    let one = |name: &str| Ok(Dimension { name: name.to_string(), path: paths.required_parsed(name)? });
    paths.names().map(one).collect()
}
