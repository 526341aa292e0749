//! How bills are made out.

use serde::{Deserialize, Serialize};

/// How bills are made out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BillingSettings, example = json!({
    "number_prefix": "INV-", "grace_days": 3,
    "seller": {"name": "Example Cloud Ltd", "address": ["1 High Street", "London"]},
})))]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What stands before the figure of a bill's number, at most 32 bytes; `INV-` where absent.
    pub number_prefix: String,
    /// How many days after its end a month may be finalized, 0 to 366; usage that comes until then is on
    /// its bill.
    pub grace_days: u32,
    /// Who sends the bills.
    pub seller: Seller,
}

/// Who sends the bills.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Seller {
    /// Its name.
    pub name: String,
    /// Its address, line by line.
    pub address: Vec<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { number_prefix: "INV-".into(), grace_days: 0, seller: Seller::default() }
    }
}
