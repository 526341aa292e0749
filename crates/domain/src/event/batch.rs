//! Events that came together, on the text that they came in.
//!
//! Owns how a request's events are held on their way to the store: as places in one text, so that nothing
//! is copied event by event. Knows nothing of the text's format: whoever reads it says where what is.

use super::{EventRef, UsageEvent};
use crate::time::Timestamp;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// The bytes from `start` to `end` of a text of less than 4 GiB.
    #[must_use]
    #[inline]
    pub fn new(start: usize, end: usize) -> Span {
        let fits = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: fits(start), length: fits(end.saturating_sub(start)) }
    }

    /// From which byte to which one.
    #[must_use]
    pub fn range(self) -> (usize, usize) {
        (self.start as usize, self.start as usize + self.length as usize)
    }

    /// The text that it is of `whole`.
    #[must_use]
    #[inline]
    pub fn of(self, whole: &str) -> &str {
        part(whole, self)
    }
}

/// An event's places in the text of its batch.
#[derive(Debug, Clone, Copy)]
pub struct EventSpans {
    /// With `source`, its name for ever.
    pub id: Span,
    /// Who says so.
    pub source: Span,
    /// What kind of usage this is.
    pub event_type: Span,
    /// Whose usage this is.
    pub subject: Span,
    /// When the usage happened.
    pub time: Timestamp,
    /// Whether the sender gave the time.
    pub time_given: bool,
    /// The payload.
    pub data: Option<Span>,
    /// Further attributes.
    pub extensions: Option<Span>,
    /// The members of the payload, among those of the batch: from, until; nothing where whoever read the
    /// event did not note them.
    members: Option<(u32, u32)>,
}

/// A member of a payload: its name, and the text of its value.
#[derive(Debug, Clone, Copy)]
struct Member {
    name: Span,
    value: Span,
}

/// Events that came together.
#[derive(Debug, Clone, Default)]
pub struct EventBatch {
    text: String,
    events: Vec<EventSpans>,
    members: Vec<Member>,
}

/// The members of a payload, where whoever read it noted them.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    text: &'a str,
    members: &'a [Member],
}

impl<'a> Members<'a> {
    /// The text of the value of this name. Names are unique.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let wanted = |member: &&Member| part(self.text, member.name) == name;
        self.members.iter().find(wanted).map(|member| part(self.text, member.value))
    }
}

#[inline]
fn part(text: &str, span: Span) -> &str {
    let start = span.start as usize;
    // Spans are made by this module alone, from parts of the same text.
    text.get(start..start + span.length as usize).unwrap_or_default()
}

/// Notes where events stand in a text, and makes a batch of both.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    /// Bytes of the text that events stand in.
    base: usize,
    /// Texts that are copied: they come behind it.
    extra: String,
    events: Vec<EventSpans>,
    members: Vec<Member>,
}

impl BatchBuilder {
    /// Begins a batch of events that stand in a text of so many bytes.
    #[must_use]
    pub fn on(base: usize) -> BatchBuilder {
        BatchBuilder { base, ..BatchBuilder::default() }
    }

    /// Makes room for so many events more, with so many members each.
    pub fn reserve(&mut self, events: usize, members: usize) {
        self.events.reserve(events);
        self.members.reserve(events * members);
    }

    fn put(&mut self, more: &str) -> Span {
        let start = self.base + self.extra.len();
        self.extra.push_str(more);
        Span::new(start, start + more.len())
    }

    /// Adds an event of which the texts are copied.
    pub fn push(&mut self, event: EventRef<'_>) {
        let spans = EventSpans {
            id: self.put(event.id),
            source: self.put(event.source),
            event_type: self.put(event.event_type),
            subject: self.put(event.subject),
            time: event.time,
            time_given: event.time_given,
            data: event.data.map(|text| self.put(text)),
            extensions: event.extensions.map(|text| self.put(text)),
            members: None,
        };
        self.events.push(spans);
    }

