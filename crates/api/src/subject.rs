//! Subjects on the wire: what is known about those whose usage is metered, beside their usage.

use crate::meter::map;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use usage_domain::subject::{self, Edit, SubjectDraft};

/// What becomes known about a subject: what is absent stays as it is, what is null is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"key": "acme-web", "displayName": "Acme's shop"})))]
#[serde(rename_all = "camelCase")]
pub struct SubjectInput {
    /// What its events name it by.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1024))]
    pub key: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 256))]
    pub display_name: Option<Option<String>>,
    /// Anything of your own.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, String>>))]
    pub metadata: Option<Option<BTreeMap<String, String>>>,
}

/// A subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// A ULID.
    pub id: String,
    /// What its events name it by.
    pub key: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
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

/// Tells null from what is absent.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(reader).map(Some)
}

impl From<SubjectInput> for SubjectDraft {
    fn from(input: SubjectInput) -> SubjectDraft {
        let json = |map: &BTreeMap<String, String>| serde_json::to_string(map).unwrap_or_default();
        SubjectDraft {
            key: input.key,
            display_name: input.display_name.map_or(Edit::Keep, Edit::Set),
            metadata: input.metadata.map_or(Edit::Keep, |map| Edit::Set(map.as_ref().map(json))),
        }
    }
}

impl From<&subject::Subject> for Subject {
    fn from(subject: &subject::Subject) -> Subject {
        Subject {
            id: subject.id.to_string(),
            key: subject.key.clone(),
            display_name: subject.display_name.clone(),
            metadata: map(subject.metadata.as_deref()),
            created_at: subject.created_at.to_string(),
            updated_at: subject.updated_at.to_string(),
        }
    }
}
