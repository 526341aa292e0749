//! Coupons on the wire and in the store, and what customers were given of them.

use crate::fields::Fields;
use crate::problem::FieldError;
use serde::Serialize;
use usage_domain::coupon;
use usage_domain::pricing::coupons::Coupon as Off;
use usage_domain::time::Month;

/// A coupon: either a percentage, or an amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({
    "key": "launch", "name": "Launch: 20 % off", "percentage": "0.2", "months": 3,
})))]
pub struct Coupon {
    /// What requests and files call it.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length = 128))]
    pub key: String,
    /// What the bill says.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub name: String,
    /// What part it takes off, as a fraction from 0 to 1: 0.2 is 20 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<String>,
    /// Or what it takes off each bill, in the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// What the amount is in, ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// On how many monthly bills; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub months: Option<u32>,
}

/// A coupon that a customer was given, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppliedCoupon {
    /// The coupon.
    pub coupon: Coupon,
    /// The first month whose bill has it, such as `2026-11`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    pub from: String,
}

/// From when on a customer has a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"from": "2026-11"})))]
#[serde(deny_unknown_fields)]
pub struct CouponGift {
    /// The first month whose bill has it; the current one in the customer's zone where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9]{4}-[0-9]{2}$"))]
    pub from: Option<String>,
}

/// Reads from when on a customer has a coupon; `None` where that is not said.
///
/// # Errors
/// The property that is unusable.
pub fn read_gift(text: &str) -> Result<Option<Month>, FieldError> {
    let fields = Fields::read("", text)?;
    fields.only(&["from"])?;
    fields.parsed("from")
}

pub(crate) fn coupon(fields: &Fields<'_>) -> Result<coupon::Coupon, FieldError> {
    fields.only(&["key", "name", "percentage", "amount", "currency", "months"])?;
    let off = match (fields.figure("percentage")?, fields.figure("amount")?) {
        (Some(part), None) => Off::Percentage(part),
        (None, Some(amount)) => Off::Fixed(amount),
        (Some(_), Some(_)) => {
            return Err(fields.wrong("amount", "must be absent: the coupon is of a percentage already"));
        }
        (None, None) => return Err(fields.wrong("percentage", "is missing, and so is amount")),
    };
    let coupon = coupon::Coupon {
        key: fields.required_text("key")?,
        name: fields.required_text("name")?,
        off,
        currency: fields.parsed("currency")?,
        months: fields.small("months")?,
    };
    coupon.check().map_err(|invalid| fields.invalid(invalid))?;
    Ok(coupon)
}

pub(crate) fn applied(fields: &Fields<'_>) -> Result<coupon::AppliedCoupon, FieldError> {
    fields.only(&["coupon", "from"])?;
    let coupon = coupon(&fields.required_object("coupon")?)?;
    Ok(coupon::AppliedCoupon { coupon, from: fields.required_parsed("from")? })
}

impl From<&coupon::Coupon> for Coupon {
    fn from(coupon: &coupon::Coupon) -> Coupon {
        let (percentage, amount) = match coupon.off {
            Off::Percentage(part) => (Some(part.to_string()), None),
            Off::Fixed(amount) => (None, Some(amount.to_string())),
        };
        Coupon {
            key: coupon.key.clone(),
            name: coupon.name.clone(),
            percentage,
            amount,
            currency: coupon.currency.map(|currency| currency.to_string()),
            months: coupon.months,
        }
    }
}

impl From<&coupon::AppliedCoupon> for AppliedCoupon {
    fn from(applied: &coupon::AppliedCoupon) -> AppliedCoupon {
        AppliedCoupon { coupon: (&applied.coupon).into(), from: applied.from.to_string() }
    }
}
