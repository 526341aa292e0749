//! Customers: who is billed, how they are named, and whose usage they pay for.

use crate::currency::Currency;
use crate::time::{Period, Timestamp, Zone};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// The largest customer number: the largest integer that every JSON reader keeps.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;
/// The most subjects that one customer may pay for at a time.
pub const MAX_SUBJECTS: usize = 1000;

/// A customer's id: a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerId(pub Ulid);

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CustomerId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<CustomerId, ulid::DecodeError> {
        Ulid::from_string(text).map(CustomerId)
    }
}

/// What is said of a customer when it is made or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerDraft {
    /// The integer that the first clients use; the next free one where `None`.
    pub number: Option<u64>,
    /// A text of the caller's own that names the customer, and is a subject too.
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
    /// What it is billed in.
    pub currency: Currency,
    /// Where its days and months begin.
    pub zone: Zone,
    /// Whose usage it pays for, besides its key's.
    pub subjects: Vec<String>,
    /// What else is kept about it.
    pub profile: Profile,
}

impl CustomerDraft {
    /// A customer of which only the name is known: dollars, UTC.
    #[must_use]
    pub fn named(name: &str) -> CustomerDraft {
        CustomerDraft {
            number: None,
            key: None,
            name: name.to_string(),
            currency: Currency::USD,
            zone: Zone::utc(),
            subjects: Vec::new(),
            profile: Profile::default(),
        }
    }

    /// Every subject whose usage it pays for: its key and its subjects.
    pub fn all_subjects(&self) -> impl Iterator<Item = &str> {
        self.key.iter().chain(&self.subjects).map(String::as_str)
    }
}

/// What is kept about a customer and never looked into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// Free text.
    pub description: Option<String>,
    /// Where to write to.
    pub primary_email: Option<String>,
    /// The text of a JSON object.
    pub billing_address: Option<String>,
    /// The text of a JSON object.
    pub metadata: Option<String>,
}

/// Who is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// The integer that the first clients use, 1 to [`MAX_NUMBER`].
    pub number: u64,
    /// A text of the caller's own that names it.
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
    /// What it is billed in.
    pub currency: Currency,
    /// Where its days and months begin.
    pub zone: Zone,
    /// Whose usage it pays for now, besides its key's.
    pub subjects: Vec<String>,
    /// What else is kept about it.
    pub profile: Profile,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A subject that a customer pays for, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidSubject {
    /// The subject of the events.
    pub subject: String,
    /// Events at these times are the customer's.
    pub period: Period,
}

/// How a customer is named in a path or on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerRef {
    /// `key:acme`
    Key(String),
    /// `number:456`
    Number(u64),
    /// `id:01J…`
    Id(CustomerId),
    /// Anything else: a key, or else a number, or else an id.
    Any(String),
}

/// A reference that names no kind of customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a customer's key, number (number:456) or id (id:01J…)")]
pub struct InvalidRef(pub String);

impl FromStr for CustomerRef {
    type Err = InvalidRef;

    fn from_str(text: &str) -> Result<CustomerRef, InvalidRef> {
        let wrong = || InvalidRef(text.chars().take(64).collect());
        if let Some(key) = text.strip_prefix("key:") {
            return Ok(CustomerRef::Key(key.to_string()));
        }
        if let Some(number) = text.strip_prefix("number:") {
            return number.parse().map(CustomerRef::Number).map_err(|_| wrong());
        }
        if let Some(id) = text.strip_prefix("id:") {
            return id.parse().map(CustomerRef::Id).map_err(|_| wrong());
        }
        if text.is_empty() { Err(wrong()) } else { Ok(CustomerRef::Any(text.to_string())) }
    }
}

impl fmt::Display for CustomerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CustomerRef::Key(key) => write!(f, "key:{key}"),
            CustomerRef::Number(number) => write!(f, "number:{number}"),
            CustomerRef::Id(id) => write!(f, "id:{id}"),
            CustomerRef::Any(text) => f.write_str(text),
        }
    }
}

/// Why a customer cannot be made or changed as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomer {
    /// A field that is empty, too long or out of range.
    #[error("{field}: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl CustomerDraft {
    /// Checks the limits that every customer keeps.
    ///
    /// # Errors
    /// The first field that is empty, too long or out of range.
    pub fn check(&self) -> Result<(), InvalidCustomer> {
        let wrong = |field, reason: &str| Err(InvalidCustomer::Field { field, reason: reason.to_string() });
        if self.number.is_some_and(|n| n == 0 || n > MAX_NUMBER) {
            return wrong("number", "must be an integer from 1 to 9007199254740991");
        }
        if self.name.trim().is_empty() || self.name.len() > 256 {
            return wrong("name", "must have 1 to 256 bytes");
        }
        if self.key.as_ref().is_some_and(|k| k.is_empty() || k.len() > 256) {
            return wrong("key", "must have 1 to 256 bytes");
        }
        if self.subjects.len() > MAX_SUBJECTS {
            return wrong("usageAttribution.subjectKeys", "more than 1000 subjects");
        }
        if self.subjects.iter().any(|s| s.is_empty() || s.len() > crate::event::MAX_NAME) {
            return wrong("usageAttribution.subjectKeys", "each must have 1 to 1024 bytes");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_says_which_kind_of_name_it_is() {
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        for (text, named) in [
            ("456", CustomerRef::Any("456".into())),
            ("AWS:1:2", CustomerRef::Any("AWS:1:2".into())),
            ("key:456", CustomerRef::Key("456".into())),
            ("number:456", CustomerRef::Number(456)),
            ("id:01ARZ3NDEKTSV4RRFFQ69G5FAV", CustomerRef::Id(id.parse().unwrap())),
        ] {
            assert_eq!(text.parse(), Ok(named.clone()));
            assert_eq!(named.to_string(), text);
        }
        for text in ["", "number:x", "number:-1", "id:zzz"] {
            assert_eq!(text.parse::<CustomerRef>(), Err(InvalidRef(text.into())));
        }
    }
}
