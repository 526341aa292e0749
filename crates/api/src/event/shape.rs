//! Events that are written alike: what a sender writes between the values is mostly the same each time.
//!
//! Owns the shapes of events that were read, and finds the values of another event of such a shape by
//! comparing what stands between them. Must never take a text that the reader of single members would
//! read otherwise: what it takes is letter by letter what that one read before, but for the values, and
//! those are checked in the same way.

use super::batch::{MAX_TIME, NAMES, plain};
use usage_domain::event::{EventSpans, MAX_DATA, MAX_NAME, Span};
use usage_domain::time::Timestamp;
use usage_json::Scanner;

/// The most shapes that are remembered: a request has events of few kinds.
const MOST_SHAPES: usize = 4;

/// A value of an event, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An attribute, by its place among [`super::batch::NAMES`].
    Name(usize),
    Time,
    /// A member of the data: its name, and whether it is a text. What is neither text nor number has no
    /// shape.
    Member(Span, bool),
}

/// The values of events in the order in which they stand, and the texts between them.
#[derive(Debug)]
struct Shape {
    /// Each with the text before it.
    values: Vec<(Span, Kind)>,
    /// The text behind the last.
    rest: Span,
    /// Where data begins: bytes behind the start of the text before that value; and where it ends: bytes
    /// behind the end of that value.
    data: Option<((usize, usize), (usize, usize))>,
}

/// The shapes of a request's events.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    shapes: Vec<Shape>,
}

impl Shapes {
    /// Remembers how the event between two places is written, of which these values were found.
    pub(super) fn learn(
        &mut self,
        (start, end): (usize, usize),
        found: &[Found],
        data: Option<(usize, usize)>,
    ) {
        if self.shapes.len() == MOST_SHAPES {
            return;
        }
        let mut at = start;
        let mut values = Vec::with_capacity(found.len());
        for value in found {
            values.push((Span::new(at, value.start), value.kind));
            at = value.end;
        }
        let place = |(begins, ends): (usize, usize)| {
            let first = found.iter().position(|value| value.start > begins)?;
            let last = found.iter().rposition(|value| value.end < ends)?;
            let before = first.checked_sub(1).map_or(start, |before| found[before].end);
            // Without a member there is no value to tell the place by.
            (first <= last).then(|| ((first, begins - before), (last, ends - found[last].end)))
        };
        let data = match data.map(place) {
            Some(None) => return,
            data => data.flatten(),
        };
        self.shapes.push(Shape { values, rest: Span::new(at, end), data });
    }

    /// Finds the values of the event that comes next, where it has one of the shapes. The members of its data
    /// are left in `members`. Where it has none of them, the scanner stands anywhere.
    pub(super) fn read<'a>(
        &mut self,
        text: &'a str,
        scanner: &mut Scanner<'a>,
        received: Timestamp,
        members: &mut Vec<(Span, Span)>,
    ) -> Option<EventSpans> {
        let start = scanner.at();
        for place in 0..self.shapes.len() {
            members.clear();
            *scanner = Scanner::from(text, start);
            if let Some(event) = self.shapes[place].read(text, scanner, received, members) {
                // The next one is probably alike.
                self.shapes.swap(0, place);
                return Some(event);
            }
        }
        None
    }
}

impl Shape {
    fn read(
        &self,
        text: &str,
        scanner: &mut Scanner<'_>,
        received: Timestamp,
        members: &mut Vec<(Span, Span)>,
    ) -> Option<EventSpans> {
        let (mut names, mut time, mut data) = ([Span::default(); NAMES.len()], None, (0, 0));
        for (place, (before, kind)) in self.values.iter().enumerate() {
            let from = scanner.at();
            if !scanner.takes_text(before.of(text)) {
                return None;
            }
            let start = scanner.at();
            match kind {
                Kind::Name(name) => names[*name] = plain(scanner, MAX_NAME).ok()?,
                Kind::Time => {
                    let text = plain(scanner, MAX_TIME).ok()?.of(text);
                    time = Some(text.parse::<Timestamp>().ok()?);
                }
                Kind::Member(name, is_text) => {
                    if *is_text {
                        scanner.skip_string().ok().filter(|escaped| !escaped)?;
                    } else {
                        scanner.number().ok()?;
                    }
                    members.push((*name, Span::new(start, scanner.at())));
                }
            }
            if let Some(((first, begins), (last, ends))) = self.data {
                data.0 = if place == first { from + begins } else { data.0 };
                data.1 = if place == last { scanner.at() + ends } else { data.1 };
            }
        }
        if !scanner.takes_text(self.rest.of(text)) || data.1 - data.0 > MAX_DATA {
            return None;
        }
        let [id, source, event_type, subject] = names;
        let mut event = EventSpans::new(id, source, event_type, subject, time.unwrap_or(received));
        event.time_given = time.is_some();
        event.data = self.data.map(|_| Span::new(data.0, data.1));
        Some(event)
    }
}
