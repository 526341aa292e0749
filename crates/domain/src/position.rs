//! How far a reader has seen the log: one gap-free count of events per writer.

use std::collections::BTreeMap;
use std::fmt;

/// A position in the log: for each writer, how many of its events are included.
///
/// The embedded store has one writer, number 0, and its position is written as that one count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position(BTreeMap<u32, u64>);

impl Position {
    /// The position of a log with a single writer after its first `count` events.
    #[must_use]
    pub fn single(count: u64) -> Position {
        Position(BTreeMap::from([(0, count)]))
    }

    /// Events included, over all writers.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alone = self.0.keys().all(|writer| *writer == 0);
        if alone {
            return write!(f, "{}", self.events());
        }
        for (i, (writer, count)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{writer}:{count}")?;
        }
        Ok(())
    }
}
