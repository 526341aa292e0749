//! From JSON to YAML that people read.

use usage_json::{JsonError, Value, array, object, value};

/// The longest list or object that stands on one line, in bytes.
const ONE_LINE: usize = 60;

/// A JSON text as YAML, in the order of its properties.
///
/// # Errors
/// Anything but JSON.
pub fn write(json: &str) -> Result<String, JsonError> {
    let mut out = String::new();
    let text = json.trim_ascii();
    // The reader of arrays checks the whole of a text.
    let whole = format!("[{text}]");
    let elements = array(&whole)?;
    let [only] = elements[..] else {
        return Err(JsonError::Syntax("expected one value".to_string()));
    };
    node(only, 0, &mut out, Place::Line)?;
    Ok(out)
}

/// Where a value begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On a line of its own.
    Line,
    /// Behind a key.
    Key,
    /// Behind the dash of a list.
    Dash,
}

fn node(json: &str, depth: usize, out: &mut String, place: Place) -> Result<(), JsonError> {
    let is_short = place != Place::Line && !(place == Place::Key && is_object(json));
    if let Some(flow) = flow(json)?
        && (is_empty(json) || is_scalar(json) || (is_short && flow.len() <= ONE_LINE))
    {
        if place == Place::Key {
            out.push(' ');
        }
        out.push_str(&flow);
        out.push('\n');
        return Ok(());
    }
    match value(json)? {
        Value::Object(text) => {
            if place == Place::Key {
                out.push('\n');
            }
            for (index, (key, member)) in object(text)?.entries().enumerate() {
                if index > 0 || place != Place::Dash {
                    indent(depth, out);
                }
                out.push_str(&scalar(key));
                out.push(':');
                node(member, depth + 1, out, Place::Key)?;
            }
        }
        Value::Array(text) => {
            if place != Place::Line {
                out.push('\n');
            }
            for element in array(text)? {
                indent(depth, out);
                out.push_str("- ");
                node(element, depth + 1, out, Place::Dash)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn is_object(json: &str) -> bool {
    json.starts_with('{')
}

fn is_scalar(json: &str) -> bool {
    !json.starts_with(['{', '['])
}

fn is_empty(json: &str) -> bool {
    matches!(object(json), Ok(object) if object.entries().next().is_none())
        || matches!(array(json), Ok(elements) if elements.is_empty())
}

/// On one line, where it has nothing but scalars.
fn flow(json: &str) -> Result<Option<String>, JsonError> {
    Ok(match value(json)? {
        Value::Object(text) => {
            let object = object(text)?;
            if object.entries().any(|(_, member)| !is_scalar(member)) {
                return Ok(None);
            }
            let members =
                object.entries().map(|(key, member)| Ok(format!("{}: {}", scalar(key), of(member)?)));
            Some(format!("{{{}}}", members.collect::<Result<Vec<_>, JsonError>>()?.join(", ")))
        }
        Value::Array(text) => {
            let elements = array(text)?;
            if elements.iter().any(|element| !is_scalar(element)) {
                return Ok(None);
            }
            let elements = elements.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
            Some(format!("[{}]", elements.join(", ")))
        }
        _ => Some(of(json)?),
    })
}

/// A JSON scalar.
fn of(json: &str) -> Result<String, JsonError> {
    Ok(match value(json)? {
        Value::Text(text) => scalar(&text),
        _ => json.to_string(),
    })
}

/// A text; in quotes where a reader of YAML, or a person, could take it for something else.
fn scalar(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _./%+-".contains(&byte))
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_/".contains(&byte))
        && !text.ends_with(' ');
    let means_more = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if is_plain && !means_more.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_string();
    }
    let mut quoted = serde_json::Value::from(text).to_string();
    // YAML takes some characters for line breaks, and others for none at all, that JSON has no quarrel with.
    if quoted.chars().any(is_odd) {
        quoted = quoted.chars().map(|c| if is_odd(c) { escaped(c) } else { c.to_string() }).collect();
    }
    quoted
}

fn is_odd(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn escaped(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}
