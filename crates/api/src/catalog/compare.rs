//! Comparing two documents field by field.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The properties by which the elements of a list are told apart, where all of them have one.
const NAMES: [&str; 4] = ["key", "version", "up_to", "plan"];

/// A field that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CatalogFieldChange))]
pub struct FieldChange {
    /// Its path; elements of lists are named by their key or number where they have one.
    pub field: String,
    /// What it was; absent where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Value>,
    /// What it becomes; absent where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub becomes: Option<Value>,
}

/// What must change for one document to become the other.
pub(super) fn compare(from: &Value, to: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    fields("", Some(from), Some(to), &mut changes);
    changes
}

fn fields(path: &str, from: Option<&Value>, to: Option<&Value>, changes: &mut Vec<FieldChange>) {
    match (from, to) {
        (from, to) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                fields(&path, from.get(name), to.get(name), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => match named(old, new) {
            Some(name) => elements(path, (old, new), name, changes),
            None => changes.push(FieldChange {
                field: path.to_string(),
                was: from.cloned(),
                becomes: to.cloned(),
            }),
        },
        _ => changes.push(FieldChange { field: path.to_string(), was: from.cloned(), becomes: to.cloned() }),
    }
}

/// The property that tells the elements of both lists apart.
fn named(old: &[Value], new: &[Value]) -> Option<&'static str> {
    let tells = |list: &[Value], name: &str| {
        let mut seen = BTreeSet::new();
        list.iter().all(|element| element.get(name).is_some_and(|value| seen.insert(value.to_string())))
    };
    NAMES.into_iter().find(|name| tells(old, name) && tells(new, name))
}

/// Elements by their names, and then their order.
fn elements(path: &str, (old, new): (&[Value], &[Value]), name: &str, changes: &mut Vec<FieldChange>) {
    let find =
        |list: &[Value], value: &Value| list.iter().position(|element| element.get(name) == Some(value));
    let at = |value: &Value| {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_string);
        format!("{path}[{shown}]")
    };
    let of = |element: &Value| element.get(name).cloned().unwrap_or_default();
    for element in old {
        let value = of(element);
        let becomes = find(new, &value).map(|place| &new[place]);
        fields(&at(&value), Some(element), becomes, changes);
    }
    for element in new.iter().filter(|element| find(old, &of(element)).is_none()) {
        fields(&at(&of(element)), None, Some(element), changes);
    }
    let common = |list: &[Value], other: &[Value]| -> Vec<Value> {
        list.iter().map(of).filter(|value| find(other, value).is_some()).collect()
    };
    let (was, is) = (common(old, new), common(new, old));
    if was != is {
        let field = format!("{path} (order)");
        changes.push(FieldChange { field, was: Some(Value::Array(was)), becomes: Some(Value::Array(is)) });
    }
}
