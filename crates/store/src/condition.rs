//! Conditions on stored events, as a person who looks for some puts them together.
//!
//! Owns what each test means, for every store alike. It knows nothing of how they are written.

use std::cmp::Ordering;
use usage_domain::event::StoredEvent;
use usage_domain::time::{Period, Timestamp};

/// What an event must be like to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All of these hold; so it is for none.
    All(Vec<Condition>),
    /// One of these holds at least; so it is never for none.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// An attribute passes a test.
    Text(TextField, TextTest),
    /// A moment is within a period.
    Time(TimeField, Period),
}

/// An attribute that is a text. Every event has each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// The id.
    Id,
    /// The source.
    Source,
    /// The type.
    Type,
    /// The subject.
    Subject,
}

/// A moment of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// When it happened.
    Time,
    /// When it arrived.
    IngestedAt,
    /// When it was stored.
    StoredAt,
}

/// A test of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextTest {
    /// It is one of these.
    OneOf(Vec<String>),
    /// It is below this one, by its bytes.
    Below(String),
    /// It is like a pattern.
    Like(Pattern),
}

impl Condition {
    /// Whether it holds for an event.
    #[must_use]
    pub fn holds(&self, stored: &StoredEvent) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|condition| condition.holds(stored)),
            Condition::Any(any) => any.iter().any(|condition| condition.holds(stored)),
            Condition::Not(condition) => !condition.holds(stored),
            Condition::Text(field, test) => test.passes(field.of(stored)),
            Condition::Time(field, period) => period.contains(field.of(stored)),
        }
    }
}

impl TextField {
    fn of(self, stored: &StoredEvent) -> &str {
        let event = &stored.event;
        match self {
            TextField::Id => &event.id,
            TextField::Source => &event.source,
            TextField::Type => &event.event_type,
            TextField::Subject => &event.subject,
        }
    }
}

impl TimeField {
    fn of(self, stored: &StoredEvent) -> Timestamp {
        match self {
            TimeField::Time => stored.event.time,
            TimeField::IngestedAt => stored.ingested_at,
            TimeField::StoredAt => stored.stored_at,
        }
    }
}

impl TextTest {
    fn passes(&self, text: &str) -> bool {
        match self {
            TextTest::OneOf(texts) => texts.iter().any(|other| other == text),
            TextTest::Below(other) => text.cmp(other.as_str()) == Ordering::Less,
            TextTest::Like(pattern) => pattern.matches(text),
        }
    }
}

/// A pattern of SQL's LIKE: `%` stands for any text, `_` for any one character, and a backslash
/// takes the meaning of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
    any_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    AnyText,
    AnyChar,
    Char(char),
}

impl Pattern {
    /// Reads a pattern.
    #[must_use]
    pub fn like(text: &str, any_case: bool) -> Pattern {
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => parts.push(Part::AnyText),
                '_' => parts.push(Part::AnyChar),
                '\\' => literal(chars.next().unwrap_or('\\'), any_case, &mut parts),
                c => literal(c, any_case, &mut parts),
            }
        }
        Pattern { parts, any_case }
    }

    /// The pattern of texts that have this one in them, in capitals or not.
    #[must_use]
    pub fn containing(text: &str) -> Pattern {
        let mut parts = vec![Part::AnyText];
        text.chars().for_each(|c| literal(c, true, &mut parts));
        parts.push(Part::AnyText);
        Pattern { parts, any_case: true }
    }

    /// Whether a text is like it. The time it takes is at most the product of both lengths.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = if self.any_case {
            text.chars().flat_map(char::to_lowercase).collect()
        } else {
            text.chars().collect()
        };
        let (mut at, mut part) = (0, 0);
        // Behind the last `%`: where it stands, and where what it stands for ends.
        let mut again: Option<(usize, usize)> = None;
        while at < chars.len() {
            match self.parts.get(part) {
                Some(Part::AnyText) => {
                    again = Some((part + 1, at));
                    part += 1;
                }
                Some(Part::AnyChar) => (at, part) = (at + 1, part + 1),
                Some(Part::Char(c)) if *c == chars[at] => (at, part) = (at + 1, part + 1),
                _ => match &mut again {
                    None => return false,
                    Some((behind, end)) => {
                        *end += 1;
                        (at, part) = (*end, *behind);
                    }
                },
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::AnyText)
    }
}

fn literal(c: char, any_case: bool, parts: &mut Vec<Part>) {
    if any_case {
        parts.extend(c.to_lowercase().map(Part::Char));
    } else {
        parts.push(Part::Char(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_is_like_that_of_sql() {
        for (pattern, any_case, text, like) in [
            ("abc", false, "abc", true),
            ("abc", false, "abcd", false),
            ("", false, "", true),
            ("", false, "a", false),
            ("%", false, "", true),
            ("a%", false, "abc", true),
            ("a%", false, "ba", false),
            ("%c", false, "abcc", true),
            ("%b%d%", false, "abcde", true),
            ("%b%d", false, "abdcd", true),
            ("a_c", false, "a\u{fc}c", true),
            ("a_c", false, "ac", false),
            ("__", false, "a", false),
            ("100\\%", false, "100%", true),
            ("100\\%", false, "1000", false),
            ("a\\", false, "a\\", true),
            ("ABC", false, "abc", false),
            ("A%C", true, "abc", true),
            ("\u{dc}%", true, "\u{fc}ber", true),
        ] {
            assert_eq!(Pattern::like(pattern, any_case).matches(text), like, "{text:?} like {pattern:?}");
        }
        assert!(Pattern::containing("5%_").matches("x5%_Y"));
        assert!(!Pattern::containing("5%_").matches("x5ab"));
        assert!(Pattern::containing("ACME").matches("the acme company"));
    }

    /// The same by trying everything.
    fn naive(pattern: &[Part], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Part::AnyText, behind)), _) => (0..=text.len()).any(|i| naive(behind, &text[i..])),
            (Some(_), None) => false,
            (Some((Part::AnyChar, behind)), Some((_, rest))) => naive(behind, rest),
            (Some((Part::Char(c), behind)), Some((first, rest))) => c == first && naive(behind, rest),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_trying_everything_matches(pattern in "[ab%_]{0,8}", text in "[ab]{0,10}") {
            let pattern = Pattern::like(&pattern, false);
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(pattern.matches(&text), naive(&pattern.parts, &chars));
        }
    }
}
