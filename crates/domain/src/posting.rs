//! Postings: a customer's usage of a month, put on that month's bill by the first contract.

use crate::customer::CustomerId;
use crate::money::Money;
use crate::position::Position;
use crate::time::{Month, Timestamp};

/// The usage of a customer's month as last posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Its number for ever: 1 for the first.
    pub id: u64,
    /// Whose usage.
    pub customer: CustomerId,
    /// Of which month, in the customer's zone.
    pub month: Month,
    /// The total of the month's usage at that moment, rounded.
    pub accumulated: Money,
    /// [`crate::usage::Usage::changes`] at that moment: another count means new usage.
    pub changes: u64,
    /// The log position that it covers.
    pub position: Position,
    /// When it was first posted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What posting a customer's month led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// There was usage not yet posted; this is the posting now.
    Posted(Posting),
    /// Nothing new since the last posting.
    NothingNew(Posting),
    /// No usage and no posting.
    NoUsage,
}
