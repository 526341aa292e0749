//! Where a property is in an event's data: the part of JSONPath that names one place.

use std::fmt;
use std::str::FromStr;

/// Longest path, in bytes.
const MAX_PATH: usize = 1024;
/// The most names of a path.
const MAX_NAMES: usize = 16;

/// A path of names from the root of an object, such as `$.request.tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonPath {
    text: String,
    names: Vec<String>,
}

/// Not a path that names one property.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a JSONPath to one property, such as $.tokens, $.usage.tokens or $['my-tokens']")]
pub struct InvalidPath;

impl JsonPath {
    /// The names on the way, one at least.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for JsonPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<JsonPath, InvalidPath> {
        let mut rest = text.strip_prefix('$').ok_or(InvalidPath)?;
        let mut names = Vec::new();
        while !rest.is_empty() {
            let (name, after) = step(rest).ok_or(InvalidPath)?;
            names.push(name.to_string());
            rest = after;
        }
        let fits = (1..=MAX_NAMES).contains(&names.len()) && text.len() <= MAX_PATH;
        if fits { Ok(JsonPath { text: text.to_string(), names }) } else { Err(InvalidPath) }
    }
}

/// The first name of `.name…`, `['name']…` or `["name"]…`, and what follows it.
fn step(rest: &str) -> Option<(&str, &str)> {
    let (name, after) = if let Some(rest) = rest.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        (name.chars().all(plain).then_some(name)?, after)
    } else {
        let quote = rest.strip_prefix('[')?.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (name, after) = rest[2..].split_once(quote)?;
        ((!name.contains('\\')).then_some(name)?, after.strip_prefix(']')?)
    };
    (!name.is_empty()).then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_names_from_the_root() {
        for (text, names) in [
            ("$.tokens", vec!["tokens"]),
            ("$.usage.tokens", vec!["usage", "tokens"]),
            ("$['my tokens'].in", vec!["my tokens", "in"]),
            ("$[\"a.b\"]", vec!["a.b"]),
            ("$.größe-2", vec!["größe-2"]),
        ] {
            let path: JsonPath = text.parse().unwrap();
            assert_eq!(
                (path.names(), path.to_string()),
                (&names.iter().map(|n| n.to_string()).collect::<Vec<_>>()[..], text.to_string())
            );
        }
        for text in ["", "$", "tokens", "$.", "$..a", "$.a[0]", "$.*", "$['a", "$['a\\'']", "$[]", "$.a b"] {
            assert_eq!(text.parse::<JsonPath>(), Err(InvalidPath), "{text}");
        }
    }
}
