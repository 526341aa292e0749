//! The filter of version 2: a JSON object of fields, each an object of operators such as
//! `{"subject": {"$in": ["a", "b"]}, "time": {"$gte": "2026-11-01T00:00:00Z"}}`. Several operators
//! of a field must all hold.

use super::{Filter, Operand, text_condition, time_condition};
use crate::error::ApiError;
use usage_json::{Object, Value};
use usage_store::{Condition, TextField, TimeField};

/// How deep `$and` and `$or` may be in one another.
const MAX_DEPTH: usize = 8;

/// Makes the condition of an operator on one field.
type Make<'a> = &'a dyn Fn(&str, Operand) -> Result<Condition, String>;

/// Reads a filter.
///
/// # Errors
/// 400 with the field, or the operator of it, that is unusable.
pub(in crate::events) fn read(text: &str) -> Result<Filter, ApiError> {
    let wrong = |field: &str, reason: String| {
        let place = if field.is_empty() { String::new() } else { format!("{field:.64}: ") };
        ApiError::field("filter", format!("{place}{reason}"))
    };
    let fields = usage_json::object(text).map_err(|error| wrong("", error.to_string()))?;
    let mut filter = Filter::default();
    for (name, _) in fields.entries() {
        let fault = |reason| wrong(name, reason);
        let operators = operators(&fields, name).map_err(fault)?;
        let condition = match name {
            "id" => texts(TextField::Id, &operators),
            "source" => texts(TextField::Source, &operators),
            "subject" => texts(TextField::Subject, &operators),
            "type" => texts(TextField::Type, &operators),
            "time" => times(TimeField::Time, &operators),
            "ingestedAt" => times(TimeField::IngestedAt, &operators),
            "storedAt" => times(TimeField::StoredAt, &operators),
            "customerId" => {
                filter.customers = Some(customers(&operators).map_err(fault)?);
                continue;
            }
            _ => Err("is no field that can be filtered by".to_string()),
        };
        filter.conditions.push(condition.map_err(fault)?);
    }
    Ok(filter)
}

fn texts(field: TextField, operators: &Object<'_>) -> Result<Condition, String> {
    all(operators, 0, &|operator, operand| text_condition(field, operator, operand))
}

fn times(field: TimeField, operators: &Object<'_>) -> Result<Condition, String> {
    all(operators, 0, &|operator, operand| time_condition(field, operator, operand))
}

fn operators<'a>(object: &Object<'a>, name: &str) -> Result<Object<'a>, String> {
    match object.get(name).map_err(|error| error.to_string())? {
        Some(Value::Object(text)) => usage_json::object(text).map_err(|error| error.to_string()),
        _ => Err("must be an object of operators, such as {\"$eq\": …}".to_string()),
    }
}

/// That all operators of an object hold.
fn all(operators: &Object<'_>, depth: usize, make: Make<'_>) -> Result<Condition, String> {
    let mut conditions = Vec::new();
    for (operator, text) in operators.entries() {
        let fault = |reason: String| format!("{operator:.64}: {reason}");
        let condition = match operator {
            "$and" => every(text, depth, make).map(Condition::All),
            "$or" => every(text, depth, make).map(Condition::Any),
            _ => match operator.strip_prefix('$') {
                None => Err("is no operator; they begin with $".to_string()),
                Some(name) => operand(operators, operator).and_then(|operand| make(name, operand)),
            },
        };
        conditions.push(condition.map_err(fault)?);
    }
    Ok(Condition::All(conditions))
}

/// The conditions of an array of objects of operators.
fn every(text: &str, depth: usize, make: Make<'_>) -> Result<Vec<Condition>, String> {
    if depth == MAX_DEPTH {
        return Err(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    let elements = usage_json::array(text).map_err(|error| error.to_string())?;
    let each = |text: &str| {
        let operators = usage_json::object(text).map_err(|error| error.to_string())?;
        all(&operators, depth + 1, make)
    };
    elements.into_iter().map(each).collect()
}

fn operand(operators: &Object<'_>, operator: &str) -> Result<Operand, String> {
    match operators.get(operator).map_err(|error| error.to_string())? {
        Some(Value::Text(text)) => Ok(Operand::Text(text.into_owned())),
        Some(Value::Bool(value)) => Ok(Operand::Bool(value)),
        Some(Value::Array(text)) => texts_of(text).map(Operand::Texts),
        _ => Err("must be a string, an array of strings, true or false".to_string()),
    }
}

fn texts_of(array: &str) -> Result<Vec<String>, String> {
    let elements = usage_json::array(array).map_err(|error| error.to_string())?;
    let text =
        |element: &str| serde_json::from_str(element).map_err(|_| "must be an array of strings".to_string());
    elements.into_iter().map(text).collect()
}

/// Customers are named one by one.
fn customers(operators: &Object<'_>) -> Result<Vec<usage_domain::customer::CustomerRef>, String> {
    let mut entries = operators.entries();
    let (Some((operator, _)), None) = (entries.next(), entries.next()) else {
        return Err("must have one operator, $eq or $in".to_string());
    };
    let names = match operator {
        "$eq" => vec![operand(operators, operator)?.text()?],
        "$in" => operand(operators, operator)?.texts()?,
        _ => return Err("must have one operator, $eq or $in".to_string()),
    };
    names.iter().map(|name| name.parse().map_err(|error| format!("{error}"))).collect()
}
