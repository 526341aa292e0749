//! The arguments of `meters`.

use clap::{Args as Arguments, Subcommand};

#[derive(Arguments)]
pub(crate) struct Meters {
    #[command(subcommand)]
    pub(crate) command: Option<MetersCommand>,
}

#[derive(Subcommand)]
pub(crate) enum MetersCommand {
    /// Make a meter. It covers the events that are stored already.
    Create(CreateMeter),
    /// End a meter; the events that it measured stay.
    Delete {
        /// The meter's slug or id.
        #[arg(value_name = "SLUG")]
        meter: String,
    },
    /// Ask a meter how much was used.
    Query(QueryMeter),
}

#[derive(Arguments)]
pub(crate) struct CreateMeter {
    /// What to call it, such as api_calls.
    #[arg(value_name = "SLUG")]
    pub(crate) slug: String,

    /// What the values of events become together: SUM, COUNT, UNIQUE_COUNT, AVG, MIN, MAX, LATEST,
    /// WEIGHTED_SUM or UNIT_HOURS.
    #[arg(long, value_name = "AGGREGATION")]
    pub(crate) aggregation: String,

    /// The type of the events that it measures.
    #[arg(long, value_name = "TYPE")]
    pub(crate) event_type: String,

    /// Where an event's value is in its data, such as $.tokens; COUNT needs none.
    #[arg(long, value_name = "PATH")]
    pub(crate) value: Option<String>,

    /// What its usage can be told apart by, such as model=$.model; may be repeated.
    #[arg(long, value_name = "NAME=PATH", value_parser = pair)]
    pub(crate) group_by: Vec<(String, String)>,

    /// A name for people.
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// Only events at or after this time (RFC 3339) are its usage.
    #[arg(long, value_name = "TIME")]
    pub(crate) event_from: Option<String>,
}

#[derive(Arguments)]
pub(crate) struct QueryMeter {
    /// The meter's slug or id.
    #[arg(value_name = "SLUG")]
    pub(crate) meter: String,

    /// Only usage at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,

    /// Only usage before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,

    /// Rows of windows of this length: minute, hour, day or month.
    #[arg(long, value_name = "LENGTH", value_parser = ["minute", "hour", "day", "month"], ignore_case = true)]
    pub(crate) window: Option<String>,

    /// The time zone whose clock and calendar windows are of. [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,

    /// Dimensions of which each value has rows of its own; may be repeated. `subject` and `customer_id` are
    /// two that every meter has.
    #[arg(long, value_name = "NAME")]
    pub(crate) group_by: Vec<String>,

    /// Only usage whose dimension has this value; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) filter: Vec<(String, String)>,

    /// Only usage of this subject, in rows of its own; may be repeated.
    #[arg(long)]
    pub(crate) subject: Vec<String>,

    /// Only usage that this customer pays for; may be repeated.
    #[arg(long, value_name = "CUSTOMER")]
    pub(crate) customer: Vec<String>,
}

/// Reads `name=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parts.ok_or("must be a name, = and a value")?;
    Ok((name.to_string(), value.to_string()))
}