    /// Adds an event that stands in the text, with the members of its payload.
    #[inline]
    pub fn push_spans(&mut self, mut spans: EventSpans, members: &[(Span, Span)]) {
        let fits = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let first = fits(self.members.len());
        self.members.extend(members.iter().map(|(name, value)| Member { name: *name, value: *value }));
        spans.members = Some((first, fits(self.members.len())));
        self.events.push(spans);
    }

    /// Makes the batch, of the text that the events stand in.
    #[must_use]
    pub fn finish(self, mut text: String) -> EventBatch {
        debug_assert_eq!(text.len(), self.base, "the text is the one that was read");
        text.push_str(&self.extra);
        EventBatch { text, events: self.events, members: self.members }
    }
}

impl EventBatch {
    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event at this place.
    #[must_use]
    #[inline]
    pub fn get(&self, place: usize) -> EventRef<'_> {
        let spans = &self.events[place];
        let text = |span: Span| part(&self.text, span);
        let members = spans.members.map(|(first, end)| Members {
            text: &self.text,
            members: &self.members[first as usize..end as usize],
        });
        EventRef {
            id: text(spans.id),
            source: text(spans.source),
            event_type: text(spans.event_type),
            subject: text(spans.subject),
            time: spans.time,
            time_given: spans.time_given,
            data: spans.data.map(text),
            extensions: spans.extensions.map(text),
            members,
        }
    }

    /// The source and the id of the event at this place: its name.
    #[must_use]
    #[inline]
    pub fn name(&self, place: usize) -> (&str, &str) {
        let spans = &self.events[place];
        (part(&self.text, spans.source), part(&self.text, spans.id))
    }

    /// The subject of the event at this place, and its time.
    #[must_use]
    #[inline]
    pub fn subject_and_time(&self, place: usize) -> (&str, Timestamp) {
        let spans = &self.events[place];
        (part(&self.text, spans.subject), spans.time)
    }

    /// Its events, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EventRef<'_>> {
        (0..self.events.len()).map(|place| self.get(place))
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.text.len()
            + self.events.len() * size_of::<EventSpans>()
            + self.members.len() * size_of::<Member>()
    }
}

impl EventSpans {
    /// An event without a payload and further attributes.
    #[must_use]
    pub fn new(id: Span, source: Span, event_type: Span, subject: Span, time: Timestamp) -> EventSpans {
        EventSpans {
            id,
            source,
            event_type,
            subject,
            time,
            time_given: true,
            data: None,
            extensions: None,
            members: None,
        }
    }
}

impl<'a> FromIterator<&'a UsageEvent> for EventBatch {
    fn from_iter<I: IntoIterator<Item = &'a UsageEvent>>(events: I) -> EventBatch {
        let mut batch = BatchBuilder::default();
        for event in events {
            batch.push(event.borrowed());
        }
        batch.finish(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_out_as_it_went_in() {
        let event = UsageEvent {
            id: "1".into(),
            source: "söurce".into(),
            event_type: "t".into(),
            subject: "alice".into(),
            time: Timestamp::MIN,
            time_given: true,
            data: Some("{\"n\":1}".into()),
            extensions: None,
        };
        let other = UsageEvent { id: "2".into(), data: None, extensions: Some("{}".into()), ..event.clone() };
        let batch: EventBatch = [&event, &other].into_iter().collect();
        let back: Vec<UsageEvent> = batch.iter().map(EventRef::to_event).collect();
        assert_eq!(back, [event, other]);
    }

    #[test]
    fn members_are_those_of_their_event() {
        let (mut batch, span) = (BatchBuilder::on(6), Span::new);
        for (name, value) in [(span(0, 1), span(4, 5)), (span(1, 2), span(5, 6))] {
            let text = span(2, 3);
            batch.push_spans(EventSpans::new(text, text, text, text, Timestamp::MIN), &[(name, value)]);
        }
        let batch = batch.finish("abc 12".into());
        let found: Vec<_> = batch.iter().map(|e| e.members.map(|m| (m.get("a"), m.get("b")))).collect();
        assert_eq!(found, [Some((Some("1"), None)), Some((None, Some("2")))]);
    }
}
