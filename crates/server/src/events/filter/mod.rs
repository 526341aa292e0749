//! Filters of listings: what an operator on an attribute means. [`json`] reads those of version 2,
//! [`query`] those of version 3.

pub(super) mod json;
pub(super) mod query;

use usage_domain::customer::CustomerRef;
use usage_domain::time::{Period, Timestamp};
use usage_store::{Condition, EventFilter, Pattern, TextField, TextTest, TimeField};

/// The longest text that a filter compares with, in bytes: no attribute is longer.
const MAX_TEXT: usize = usage_domain::event::MAX_NAME;

/// What a listing is narrowed to.
#[derive(Debug, Default)]
pub(super) struct Filter {
    conditions: Vec<Condition>,
    /// Only events that one of these customers pays for.
    pub(super) customers: Option<Vec<CustomerRef>>,
}

impl Filter {
    /// Narrows a listing, and the period that is looked through for it.
    pub(super) fn narrow(self, filter: EventFilter) -> EventFilter {
        let condition = Condition::All(self.conditions);
        let within = bounds(&condition);
        let nothing = Period { start: within.start, end: within.start };
        let period = filter.period.intersection(&within).unwrap_or(nothing);
        EventFilter { period, condition: Some(condition), ..filter }
    }
}

/// A period outside which a condition holds for no event.
fn bounds(condition: &Condition) -> Period {
    match condition {
        Condition::Time(TimeField::Time, period) => *period,
        Condition::All(all) => all.iter().map(bounds).fold(Period::ALWAYS, |within, next| {
            within.intersection(&next).unwrap_or(Period { start: within.start, end: within.start })
        }),
        _ => Period::ALWAYS,
    }
}

/// What an operator compares with.
enum Operand {
    Text(String),
    Texts(Vec<String>),
    Bool(bool),
}

impl Operand {
    fn text(self) -> Result<String, String> {
        match self {
            Operand::Text(text) => short(text),
            _ => Err("must be a string".to_string()),
        }
    }

    fn texts(self) -> Result<Vec<String>, String> {
        match self {
            Operand::Texts(texts) => texts.into_iter().map(short).collect(),
            _ => Err("must be an array of strings".to_string()),
        }
    }
}

fn short(text: String) -> Result<String, String> {
    if text.len() > MAX_TEXT { Err(format!("is longer than {MAX_TEXT} bytes")) } else { Ok(text) }
}

/// The condition that an operator makes of an attribute; operators are named without their `$`.
fn text_condition(field: TextField, operator: &str, operand: Operand) -> Result<Condition, String> {
    let holds = |test| Condition::Text(field, test);
    let like = |pattern| holds(TextTest::Like(pattern));
    let (name, negated) = match operator {
        "ne" | "nin" | "nlike" | "nilike" | "ncontains" => {
            (if operator == "ne" { "eq" } else { &operator[1..] }, true)
        }
        // What is not above is below or the same.
        "gte" => ("lt", true),
        "gt" => ("lte", true),
        name => (name, false),
    };
    let condition = match name {
        "eq" => holds(TextTest::OneOf(vec![operand.text()?])),
        "in" => holds(TextTest::OneOf(operand.texts()?)),
        "like" => like(Pattern::like(&operand.text()?, false)),
        "ilike" => like(Pattern::like(&operand.text()?, true)),
        "contains" => like(Pattern::containing(&operand.text()?)),
        "lt" => holds(TextTest::Below(operand.text()?)),
        "lte" => {
            let text = operand.text()?;
            Condition::Any(vec![holds(TextTest::Below(text.clone())), holds(TextTest::OneOf(vec![text]))])
        }
        "exists" => match operand {
            // Every event has every attribute that can be filtered by.
            Operand::Bool(true) => Condition::All(Vec::new()),
            Operand::Bool(false) => Condition::Any(Vec::new()),
            _ => return Err("must be true or false".to_string()),
        },
        _ => return Err("is no operator that this field has".to_string()),
    };
    Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
}

/// The condition that an operator makes of a moment.
fn time_condition(field: TimeField, operator: &str, operand: Operand) -> Result<Condition, String> {
    let after = |time: Timestamp| Timestamp::from_nanos(time.nanos() + 1).unwrap_or(Timestamp::MAX);
    let time = |operand: Operand| operand.text()?.parse::<Timestamp>().map_err(|error| error.to_string());
    let (start, end) = match operator {
        "eq" => time(operand).map(|time| (time, after(time)))?,
        "gt" => (after(time(operand)?), Timestamp::MAX),
        "gte" => (time(operand)?, Timestamp::MAX),
        "lt" => (Timestamp::MIN, time(operand)?),
        "lte" => (Timestamp::MIN, after(time(operand)?)),
        _ => return Err("is no operator that this field has".to_string()),
    };
    Ok(Condition::Time(field, Period { start, end }))
}
