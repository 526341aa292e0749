//! What a meter is asked for, and the rows of the answer.

use super::windows::Window;
use crate::decimal::Decimal;
use crate::position::Position;
use crate::time::{Period, Timestamp, Zone};
use std::collections::BTreeSet;

/// The most rows of an answer.
pub const MAX_ROWS: usize = 100_000;

/// What a meter is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterQuery {
    /// Usage before this moment is not asked for.
    pub from: Option<Timestamp>,
    /// Usage at or after this moment is not asked for.
    pub to: Option<Timestamp>,
    /// Rows of windows; without, one row of the whole.
    pub window: Option<Window>,
    /// The zone that windows are of.
    pub zone: Zone,
    /// Whose usage.
    pub scope: Scope,
    /// Whether each subject has rows of its own.
    pub by_subject: bool,
    /// The dimensions, by their place among the meter's, of which each value has rows of its own.
    pub group_by: Vec<usize>,
    /// Only usage whose dimensions, by their place, pass.
    pub filters: Vec<(usize, Condition)>,
}

/// Whose usage is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Everybody,
    /// That of these subjects, each in its period and under its label. One subject's periods have
    /// nothing in common.
    Parts(Vec<Part>),
}

/// A subject's usage in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The subject.
    pub subject: String,
    /// Its usage at these times.
    pub period: Period,
    /// Parts of one label share their rows: who pays, for example.
    pub label: Option<u32>,
}

/// What a dimension must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One of these values; nothing stands for events that do not have the dimension.
    In(BTreeSet<Option<String>>),
    /// None of these values.
    NotIn(BTreeSet<Option<String>>),
    /// A value with this text in it.
    Contains(String),
    /// There, whatever its value.
    Exists,
    /// Not there.
    Missing,
    /// Like all of these.
    All(Vec<Condition>),
    /// Like any of these.
    Any(Vec<Condition>),
    /// Not like this.
    Not(Box<Condition>),
}

impl Condition {
    /// Exactly this value.
    #[must_use]
    pub fn equals(value: &str) -> Condition {
        Condition::In(BTreeSet::from([Some(value.to_string())]))
    }

    /// Whether a value passes.
    #[must_use]
    pub fn passes(&self, value: &Option<String>) -> bool {
        match self {
            Condition::In(values) => values.contains(value),
            Condition::NotIn(values) => !values.contains(value),
            Condition::Contains(part) => value.as_ref().is_some_and(|text| text.contains(part.as_str())),
            Condition::Exists => value.is_some(),
            Condition::Missing => value.is_none(),
            Condition::All(all) => all.iter().all(|each| each.passes(value)),
            Condition::Any(any) => any.iter().any(|each| each.passes(value)),
            Condition::Not(not) => !not.passes(value),
        }
    }
}

impl MeterQuery {
    /// A meter's usage of everybody, of all time, in one row.
    #[must_use]
    pub fn total() -> MeterQuery {
        MeterQuery {
            from: None,
            to: None,
            window: None,
            zone: Zone::utc(),
            scope: Scope::Everybody,
            by_subject: false,
            group_by: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// The time that is asked for.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { start: self.from.unwrap_or(Timestamp::MIN), end: self.to.unwrap_or(Timestamp::MAX) }
    }

    /// Whether usage of these dimensions passes.
    #[must_use]
    pub fn passes(&self, dimensions: &[Option<String>]) -> bool {
        self.filters
            .iter()
            .all(|(place, condition)| dimensions.get(*place).is_some_and(|v| condition.passes(v)))
    }
}

/// What a meter is asked, in words of subjects and customers: which subjects and times those are is not
/// known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterQuestion {
    /// The times, windows and dimensions. Its scope is everybody: whose usage is meant is told below.
    pub query: MeterQuery,
    /// What subjects must be like.
    pub subject: Option<Condition>,
    /// What customers must be like, by their names: an id, a key or a number each.
    pub customer: Option<Condition>,
    /// Whether each customer has rows of its own.
    pub by_customer: bool,
}

/// A row of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterRow {
    /// The time that it is of.
    pub window: Period,
    /// The label of its parts.
    pub label: Option<u32>,
    /// Its subject, where each has rows of its own.
    pub subject: Option<String>,
    /// The values of the dimensions asked for, in the order of the query.
    pub dimensions: Vec<Option<String>>,
    /// How much. Exact, but for the divisions that the aggregation names.
    pub value: Decimal,
    /// Events that it is of.
    pub events: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterUsage {
    /// The log position that all of it is of.
    pub position: Position,
    /// Rows with usage, in the order of their windows, labels, subjects and dimensions.
    pub rows: Vec<MeterRow>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// More than one answer holds.
    #[error(
        "the answer has more than {MAX_ROWS} rows; ask for a shorter time, longer windows or fewer groups"
    )]
    TooManyRows,
    /// An average level of a time that has no beginning or no end.
    #[error("this meter needs the time it is asked for: from and to")]
    NoPeriod,
    /// A sum that does not fit.
    #[error("the sum does not fit: {0}")]
    Sum(#[from] crate::decimal::DecimalError),
}
