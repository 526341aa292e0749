//! The query of version 3: `page[size]`, `page[after]`, `sort`, and filters such as
//! `filter[subject][eq]=acme`. A parameter that is not known is refused: a listing that ignored it
//! would show what was not asked for.

use super::{Filter, Operand, text_condition, time_condition};
use crate::error::ApiError;
use crate::events::list::limit;
use usage_store::{Condition, TextField, TimeField};

/// Events of a page where none says how many.
const SIZE: usize = 20;

/// What a query asks for.
pub(in crate::events) struct Asked {
    pub(in crate::events) filter: Filter,
    pub(in crate::events) size: usize,
    pub(in crate::events) after: Option<String>,
}

/// Reads a query's parameters.
///
/// # Errors
/// 400 with the parameter that is unknown, unusable or there twice.
pub(in crate::events) fn read(parameters: Vec<(String, String)>) -> Result<Asked, ApiError> {
    let mut asked = Asked { filter: Filter::default(), size: SIZE, after: None };
    let mut seen = std::collections::HashSet::new();
    for (name, value) in parameters {
        let wrong = |reason: String| ApiError::field(&format!("{name:.64}"), reason);
        if !seen.insert(name.clone()) {
            return Err(wrong("stands twice".to_string()));
        }
        match &*name {
            "page[size]" => {
                let size = value.parse().map_err(|error| wrong(format!("{error}")))?;
                asked.size = limit(Some(size)).map_err(|_| wrong("must be 1 to 100".to_string()))?;
            }
            "page[after]" => asked.after = Some(value),
            "page[before]" => return Err(wrong("is not supported; pages go forward only".to_string())),
            "sort" if matches!(&*value, "time" | "time desc" | "") => {}
            "sort" => return Err(wrong("must be \"time desc\": newest first is the only order".to_string())),
            _ => add(&mut asked.filter, &name, value).map_err(wrong)?,
        }
    }
    Ok(asked)
}

/// Adds `filter[field]` or `filter[field][operator]`.
fn add(filter: &mut Filter, name: &str, value: String) -> Result<(), String> {
    let unknown = || "is no parameter of this listing".to_string();
    let inner = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')).ok_or_else(unknown)?;
    let (field, operator) = inner.split_once("][").unwrap_or((inner, "eq"));
    let condition = match field {
        "id" => text(TextField::Id, operator, value)?,
        "source" => text(TextField::Source, operator, value)?,
        "subject" => text(TextField::Subject, operator, value)?,
        "type" => text(TextField::Type, operator, value)?,
        "time" => time_condition(TimeField::Time, operator, Operand::Text(value))?,
        "ingested_at" => time_condition(TimeField::IngestedAt, operator, Operand::Text(value))?,
        "stored_at" => time_condition(TimeField::StoredAt, operator, Operand::Text(value))?,
        "customer_id" => {
            let names = match operator {
                "eq" => vec![value],
                "oeq" => listed(&value),
                _ => return Err("only eq and oeq are operators of this field".to_string()),
            };
            let names = names.iter().map(|name| name.parse().map_err(|error| format!("{error}")));
            filter.customers = Some(names.collect::<Result<_, String>>()?);
            return Ok(());
        }
        _ => return Err(unknown()),
    };
    filter.conditions.push(condition);
    Ok(())
}

fn text(field: TextField, operator: &str, value: String) -> Result<Condition, String> {
    match operator {
        "neq" => text_condition(field, "ne", Operand::Text(value)),
        "oeq" => text_condition(field, "in", Operand::Texts(listed(&value))),
        "ocontains" => {
            let each = |part| text_condition(field, "contains", Operand::Text(part));
            listed(&value).into_iter().map(each).collect::<Result<_, _>>().map(Condition::Any)
        }
        "exists" => {
            let there = value.parse().map_err(|_| "must be true or false".to_string())?;
            text_condition(field, "exists", Operand::Bool(there))
        }
        "eq" | "contains" | "gt" | "gte" | "lt" | "lte" => {
            text_condition(field, operator, Operand::Text(value))
        }
        _ => Err("is no operator that this field has".to_string()),
    }
}

fn listed(value: &str) -> Vec<String> {
    value.split(',').map(str::to_string).collect()
}
