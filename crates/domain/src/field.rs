//! A property of an event's data, as far as the domain needs to know it.

/// A value in an event's data that is neither missing nor null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// A JSON string.
    Text(&'a str),
    /// The digits of a JSON number, as sent.
    Number(&'a str),
    /// A JSON boolean.
    Bool(bool),
    /// An array or an object.
    Other,
}
