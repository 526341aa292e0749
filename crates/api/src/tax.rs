//! Taxes on the wire and in the store.

use crate::fields::Fields;
use crate::problem::FieldError;
use serde::Serialize;
use usage_domain::tax;

/// The most categories of a tax.
const MAX_CATEGORIES: usize = 100;

/// A tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "key": "vat-de", "name": "VAT 19 %", "rate": "0.19", "inclusive": false, "default": true,
})))]
pub struct Tax {
    /// What requests and files call it.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length = 128))]
    pub key: String,
    /// What the bill says.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// The part of the amount, as a fraction from 0 to 1: 0.19 is 19 %.
    pub rate: String,
    /// Whether amounts have it in them already; false where absent.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub inclusive: bool,
    /// The categories of items that it is of; all of them where absent. Items without one are `standard`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false, max_items = 100))]
    pub categories: Vec<String>,
    /// Whether it is of every customer who has no taxes of its own; true where absent.
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub default: bool,
}

pub(crate) fn tax(fields: &Fields<'_>) -> Result<tax::Tax, FieldError> {
    fields.only(&["key", "name", "rate", "inclusive", "categories", "default"])?;
    let tax = tax::Tax {
        key: fields.required_text("key")?,
        name: fields.required_text("name")?,
        rate: fields.required("rate")?,
        inclusive: fields.boolean("inclusive")?.unwrap_or(false),
        categories: fields.distinct("categories", MAX_CATEGORIES)?.unwrap_or_default().into_iter().collect(),
        is_default: fields.boolean("default")?.unwrap_or(true),
    };
    tax.check().map_err(|invalid| fields.invalid(invalid))?;
    Ok(tax)
}

impl From<&tax::Tax> for Tax {
    fn from(tax: &tax::Tax) -> Tax {
        Tax {
            key: tax.key.clone(),
            name: tax.name.clone(),
            rate: tax.rate.to_string(),
            inclusive: tax.inclusive,
            categories: tax.categories.iter().cloned().collect(),
            default: tax.is_default,
        }
    }
}
