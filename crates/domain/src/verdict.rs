//! What became of an event that was sent.

/// The answer for one event of a request, given after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Stored, and counted from now on.
    Accepted,
    /// The same source, id and content are stored already: nothing changed.
    Duplicate,
    /// The same source and id are stored with other content: the first stands.
    Conflict,
    /// Not a valid event: nothing of it was stored.
    Rejected(String),
}
