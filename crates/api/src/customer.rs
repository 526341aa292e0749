//! Customers on the wire, in the shape that published clients know.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usage_domain::currency::{Currency, UnknownCurrency};
use usage_domain::customer::{self, CustomerDraft, Profile};
use usage_domain::time::{TimeError, Zone};

/// What a customer is made from (`POST`) or becomes (`PUT`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "name": "Example Ltd", "key": "example", "usageAttribution": {"subjectKeys": ["example-api"]},
    "currency": "EUR", "timezone": "Europe/Berlin",
})))]
#[serde(rename_all = "camelCase")]
pub struct CustomerInput {
    /// What people call it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true, min_length = 1, max_length = 256))]
    pub name: String,
    /// The integer that the first clients use; the next free one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_u64))]
    pub number: Option<u64>,
    /// A text of your own that names it; events of this subject are its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose usage it pays for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_attribution: Option<UsageAttribution>,
    /// ISO 4217; USD where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// IANA; UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where to write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_email: Option<String>,
    /// An address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<BTreeMap<String, String>>,
    /// Anything of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// Whose usage a customer pays for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageAttribution {
    /// Subjects of events.
    pub subject_keys: Vec<String>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// A ULID.
    pub id: String,
    /// The integer that the first clients use.
    pub number: u64,
    /// A text of the caller's own that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
    /// Whose usage it pays for.
    pub usage_attribution: UsageAttribution,
    /// ISO 4217.
    pub currency: String,
    /// IANA.
    pub timezone: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where to write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_email: Option<String>,
    /// An address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<BTreeMap<String, String>>,
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

/// A page of customers, by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CustomerPage {
    /// The customers of this page.
    pub items: Vec<Customer>,
    /// Which page this is: 1 for the first.
    pub page: u64,
    /// How many a page has at most.
    pub page_size: u64,
    /// How many customers there are in all.
    pub total_count: u64,
}

/// Why a wire customer is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInput {
    /// No name.
    #[error("name: is missing or empty")]
    Name,
    /// Not a currency.
    #[error("currency: {0}")]
    Currency(#[from] UnknownCurrency),
    /// Not a zone.
    #[error("timezone: {0}")]
    Zone(#[from] TimeError),
}

impl InvalidInput {
    /// The field that is wrong.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            InvalidInput::Name => "name",
            InvalidInput::Currency(_) => "currency",
            InvalidInput::Zone(_) => "timezone",
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            InvalidInput::Name => "is missing or empty".to_string(),
            InvalidInput::Currency(error) => error.to_string(),
            InvalidInput::Zone(error) => error.to_string(),
        }
    }
}

impl TryFrom<CustomerInput> for CustomerDraft {
    type Error = InvalidInput;

    fn try_from(input: CustomerInput) -> Result<CustomerDraft, InvalidInput> {
        if input.name.trim().is_empty() {
            return Err(InvalidInput::Name);
        }
        let json = |map: &BTreeMap<String, String>| serde_json::to_string(map).unwrap_or_default();
        Ok(CustomerDraft {
            number: input.number,
            key: input.key,
            name: input.name,
            currency: input.currency.map_or(Ok(Currency::USD), |code| code.parse())?,
            zone: input.timezone.map_or(Ok(Zone::utc()), |name| name.parse())?,
            subjects: input.usage_attribution.unwrap_or_default().subject_keys,
            profile: Profile {
                description: input.description,
                primary_email: input.primary_email,
                billing_address: input.billing_address.as_ref().map(json),
                metadata: input.metadata.as_ref().map(json),
            },
        })
    }
}

impl From<CustomerDraft> for CustomerInput {
    fn from(draft: CustomerDraft) -> CustomerInput {
        CustomerInput {
            name: draft.name,
            number: draft.number,
            key: draft.key,
            usage_attribution: Some(UsageAttribution { subject_keys: draft.subjects }),
            currency: Some(draft.currency.to_string()),
            timezone: Some(draft.zone.name().to_string()),
            description: draft.profile.description,
            primary_email: draft.profile.primary_email,
            billing_address: map(draft.profile.billing_address.as_deref()),
            metadata: map(draft.profile.metadata.as_deref()),
        }
    }
}

impl From<&customer::Customer> for Customer {
    fn from(customer: &customer::Customer) -> Customer {
        Customer {
            id: customer.id.to_string(),
            number: customer.number,
            key: customer.key.clone(),
            name: customer.name.clone(),
            usage_attribution: UsageAttribution { subject_keys: customer.subjects.clone() },
            currency: customer.currency.to_string(),
            timezone: customer.zone.name().to_string(),
            description: customer.profile.description.clone(),
            primary_email: customer.profile.primary_email.clone(),
            billing_address: map(customer.profile.billing_address.as_deref()),
            metadata: map(customer.profile.metadata.as_deref()),
            created_at: customer.created_at.to_string(),
            updated_at: customer.updated_at.to_string(),
        }
    }
}

fn map(json: Option<&str>) -> Option<BTreeMap<String, String>> {
    json.and_then(|text| serde_json::from_str(text).ok())
}
