//! Readings: charges and meters at one position of the log, as a bill needs them.

use usage_domain::charge::ChargeGroup;
use usage_domain::customer::PaidSubject;
use usage_domain::meter::MeterId;
use usage_domain::meter::query::{MeterQuery, MeterRow};
use usage_domain::position::Position;
use usage_domain::time::Period;
use usage_domain::usage::Totals;

/// What is to be read at one position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The charges of these subjects at these times, within the period.
    pub charges: Option<(Vec<PaidSubject>, Period)>,
    /// What meters are asked; a meter may be asked several things.
    pub meters: Vec<(MeterId, MeterQuery)>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    /// The log position that all of it is of.
    pub position: Position,
    /// Totals by group, each group once, in the order of groups; none where charges were not asked for.
    pub charges: Vec<(ChargeGroup, Totals)>,
    /// The rows of each question to a meter, in the order of the questions.
    pub meters: Vec<Vec<MeterRow>>,
}
