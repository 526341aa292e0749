//! Objects and arrays as lists of raw values: each value is looked into only when it is asked for.

use crate::scan::{Scanner, Unexpected};
use crate::{JsonError, syntax};
use std::borrow::Cow;
use std::collections::HashSet;

/// A JSON object: its properties in the order sent.
#[derive(Debug, Default)]
pub struct Object<'a> {
    entries: Vec<(Cow<'a, str>, &'a str)>,
}

/// A value, shallowly read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The digits as sent.
    Number(&'a str),
    /// The text, escapes resolved.
    Text(Cow<'a, str>),
    /// The array's text.
    Array(&'a str),
    /// The object's text.
    Object(&'a str),
}

/// Reads the properties of an object, all of which must be well formed.
///
/// # Errors
/// Anything but an object, or a key that stands twice.
pub fn object(text: &str) -> Result<Object<'_>, JsonError> {
    let entries = entries(text).map_err(|Unexpected| syntax_of(text, b'{', "a JSON object"))?;
    if let Some(key) = repeated(&entries) {
        return Err(JsonError::DuplicateKey(key.chars().take(64).collect()));
    }
    Ok(Object { entries })
}

fn entries(text: &str) -> Result<Vec<(Cow<'_, str>, &str)>, Unexpected> {
    let mut scanner = Scanner::new(text);
    let mut entries = Vec::with_capacity(8);
    if !scanner.takes(b'{') {
        return Err(Unexpected);
    }
    scanner.members(b'}', |scanner| {
        entries.push((scanner.key()?, scanner.value()?));
        Ok::<(), Unexpected>(())
    })?;
    if scanner.is_at_end() { Ok(entries) } else { Err(Unexpected) }
}

/// What is wrong with a text that should begin with `first`.
fn syntax_of(text: &str, first: u8, expected: &str) -> JsonError {
    match text.trim_ascii_start().bytes().next() {
        Some(byte) if byte != first => JsonError::Syntax(format!("expected {expected}")),
        _ => syntax(text),
    }
}

/// Reads the elements of an array as their texts.
///
/// # Errors
/// Anything but an array.
pub fn array(text: &str) -> Result<Vec<&str>, JsonError> {
    array_within(text, usize::MAX)
}

/// Reads the elements of an array as their texts; stops reading once there are more than `most`.
///
/// # Errors
/// Anything but an array, or one that is too long.
pub fn array_within(text: &str, most: usize) -> Result<Vec<&str>, JsonError> {
    let mut elements = Vec::new();
    match read_elements(text, most, &mut elements) {
        Ok(()) => Ok(elements),
        Err(Unexpected) if elements.len() > most => Err(JsonError::TooMany(most)),
        Err(Unexpected) => Err(syntax_of(text, b'[', "a JSON array")),
    }
}

/// Reads elements up to the end, or one more than `most`.
fn read_elements<'a>(text: &'a str, most: usize, elements: &mut Vec<&'a str>) -> Result<(), Unexpected> {
    let mut scanner = Scanner::new(text);
    if !scanner.takes(b'[') {
        return Err(Unexpected);
    }
    scanner.members(b']', |scanner| {
        elements.push(scanner.value()?);
        if elements.len() > most { Err(Unexpected) } else { Ok(()) }
    })?;
    if scanner.is_at_end() { Ok(()) } else { Err(Unexpected) }
}

impl<'a> Object<'a> {
    /// The property `key`, if it is there.
    ///
    /// # Errors
    /// A text with an escape that stands for no character.
    pub fn get(&self, key: &str) -> Result<Option<Value<'a>>, JsonError> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, text)| value(text)).transpose()
    }

    /// Keys with the text of their values, in the order sent.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.entries.iter().map(|(key, text)| (key.as_ref(), *text))
    }
}

/// Reads a well-formed value's outermost layer.
///
/// # Errors
/// A text with an escape that stands for no character.
pub fn value(text: &str) -> Result<Value<'_>, JsonError> {
    Ok(match text.as_bytes().first() {
        Some(b'{') => Value::Object(text),
        Some(b'[') => Value::Array(text),
        Some(b'"') => Value::Text(Scanner::new(text).string().map_err(|Unexpected| syntax(text))?),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        _ => Value::Number(text),
    })
}

/// The first key that stands twice. Small objects are compared pair by pair.
fn repeated(entries: &[(Cow<'_, str>, &str)]) -> Option<String> {
    if entries.len() <= 16 {
        let twice = |i: usize| entries[..i].iter().any(|(key, _)| *key == entries[i].0);
        return (1..entries.len()).find(|i| twice(*i)).map(|i| entries[i].0.to_string());
    }
    let mut seen = HashSet::with_capacity(entries.len());
    entries.iter().find(|(key, _)| !seen.insert(key)).map(|(key, _)| key.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_keep_their_digits() {
        let text = r#"{"n": 1.10e+2, "t": "a\u0041", "x": null, "o": {"n": 2}, "l": [1, 2], "b": true}"#;
        let object = object(text).unwrap();
        for (key, value) in [
            ("n", Some(Value::Number("1.10e+2"))),
            ("t", Some(Value::Text("aA".into()))),
            ("x", Some(Value::Null)),
            ("o", Some(Value::Object("{\"n\": 2}"))),
            ("l", Some(Value::Array("[1, 2]"))),
            ("b", Some(Value::Bool(true))),
            ("missing", None),
        ] {
            assert_eq!(object.get(key), Ok(value), "{key}");
        }
    }

    #[test]
    fn an_array_is_read_up_to_a_length() {
        assert_eq!(array_within(" [1, [2,3],\"x\"] ", 3), Ok(vec!["1", "[2,3]", "\"x\""]));
        assert_eq!(array_within("[1,2,3]", 2), Err(JsonError::TooMany(2)));
        assert_eq!(array("[]"), Ok(vec![]));
        for text in ["", "{}", "[1", "[1,]", "[1] 2", "[01]"] {
            assert!(matches!(array(text), Err(JsonError::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "[]", "1", "\"{}\"", "{", "{\"a\":}", "{\"a\":01}", "{} {}", "{\"a\":NaN}"] {
            assert!(matches!(object(text), Err(JsonError::Syntax(_))), "{text}");
        }
        let many = (0..20).map(|i| format!("\"k{i}\":0,")).collect::<String>();
        for text in [r#"{"a":1,"b":2,"a":1}"#.to_string(), format!("{{{many}\"a\":1,\"a\":1}}")] {
            assert_eq!(object(&text).unwrap_err(), JsonError::DuplicateKey("a".into()));
        }
    }
}
