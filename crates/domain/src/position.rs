//! How far a reader has seen the log.

use std::fmt;
use std::str::FromStr;

/// More writers than any log has.
const MOST_WRITERS: usize = 4096;

/// A position in the log: for each of its writers, how many of that writer's events are included.
/// The embedded store has one writer, so that one count says it; outside it is an opaque text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// By writer; the last one is never zero, so that equal positions are equal lists.
    counts: Vec<u64>,
}

impl Position {
    /// The position after the first `count` events of a log with one writer.
    #[must_use]
    pub fn after(count: u64) -> Position {
        Position::of(vec![count])
    }

    /// The position after the first so many events of each writer.
    #[must_use]
    pub fn of(mut counts: Vec<u64>) -> Position {
        while counts.last() == Some(&0) {
            counts.pop();
        }
        Position { counts }
    }

    /// Of each writer in turn, how many events are included; of those behind the last, none.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Events included.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether everything that `other` includes is included here.
    #[must_use]
    pub fn covers(&self, other: &Position) -> bool {
        let all = self.counts.iter().chain(std::iter::repeat(&0));
        other.counts.len() <= self.counts.len() && all.zip(&other.counts).all(|(own, its)| own >= its)
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
        // A number may not have a sign, which parsing it would take.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let counts = text.split('.').take(MOST_WRITERS + 1).map(str::parse).collect::<Result<Vec<u64>, _>>();
        let counts = counts.ok().filter(|counts| is_plain && counts.len() <= MOST_WRITERS);
        counts.map(Position::of).ok_or(NotAPosition)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.counts.split_first() else { return f.write_str("0") };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|count| write!(f, ".{count}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_text_and_back() {
        for (counts, text) in [(vec![], "0"), (vec![0, 0], "0"), (vec![3], "3"), (vec![0, 5, 0], "0.5")] {
            let position = Position::of(counts);
            assert_eq!(position.to_string(), text);
            assert_eq!(text.parse(), Ok(position));
        }
        for text in ["", ".", "1.", "-1", "+1", "1.+2", "1,2", "x", &"0.".repeat(5000)] {
            assert!(text.parse::<Position>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_position_covers_another_if_it_does_for_every_writer() {
        for (own, its, covers) in [
            (vec![], vec![], true),
            (vec![1], vec![], true),
            (vec![], vec![1], false),
            (vec![2, 5], vec![2, 5], true),
            (vec![2, 5], vec![3], false),
            (vec![2, 5], vec![2, 4], true),
            (vec![9], vec![0, 1], false),
        ] {
            let shown = format!("{own:?} {its:?}");
            assert_eq!(Position::of(own).covers(&Position::of(its)), covers, "{shown}");
        }
    }
}
