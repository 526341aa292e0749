//! The properties of a JSON object by their paths, each read as what it must be.

use crate::problem::FieldError;
use std::collections::BTreeMap;
use usage_domain::decimal::{Decimal, MAX_FRACTION_DIGITS, MAX_INTEGER_DIGITS};
use usage_json::{JsonError, Object, Value, array_within, object};

/// The longest name or value of a dimension, in bytes.
const MAX_TEXT: usize = 256;

/// An object and where it stands.
pub(super) struct Fields<'a> {
    path: String,
    object: Object<'a>,
}

impl<'a> Fields<'a> {
    /// The object that `text` is; `path` is empty for a whole body.
    pub(super) fn read(path: &str, text: &'a str) -> Result<Fields<'a>, FieldError> {
        let object = object(text).map_err(|error| {
            let field = if path.is_empty() { "the body" } else { path };
            FieldError { field: field.to_string(), reason: error.to_string() }
        })?;
        Ok(Fields { path: path.to_string(), object })
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }

    /// What is wrong with a property.
    pub(super) fn wrong(&self, name: &str, reason: impl Into<String>) -> FieldError {
        FieldError { field: self.at(name), reason: reason.into() }
    }

    /// Refuses a property that is not among `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), FieldError> {
        match self.object.entries().find(|(name, _)| !known.contains(name)) {
            Some((name, _)) => {
                let name = short(name);
                Err(self.wrong(&name, format!("is not known here; known are {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    /// Whether a property is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.entries().any(|(key, value)| key == name && value != "null")
    }

    fn value(&self, name: &str) -> Result<Option<Value<'a>>, FieldError> {
        let value = self.object.get(name).map_err(|error| self.wrong(name, error.to_string()))?;
        Ok(value.filter(|value| *value != Value::Null))
    }

    pub(super) fn missing(&self, name: &str) -> FieldError {
        self.wrong(name, "is missing")
    }

    /// A decimal, as a text or as a number with its digits.
    pub(super) fn figure(&self, name: &str) -> Result<Option<Decimal>, FieldError> {
        self.value(name)?.map(|value| self.to_figure(name, &value)).transpose()
    }

    fn to_figure(&self, name: &str, value: &Value<'_>) -> Result<Decimal, FieldError> {
        let right = format!(
            "must be a decimal such as \"0.0004\", of at most {MAX_INTEGER_DIGITS} digits before and \
             {MAX_FRACTION_DIGITS} after the point"
        );
        let digits: &str = match value {
            Value::Text(text) => text,
            Value::Number(digits) => digits,
            _ => return Err(self.wrong(name, right)),
        };
        digits
            .parse()
            .map_err(|error| self.wrong(name, format!("{right}; {:?} is not: {error}", short(digits))))
    }

    pub(super) fn required(&self, name: &str) -> Result<Decimal, FieldError> {
        self.figure(name)?.ok_or_else(|| self.missing(name))
    }

    /// A whole number that is not below zero.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, FieldError> {
        let Some(figure) = self.figure(name)? else { return Ok(None) };
        let count = figure.to_string().parse().ok();
        let reason = || format!("must be a whole number from 0 to {}, not {figure}", u64::MAX);
        count.map(Some).ok_or_else(|| self.wrong(name, reason()))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        self.value(name)?.map(|value| self.to_text(name, value)).transpose()
    }

    fn to_text(&self, name: &str, value: Value<'_>) -> Result<String, FieldError> {
        match value {
            Value::Text(text) if text.len() <= MAX_TEXT => Ok(text.into_owned()),
            _ => Err(self.wrong(name, format!("must be a text of at most {MAX_TEXT} bytes"))),
        }
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, FieldError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Object(text)) => Fields::read(&self.at(name), text).map(Some),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    pub(super) fn required_object(&self, name: &str) -> Result<Fields<'a>, FieldError> {
        self.object(name)?.ok_or_else(|| self.missing(name))
    }

    /// The texts of an array of at most `most` elements.
    fn elements(&self, name: &str, most: usize) -> Result<Option<Vec<&'a str>>, FieldError> {
        let elements = match self.value(name)? {
            None => return Ok(None),
            Some(Value::Array(text)) => array_within(text, most),
            Some(_) => return Err(self.wrong(name, "must be an array")),
        };
        elements.map(Some).map_err(|error| match error {
            JsonError::TooMany(most) => self.wrong(name, format!("must have at most {most} elements")),
            error => self.wrong(name, error.to_string()),
        })
    }

    pub(super) fn objects(&self, name: &str, most: usize) -> Result<Option<Vec<Fields<'a>>>, FieldError> {
        let Some(elements) = self.elements(name, most)? else { return Ok(None) };
        let objects = elements.into_iter().enumerate();
        let objects = objects.map(|(i, text)| Fields::read(&self.at(&format!("{name}[{i}]")), text));
        objects.collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn figures(&self, name: &str, most: usize) -> Result<Option<Vec<Decimal>>, FieldError> {
        self.each(name, most, |fields, name, value| fields.to_figure(name, &value))
    }

    pub(super) fn texts(&self, name: &str, most: usize) -> Result<Option<Vec<String>>, FieldError> {
        self.each(name, most, Fields::to_text)
    }

    fn each<T>(
        &self,
        name: &str,
        most: usize,
        read: impl Fn(&Fields<'a>, &str, Value<'a>) -> Result<T, FieldError>,
    ) -> Result<Option<Vec<T>>, FieldError> {
        let Some(elements) = self.elements(name, most)? else { return Ok(None) };
        let values = elements.into_iter().enumerate().map(|(i, text)| {
            let name = format!("{name}[{i}]");
            let value = usage_json::value(text).map_err(|error| self.wrong(&name, error.to_string()))?;
            read(self, &name, value)
        });
        values.collect::<Result<_, _>>().map(Some)
    }

    /// An object of texts; properties that are null are left out.
    pub(super) fn map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, FieldError> {
        let Some(object) = self.object(name)? else { return Ok(None) };
        let mut map = BTreeMap::new();
        for (key, _) in object.object.entries() {
            if key.len() > MAX_TEXT {
                return Err(self.wrong(name, format!("has a name of more than {MAX_TEXT} bytes")));
            }
            if let Some(text) = object.text(key)? {
                map.insert(key.to_string(), text);
            }
        }
        Ok(Some(map))
    }
}

/// What of a text is shown where it is refused.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
