//! What is agreed with a customer besides its plans, on the wire and in the store.

use crate::coupon::{AppliedCoupon, applied};
use crate::fields::Fields;
use crate::problem::FieldError;
use serde::Serialize;
use usage_domain::account::{self, MAX_TAXES};
use usage_domain::coupon::MAX_APPLIED;

/// What is agreed with a customer besides its plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// The id of the customer.
    pub customer: String,
    /// The keys of its taxes; the default ones where absent, none where empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxes: Option<Vec<String>>,
    /// The coupons that it was given, in the order in which it was.
    pub coupons: Vec<AppliedCoupon>,
}

/// What a customer's account is changed to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"taxes": ["vat-de"]})))]
#[serde(deny_unknown_fields)]
pub struct AccountInput {
    /// The keys of its taxes; the default ones where absent or null, none where empty.
    #[cfg_attr(feature = "openapi", schema(max_items = 50))]
    pub taxes: Option<Vec<String>>,
}

/// Reads the taxes that a customer is to have; `None` for the default ones.
///
/// # Errors
/// The property that is unusable.
pub fn read_input(text: &str) -> Result<Option<Vec<String>>, FieldError> {
    let fields = Fields::read("", text)?;
    fields.only(&["taxes"])?;
    fields.distinct("taxes", MAX_TAXES)
}

pub(crate) fn account(fields: &Fields<'_>) -> Result<account::Account, FieldError> {
    fields.only(&["customer", "taxes", "coupons"])?;
    let coupons = fields.objects("coupons", MAX_APPLIED)?.unwrap_or_default();
    Ok(account::Account {
        customer: fields.required_parsed("customer")?,
        taxes: fields.distinct("taxes", MAX_TAXES)?,
        coupons: coupons.iter().map(applied).collect::<Result<_, _>>()?,
    })
}

impl From<&account::Account> for Account {
    fn from(account: &account::Account) -> Account {
        Account {
            customer: account.customer.to_string(),
            taxes: account.taxes.clone(),
            coupons: account.coupons.iter().map(AppliedCoupon::from).collect(),
        }
    }
}
