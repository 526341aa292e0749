//! JSON text without floats: reading properties with their digits, and a canonical form by which
//! two texts that mean the same are the same bytes.
//!
//! Knows nothing of usage: it is about text alone. A number must never become a float here; it
//! stays the digits that were sent. A key that stands twice in an object is an error, because no
//! two readers agree on which of the two counts.

mod canonical;
mod object;
mod scan;

pub use canonical::canonical;
pub use object::{Object, Value, array, array_within, object, value};
pub use scan::{Scanner, Unexpected};

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 32;

/// Why a text is not usable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not of the expected kind.
    #[error("{0}")]
    Syntax(String),
    /// A key twice in one object.
    #[error("the key \"{0}\" stands twice in one object")]
    DuplicateKey(String),
    /// An array that is longer than asked for.
    #[error("more than {0} elements")]
    TooMany(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// What a full parser says of a text that is not JSON.
fn syntax(text: &str) -> JsonError {
    JsonError::Syntax(match serde_json::from_str::<serde_json::Value>(text) {
        Err(error) => error.to_string(),
        // It is stricter here than there: nesting is bounded.
        Ok(_) => "not a JSON text that is read here".to_string(),
    })
}
