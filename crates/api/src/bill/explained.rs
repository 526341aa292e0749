//! How a line of a bill came about.

use super::Line;
use serde::{Deserialize, Serialize};

/// How a line of a bill came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Explanation {
    /// The id of the bill.
    pub bill: String,
    /// The log position that the bill is of.
    pub position: String,
    /// The line.
    pub line: Line,
    /// From quantity to what is owed, step by step, for people.
    pub steps: Vec<String>,
    /// The events behind it as they count, oldest first; at most as many as were asked for.
    pub events: Vec<ExplainedEvent>,
    /// How many there are in all.
    pub total_events: u64,
}

/// An event behind a line, as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplainedEvent {
    /// When it happened, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub time: String,
    /// Its source.
    pub source: String,
    /// Its id.
    pub id: String,
    /// Its subject.
    pub subject: String,
    /// What it counts for: units, or the amount of a charge.
    pub value: String,
}
