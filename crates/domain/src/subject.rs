//! Subjects: what is known about those whose usage is metered. Usage needs none of this: an event's subject
//! is metered whether it is known here or not, and whoever is known here is metered the same way.

use crate::event::{MAX_DATA, MAX_NAME};
use crate::time::Timestamp;
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// The most subjects that are kept.
pub const MAX_KNOWN: usize = 100_000;
/// The longest name for people, in bytes.
const MAX_DISPLAY_NAME: usize = 256;

/// The lasting name of a subject: a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectId(pub Ulid);

impl fmt::Display for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SubjectId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<SubjectId, ulid::DecodeError> {
        Ulid::from_string(text).map(SubjectId)
    }
}

/// What becomes of something that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It becomes this, or is forgotten.
    Set(Option<T>),
}

/// What becomes known about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectDraft {
    /// What its events name it by.
    pub key: String,
    /// A name for people.
    pub display_name: Edit<String>,
    /// Whatever else is kept about it: the text of a JSON object.
    pub metadata: Edit<String>,
}

/// What is known about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its lasting name.
    pub id: SubjectId,
    /// What its events name it by.
    pub key: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// Whatever else is kept about it: the text of a JSON object.
    pub metadata: Option<String>,
    /// When it became known.
    pub created_at: Timestamp,
    /// When that was last changed.
    pub updated_at: Timestamp,
}

/// Why a subject cannot be kept as asked: the field, by its name on the wire, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidSubject {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl SubjectDraft {
    /// Checks what every subject keeps to.
    ///
    /// # Errors
    /// The first field that is not usable.
    pub fn check(&self) -> Result<(), InvalidSubject> {
        let wrong = |field, reason: String| Err(InvalidSubject { field, reason });
        if self.key.is_empty() || self.key.len() > MAX_NAME {
            return wrong("key", format!("must have 1 to {MAX_NAME} bytes"));
        }
        let longer = |edit: &Edit<String>, most| matches!(edit, Edit::Set(Some(text)) if text.len() > most);
        if longer(&self.display_name, MAX_DISPLAY_NAME) {
            return wrong("displayName", format!("must have at most {MAX_DISPLAY_NAME} bytes"));
        }
        if longer(&self.metadata, MAX_DATA) {
            return wrong("metadata", format!("must have at most {MAX_DATA} bytes"));
        }
        Ok(())
    }
}
