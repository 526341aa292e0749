//! The first contract: `POST /api/v1/usage/create/`.

use serde::{Deserialize, Serialize};
use usage_domain::posting;

/// What to post: a customer's usage of the current month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"customer": 456})))]
pub struct CreateUsage {
    /// The customer's number.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9_007_199_254_740_991_u64))]
    pub customer: u64,
}

/// Which month's usage to post (`POST /api/v1/customers/{customer}/postings`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"month": "2023-08"})))]
pub struct PostMonth {
    /// The month, such as `2026-11`.
    pub month: String,
}

/// The posted usage of a customer's month (201).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Posting {
    /// The posting's number: it stays when later usage changes the price.
    pub id: u64,
    /// 1 to 12.
    pub month: i8,
    /// The year.
    pub year: i16,
    /// The rounded total of the month's usage, such as `16.61`.
    pub accumulated_price: String,
    /// The same with its currency, such as `$16.61`.
    pub price_in_dollars: String,
    /// The customer's number.
    pub customer: u64,
}

impl Posting {
    /// The wire form of a posting of the customer with this number.
    #[must_use]
    pub fn new(posting: &posting::Posting, customer: u64) -> Posting {
        Posting {
            id: posting.id,
            month: posting.month.month(),
            year: posting.month.year(),
            accumulated_price: posting.accumulated.figure(),
            price_in_dollars: posting.accumulated.to_string(),
            customer,
        }
    }
}

/// Why nothing was posted (404), or that all was posted before (409).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// A sentence for people.
    pub message: String,
    /// The total as posted before (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PostedTotal>,
}

/// What was posted before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PostedTotal {
    /// The month's total, such as `$16.61`.
    pub total_price: String,
}

impl Message {
    /// Nothing new since the last posting (409).
    #[must_use]
    pub fn already_processed(name: &str, posting: &posting::Posting) -> Message {
        Message {
            message: format!("Entry has already been processed for customer {name}."),
            data: Some(PostedTotal { total_price: posting.accumulated.to_string() }),
        }
    }

    /// No usage and no bill this month (404).
    #[must_use]
    pub fn no_usage(name: &str) -> Message {
        Message {
            message: format!("No accumulated usage record or usage records found for customer {name}."),
            data: None,
        }
    }

    /// No such customer (404).
    #[must_use]
    pub fn no_customer() -> Message {
        Message {
            message: "No accumulated usage record or usage records found for customer.".to_string(),
            data: None,
        }
    }
}
