//! YAML that people write, as JSON that is read strictly; and JSON as YAML that people read.
//!
//! Knows nothing of usage: it is about text alone. A number must never become a float here; it stays the
//! digits that were written. What two readers of YAML could understand differently (anchors, tags, keys that
//! are no texts or stand twice) is refused with its line. JSON is YAML, too.

mod read;
mod write;

pub use read::{Document, YamlError, read};
pub use write::write;

/// The longest text that is read, in bytes.
pub const MAX_TEXT: usize = 32 << 20;
