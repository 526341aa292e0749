//! A JSON number with all of its digits: neither read nor written through a float.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use usage_domain::decimal::Decimal;

/// The digits of a JSON number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Decimal> for Number {
    fn from(value: Decimal) -> Number {
        Number(value.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(Number(raw.get().to_string())),
            _ => Err(serde::de::Error::custom("must be a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_lost_in_either_direction() {
        for text in ["2000", "-0.5", "12345678901234567890.123456789012345678", "0"] {
            let read: Number = serde_json::from_str(text).unwrap();
            assert_eq!((read.as_str(), serde_json::to_string(&read).unwrap().as_str()), (text, text));
            let value: Decimal = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&Number::from(value)).unwrap(), text);
        }
        for text in ["\"1\"", "null", "[]"] {
            assert!(serde_json::from_str::<Number>(text).is_err(), "{text}");
        }
    }
}
