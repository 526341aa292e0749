//! The properties of a JSON object by their paths, each read as what it must be.

use crate::problem::FieldError;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use usage_domain::decimal::{Decimal, MAX_FRACTION_DIGITS, MAX_INTEGER_DIGITS};
use usage_domain::plan::InvalidPlan;
use usage_domain::time::{Timestamp, Zone};
use usage_json::{JsonError, Object, Value, array_within, object};

/// The longest name or value of a dimension, in bytes.
const MAX_TEXT: usize = 256;

/// The longest text that stands for something, such as a path or a fraction, in bytes.
const MAX_PARSED: usize = 1024;

/// An object and where it stands.
pub(crate) struct Fields<'a> {
    path: String,
    object: Object<'a>,
}

impl<'a> Fields<'a> {
    /// The object that `text` is; `path` is empty for a whole body.
    pub(crate) fn read(path: &str, text: &'a str) -> Result<Fields<'a>, FieldError> {
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
    pub(crate) fn wrong(&self, name: &str, reason: impl Into<String>) -> FieldError {
        FieldError { field: self.at(name), reason: reason.into() }
    }

    /// Refuses a property that is not among `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), FieldError> {
        match self.object.entries().find(|(name, _)| !known.contains(name)) {
            Some((name, _)) => {
                let name = short(name);
                Err(self.wrong(&name, format!("is not known here; known are {}", known.join(", "))))
            }
            None => Ok(()),
        }
    }

    /// Whether a property is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.entries().any(|(key, value)| key == name && value != "null")
    }

