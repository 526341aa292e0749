//! How a customer is named in a request.

use crate::error::ClientError;
use serde::Serialize;
use std::fmt::Write;

/// A customer as the caller names it. It goes out as the JSON that it is: `456` or `"acme"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CustomerName {
    /// Its number.
    Number(i128),
    /// Its key, number or id; `key:`, `number:` and `id:` in front remove doubt.
    Text(String),
}

impl CustomerName {
    /// Refuses what names nobody.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        match self {
            CustomerName::Number(0) => {}
            CustomerName::Text(text) if text.is_empty() => {}
            CustomerName::Number(_) | CustomerName::Text(_) => return Ok(()),
        }
        Err(ClientError::validation("Customer cannot be empty"))
    }

    /// The name as one segment of a path. A number is marked as one: a key may look the same.
    pub(crate) fn segment(&self) -> String {
        match self {
            CustomerName::Number(number) => format!("number:{number}"),
            CustomerName::Text(text) => percent_encode(text),
        }
    }
}

/// Everything but the unreserved characters of RFC 3986, and the colon, which a segment may have.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

macro_rules! from_integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for CustomerName {
            fn from(number: $integer) -> CustomerName {
                CustomerName::Number(number.into())
            }
        }
    )*};
}
from_integers!(i32 u32 i64 u64 i128);

impl From<&str> for CustomerName {
    fn from(text: &str) -> CustomerName {
        CustomerName::Text(text.to_string())
    }
}

impl From<&String> for CustomerName {
    fn from(text: &String) -> CustomerName {
        CustomerName::Text(text.clone())
    }
}

impl From<String> for CustomerName {
    fn from(text: String) -> CustomerName {
        CustomerName::Text(text)
    }
}

/// No customer is an empty name, which every request refuses.
impl<T: Into<CustomerName>> From<Option<T>> for CustomerName {
    fn from(name: Option<T>) -> CustomerName {
        name.map_or_else(|| CustomerName::Text(String::new()), Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment_of_a_path() {
        for (name, segment) in [
            (CustomerName::from(456), "number:456"),
            (CustomerName::from("456"), "456"),
            (CustomerName::from("AWS:123/4 5"), "AWS:123%2F4%205"),
            (CustomerName::from("key:ü?#%+&="), "key:%C3%BC%3F%23%25%2B%26%3D"),
        ] {
            assert_eq!(name.segment(), segment);
        }
    }

    #[test]
    fn a_name_goes_out_as_the_json_that_it_is() {
        for (name, json) in [
            (CustomerName::from(u64::MAX), "18446744073709551615"),
            (CustomerName::from(-1), "-1"),
            (CustomerName::from("456"), "\"456\""),
        ] {
            assert_eq!(serde_json::to_string(&name).unwrap(), json);
        }
    }
}
