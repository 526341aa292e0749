//! How far a reader has seen the log.

use std::fmt;
use std::str::FromStr;

/// A position in the log: how many of its events are included. The embedded store has one writer, so
/// that one count says it; outside it is an opaque text, which a store with many writers can make
/// longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position(u64);

impl Position {
    /// The position after the first `count` events.
    #[must_use]
    pub fn after(count: u64) -> Position {
        Position(count)
    }

    /// Events included.
    #[must_use]
    pub fn events(self) -> u64 {
        self.0
    }
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a position that was named before")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    /// Reads what [`Display`](fmt::Display) wrote.
    fn from_str(text: &str) -> Result<Position, NotAPosition> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_plain).map(Position).ok_or(NotAPosition)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