    fn value(&self, name: &str) -> Result<Option<Value<'a>>, FieldError> {
        let value = self.object.get(name).map_err(|error| self.wrong(name, error.to_string()))?;
        Ok(value.filter(|value| *value != Value::Null))
    }

    pub(crate) fn missing(&self, name: &str) -> FieldError {
        self.wrong(name, "is missing")
    }

    /// A decimal, as a text or as a number with its digits.
    pub(crate) fn figure(&self, name: &str) -> Result<Option<Decimal>, FieldError> {
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

    pub(crate) fn required(&self, name: &str) -> Result<Decimal, FieldError> {
        self.figure(name)?.ok_or_else(|| self.missing(name))
    }

    /// A whole number that is not below zero.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u64>, FieldError> {
        let Some(figure) = self.figure(name)? else { return Ok(None) };
        let count = figure.to_string().parse().ok();
        let reason = || format!("must be a whole number from 0 to {}, not {figure}", u64::MAX);
        count.map(Some).ok_or_else(|| self.wrong(name, reason()))
    }

    /// A whole number that is not below zero and not large.
    pub(crate) fn small(&self, name: &str) -> Result<Option<u32>, FieldError> {
        let Some(count) = self.count(name)? else { return Ok(None) };
        let reason = || format!("must be a whole number from 0 to {}, not {count}", u32::MAX);
        u32::try_from(count).map(Some).map_err(|_| self.wrong(name, reason()))
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, FieldError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Bool(is)) => Ok(Some(is)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, FieldError> {
        self.text_within(name, MAX_TEXT)
    }

    /// A text of at most so many bytes.
    pub(crate) fn text_within(&self, name: &str, most: usize) -> Result<Option<String>, FieldError> {
        self.value(name)?.map(|value| self.to_text(name, value, most)).transpose()
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<String, FieldError> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    fn to_text(&self, name: &str, value: Value<'_>, most: usize) -> Result<String, FieldError> {
        match value {
            Value::Text(text) if text.len() <= most => Ok(text.into_owned()),
            _ => Err(self.wrong(name, format!("must be a text of at most {most} bytes"))),
        }
    }

    /// A text that stands for something, whose type says what is wrong with it.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, FieldError> {
        let Some(text) = self.text_within(name, MAX_PARSED)? else { return Ok(None) };
        text.parse().map(Some).map_err(|error| {
            let error = T::Err::to_string(&error);
            // Many errors begin with the text themselves.
            let says_it = error.starts_with('"');
            self.wrong(name, if says_it { error } else { format!("{:?}: {error}", short(&text)) })
        })
    }

    pub(crate) fn required_parsed<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, FieldError> {
        self.parsed(name)?.ok_or_else(|| self.missing(name))
    }

    /// A time in the form of RFC 3339, or a date, which is the beginning of that day in `zone`.
    pub(crate) fn moment(&self, name: &str, zone: &Zone) -> Result<Option<Timestamp>, FieldError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Timestamp::on_date(&text, zone)
            .unwrap_or_else(|| text.parse())
            .map(Some)
            .map_err(|error| self.wrong(name, format!("{error}, or a date such as 2026-11-01")))
    }

    pub(crate) fn required_moment(&self, name: &str) -> Result<Timestamp, FieldError> {
        self.moment(name, &Zone::utc())?.ok_or_else(|| self.missing(name))
    }

    /// What a rule of the domain says about a field of this object.
    pub(crate) fn invalid(&self, invalid: InvalidPlan) -> FieldError {
        self.wrong(&invalid.field, invalid.reason)
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, FieldError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Object(text)) => Fields::read(&self.at(name), text).map(Some),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    pub(crate) fn required_object(&self, name: &str) -> Result<Fields<'a>, FieldError> {
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

    pub(crate) fn objects(&self, name: &str, most: usize) -> Result<Option<Vec<Fields<'a>>>, FieldError> {
        let Some(elements) = self.elements(name, most)? else { return Ok(None) };
        let objects = elements.into_iter().enumerate();
        let objects = objects.map(|(i, text)| Fields::read(&self.at(&format!("{name}[{i}]")), text));
        objects.collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn figures(&self, name: &str, most: usize) -> Result<Option<Vec<Decimal>>, FieldError> {
        self.each(name, most, |fields, name, value| fields.to_figure(name, &value))
    }

    pub(crate) fn texts(&self, name: &str, most: usize) -> Result<Option<Vec<String>>, FieldError> {
        self.texts_within(name, most, MAX_TEXT)
    }

    /// An array of texts of at most so many bytes each.
    pub(crate) fn texts_within(
        &self,
        name: &str,
        most: usize,
        longest: usize,
    ) -> Result<Option<Vec<String>>, FieldError> {
        self.each(name, most, |fields, name, value| fields.to_text(name, value, longest))
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

    /// An array of different texts.
    pub(crate) fn distinct(&self, name: &str, most: usize) -> Result<Option<Vec<String>>, FieldError> {
        let Some(texts) = self.texts(name, most)? else { return Ok(None) };
        match (1..texts.len()).find(|index| texts[..*index].contains(&texts[*index])) {
            Some(twice) => {
                let reason = format!("{:?} stands twice", short(&texts[twice]));
                Err(self.wrong(&format!("{name}[{twice}]"), reason))
            }
            None => Ok(Some(texts)),
        }
    }

    /// An array of texts and objects.
    pub(crate) fn texts_or_objects<T>(
        &self,
        name: &str,
        most: usize,
        read: impl Fn(&Fields<'a>) -> Result<T, FieldError>,
    ) -> Result<Vec<Result<T, String>>, FieldError> {
        let each = self.each(name, most, |fields, name, value| match value {
            Value::Object(text) => read(&Fields::read(&fields.at(name), text)?).map(Ok),
            Value::Text(text) if text.len() <= MAX_TEXT => Ok(Err(text.into_owned())),
            _ => Err(fields.wrong(name, format!("must be a text of at most {MAX_TEXT} bytes, or an object"))),
        })?;
        Ok(each.unwrap_or_default())
    }

    /// An array of texts of which each may be null.
    pub(crate) fn optional_texts(&self, name: &str, most: usize) -> Result<Vec<Option<String>>, FieldError> {
        let texts = self.each(name, most, |fields, name, value| match value {
            Value::Null => Ok(None),
            value => fields.to_text(name, value, MAX_TEXT).map(Some),
        })?;
        texts.ok_or_else(|| self.missing(name))
    }

    /// The names of the properties, in the order sent.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.object.entries().map(|(name, _)| name)
    }

    /// Whether a property is a text.
    pub(crate) fn is_text(&self, name: &str) -> bool {
        self.object.entries().any(|(key, value)| key == name && value.starts_with('"'))
    }

    /// An object of objects, by their names.
    pub(crate) fn each_object(&self, name: &str) -> Result<Vec<(String, Fields<'a>)>, FieldError> {
        let Some(object) = self.object(name)? else { return Ok(Vec::new()) };
        let named = |name: &str| Ok((name.to_string(), object.required_object(name)?));
        object.names().map(named).collect()
    }

    /// The text of an object, as it is.
    pub(crate) fn raw_object(&self, name: &str, most: usize) -> Result<Option<String>, FieldError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Object(text)) if text.len() <= most => Ok(Some(text.to_string())),
            Some(_) => Err(self.wrong(name, format!("must be an object of at most {most} bytes"))),
        }
    }

    /// An object of texts; properties that are null are left out.
    pub(crate) fn map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, FieldError> {
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
pub(crate) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
