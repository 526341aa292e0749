//! What an event is worth to a meter, because of what it was made from; or why it is worth nothing.

use super::sent::{Data, Fact};
use std::collections::BTreeMap;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::meter::path::JsonPath;
use usage_domain::meter::{Aggregation, MeterDraft};

/// What an event is worth to a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worth {
    /// Zero where the meter tells texts apart, or looks at no value.
    pub(crate) figure: Decimal,
    /// What a unique count tells apart.
    pub(crate) text: String,
    /// In the meter's order.
    pub(crate) dimensions: Vec<Option<String>>,
}

/// What data is worth to a meter; otherwise how the reason begins.
pub(crate) fn worth(draft: &MeterDraft, data: &Data) -> Result<Worth, String> {
    let facts = data.facts();
    let mut worth = Worth { figure: Decimal::ZERO, text: String::new(), dimensions: Vec::new() };
    if let Some(path) = &draft.value_property {
        if *data == Data::Absent {
            return Err("invalid event: null and missing value property".to_string());
        }
        let fact = find(&facts, path.names());
        let fact = fact.ok_or_else(|| format!("invalid event: missing value property: \"{path}\""))?;
        if draft.aggregation == Aggregation::UniqueCount {
            worth.text = text(fact, path)?;
        } else {
            worth.figure = figure(fact, path)?;
        }
    }
    for dimension in &draft.dimensions {
        let fact = find(&facts, dimension.path.names());
        worth.dimensions.push(fact.map(|fact| text(fact, &dimension.path)).transpose()?);
    }
    Ok(worth)
}

/// What is there at the end of a path, unless it is null.
fn find<'a>(facts: &'a BTreeMap<&'static str, Fact>, names: &[String]) -> Option<&'a Fact> {
    let (first, rest) = names.split_first()?;
    let fact = facts.get(first.as_str())?;
    match (fact, rest.is_empty()) {
        (Fact::Odd("null"), _) => None,
        (fact, true) => Some(fact),
        (Fact::Nested(facts), false) => find(facts, rest),
        (_, false) => None,
    }
}

fn text(fact: &Fact, path: &JsonPath) -> Result<String, String> {
    match fact {
        Fact::Figure(figure) => Ok(figure.to_string()),
        Fact::FigureText(_, text) | Fact::Label(text) => Ok(text.clone()),
        Fact::Odd(text) if !text.starts_with(['[', '{']) => Ok((*text).to_string()),
        Fact::Odd(_) | Fact::Nested(_) => Err(format!("invalid event: \"{path}\" must be a text of at most")),
    }
}

fn figure(fact: &Fact, path: &JsonPath) -> Result<Decimal, String> {
    let digits = match fact {
        Fact::Figure(figure) => figure.to_string(),
        Fact::FigureText(_, text) | Fact::Label(text) => text.trim().to_string(),
        Fact::Odd(text) => (*text).to_string(),
        Fact::Nested(_) => "{}".to_string(),
    };
    digits.parse().map_err(|reason| match reason {
        DecimalError::NaN => "invalid event: value cannot be NaN".to_string(),
        DecimalError::Infinite => "invalid event: value cannot be infinity".to_string(),
        _ => format!("invalid event: value \"{path}\" is no usable figure: "),
    })
}
