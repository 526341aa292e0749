//! Subscriptions on the wire and in the store.

use crate::fields::Fields;
use crate::price::{PriceSpec, read_price};
use crate::problem::FieldError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use usage_domain::customer::CustomerId;
use usage_domain::plan::InvalidPlan;
use usage_domain::subscription::{self, SubscriptionId};
use usage_domain::time::{Timestamp, Zone};

/// What a subscription is made from.
const INPUT: [&str; 6] = ["plan", "version", "start", "end", "trial_end", "overrides"];

/// What a subscription is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "plan": "pro", "start": "2026-11-16T00:00:00Z",
    "overrides": {"base": {"model": "flat", "amount": "39", "payment_term": "in_advance"}},
})))]
#[serde(deny_unknown_fields)]
pub struct SubscriptionInput {
    /// The key of the plan.
    pub plan: String,
    /// The version of the plan that it stays on; always the one in force where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub version: Option<u32>,
    /// From when on, RFC 3339, or a date, which is midnight in the customer's time zone; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub start: Option<String>,
    /// Until when, which is not in it any more; for ever where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub end: Option<String>,
    /// What it costs nothing until; by the plan's trial where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub trial_end: Option<String>,
    /// Prices of this customer alone, by the keys of the plan's items.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub overrides: BTreeMap<String, PriceSpec>,
}

/// A customer is on a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscription {
    /// A ULID.
    pub id: String,
    /// The id of the customer.
    pub customer: String,
    /// The key of the plan.
    pub plan: String,
    /// The version of the plan that it stays on; always the one in force where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// From when on, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub start: String,
    /// Until when, which is not in it any more, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub end: Option<String>,
    /// What it costs nothing until, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub trial_end: Option<String>,
    /// Prices of this customer alone, by the keys of the plan's items.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub overrides: BTreeMap<String, PriceSpec>,
    /// When it was made, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
}

/// When a subscription ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"at": "2026-12-01T00:00:00Z"})))]
#[serde(deny_unknown_fields)]
pub struct SubscriptionEnd {
    /// The moment, which is not in it any more: RFC 3339, or a date, which is midnight in the customer's time
    /// zone; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: Option<String>,
}

/// Reads when a subscription ends; `None` where that is not said. Dates are of `zone`.
///
/// # Errors
/// The property that is unusable.
pub fn read_end(text: &str, zone: &Zone) -> Result<Option<Timestamp>, FieldError> {
    let fields = Fields::read("", text)?;
    fields.only(&["at"])?;
    fields.moment("at", zone)
}

/// Whose a subscription or a grant becomes, and what it is called: what no request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made<'a, Id> {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub customer: CustomerId,
    /// What dates are of.
    pub zone: &'a Zone,
    /// When it is made.
    pub now: Timestamp,
}

/// Reads what a subscription is made from.
///
/// # Errors
/// The property that is missing or unusable. Whether the plan has the version and the items is not known here.
pub fn read_input(
    text: &str,
    made: Made<'_, SubscriptionId>,
) -> Result<subscription::Subscription, FieldError> {
    let fields = Fields::read("", text)?;
    fields.only(&INPUT)?;
    input(&fields, made)
}

/// What a subscription is made from, whatever else there is.
pub(crate) fn input(
    fields: &Fields<'_>,
    made: Made<'_, SubscriptionId>,
) -> Result<subscription::Subscription, FieldError> {
    let overrides = fields.each_object("overrides")?.into_iter();
    let overrides = overrides.map(|(item, price)| Ok((item, read_price(&price)?)));
    let start = fields.moment("start", made.zone)?.unwrap_or(made.now);
    let end = fields.moment("end", made.zone)?;
    if let Some(end) = end
        && end <= start
    {
        let reason = format!("must be after the start, {start}, not {end}");
        return Err(fields.invalid(InvalidPlan::new("end", reason)));
    }
    let version = fields.small("version")?;
    if version == Some(0) {
        return Err(fields.wrong("version", "must be 1 or more, or absent for the one in force, not 0"));
    }
    Ok(subscription::Subscription {
        id: made.id,
        customer: made.customer,
        plan: fields.required_text("plan")?,
        version,
        start,
        end,
        trial_end: fields.moment("trial_end", made.zone)?,
        overrides: overrides.collect::<Result<_, FieldError>>()?,
        created_at: made.now,
    })
}

/// A whole subscription, as it is stored.
pub(crate) fn subscription(fields: &Fields<'_>) -> Result<subscription::Subscription, FieldError> {
    fields.only(&[&["id", "customer", "created_at"], &INPUT[..]].concat())?;
    fields.required_moment("start")?;
    let made = Made {
        id: fields.required_parsed("id")?,
        customer: fields.required_parsed("customer")?,
        zone: &Zone::utc(),
        now: fields.required_moment("created_at")?,
    };
    input(fields, made)
}

impl From<&subscription::Subscription> for Subscription {
    fn from(subscription: &subscription::Subscription) -> Subscription {
        let overrides = subscription.overrides.iter();
        Subscription {
            id: subscription.id.to_string(),
            customer: subscription.customer.to_string(),
            plan: subscription.plan.clone(),
            version: subscription.version,
            start: subscription.start.to_string(),
            end: subscription.end.map(|end| end.to_string()),
            trial_end: subscription.trial_end.map(|end| end.to_string()),
            overrides: overrides.map(|(item, price)| (item.clone(), price.into())).collect(),
            created_at: subscription.created_at.to_string(),
        }
    }
}
