//! Reading the CloudEvents of a body in one pass, as places in it.
//!
//! The usual event (attributes without escapes, no others than the known ones, data that is an object)
//! is noted where it stands. Any other is left to [`read_event`], which also finds the words for what is
//! wrong: what this reader takes, that one takes alike.

use super::read::read_event;
use super::shape::{Found, Kind, Shapes};
use usage_domain::event::{BatchBuilder, EventSpans, MAX_DATA, MAX_NAME, Span};
use usage_domain::time::Timestamp;
use usage_json::{Scanner, Unexpected, canonical};

/// The attributes that every event has, in the order in which their places are noted.
pub(super) const NAMES: [&str; 4] = ["id", "source", "type", "subject"];
/// The longest text that may be a time.
pub(super) const MAX_TIME: usize = 64;
/// Members of an event's data that are compared with each other pair by pair.
const MOST_MEMBERS: usize = 16;

/// Reads events from a text into a batch.
pub struct EventReader<'a> {
    text: &'a str,
    received: Timestamp,
    batch: BatchBuilder,
    members: Vec<(Span, Span)>,
    /// The values of the event that is read, unless it has one that no shape has.
    found: Option<Vec<Found>>,
    shapes: Shapes,
    /// Events that are not usable: their place among all, and why.
    errors: Vec<(usize, String)>,
    count: usize,
}

/// Why a list of events could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListError {
    /// It is not JSON, or no array.
    Malformed,
    /// It has more events than may be.
    TooMany,
}

impl<'a> EventReader<'a> {
    /// Begins to read a text; `received` becomes the time of events that name none.
    #[must_use]
    pub fn new(text: &'a str, received: Timestamp) -> EventReader<'a> {
        let batch = BatchBuilder::on(text.len());
        EventReader {
            text,
            received,
            batch,
            members: Vec::new(),
            found: None,
            shapes: Shapes::default(),
            errors: Vec::new(),
            count: 0,
        }
    }

    /// Reads the text as an array of at most so many events.
    ///
    /// # Errors
    /// A text that is no array of JSON values, or too long a one.
    pub fn read_array(&mut self, most: usize) -> Result<(), ListError> {
        let mut scanner = Scanner::new(self.text);
        if !scanner.takes(b'[') {
            return Err(ListError::Malformed);
        }
        // Events of fewer bytes are rare: room is made for what a body of this length has.
        self.batch.reserve(self.text.len() / 256 + 1, 4);
        scanner
            .members(b']', |scanner| {
                if self.count == most {
                    return Err(Wrong(ListError::TooMany));
                }
                self.read_next(scanner)?;
                Ok(())
            })
            .map_err(|Wrong(error)| error)?;
        if scanner.is_at_end() { Ok(()) } else { Err(ListError::Malformed) }
    }

    /// Reads the part of the text from `start` to `end` as one event.
    pub fn read_part(&mut self, start: usize, end: usize) {
        let text = &self.text[..end];
        let mut scanner = Scanner::from(text, start);
        scanner.space();
        match self.alike_or_fast(text, &mut scanner) {
            Ok(event) if scanner.is_at_end() => self.push(event),
            _ => self.slow(&text[start..]),
        }
    }

    fn read_next(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Unexpected> {
        let start = scanner.at();
        if let Ok(event) = self.alike_or_fast(self.text, scanner) {
            self.push(event);
            return Ok(());
        }
        *scanner = Scanner::from(self.text, start);
        let text = scanner.value()?;
        self.slow(text);
        Ok(())
    }

    fn push(&mut self, event: EventSpans) {
        self.batch.push_spans(event, &self.members);
        self.count += 1;
    }

    fn slow(&mut self, text: &str) {
        match read_event(text, self.received) {
            Ok(event) => self.batch.push(event.borrowed()),
            Err(reason) => self.errors.push((self.count, reason)),
        }
        self.count += 1;
    }

    /// Finds an event where it stands, as one that is written like an earlier one or member by member.
    fn alike_or_fast(&mut self, text: &'a str, scanner: &mut Scanner<'a>) -> Result<EventSpans, Unexpected> {
        let start = scanner.at();
        if let Some(event) = self.shapes.read(text, scanner, self.received, &mut self.members) {
            return Ok(event);
        }
        *scanner = Scanner::from(text, start);
        let event = self.fast(scanner)?;
        if let Some(found) = &self.found {
            let data = event.data.map(|data| data.range());
            self.shapes.learn((start, scanner.at()), found, data);
        }
        Ok(event)
    }

    fn found(&mut self, kind: Kind, start: usize, scanner: &Scanner<'_>) {
        if let Some(found) = &mut self.found {
            found.push(Found { kind, start, end: scanner.at() });
        }
    }

    /// Finds an event where it stands; whatever is unusual about it is an error.
    fn fast(&mut self, scanner: &mut Scanner<'a>) -> Result<EventSpans, Unexpected> {
        let (mut names, mut version, mut time, mut data) = ([None; 4], false, None, None);
        self.members.clear();
        self.found.get_or_insert_default().clear();
        if !scanner.takes(b'{') {
            return Err(Unexpected);
        }
        let mut has_data = false;
        scanner.members(b'}', |scanner| {
            let key = plain(scanner, MAX_NAME)?.of(self.text);
            if !scanner.takes(b':') {
                return Err(Unexpected);
            }
            scanner.space();
            let start = scanner.at();
            let place = match key {
                "specversion" if !version => {
                    version = plain(scanner, 3)?.of(self.text) == "1.0";
                    return if version { Ok(()) } else { Err(Unexpected) };
                }
                "time" if time.is_none() => {
                    let text = plain(scanner, MAX_TIME)?.of(self.text);
                    time = Some(text.parse::<Timestamp>().map_err(|_| Unexpected)?);
                    self.found(Kind::Time, start, scanner);
                    return Ok(());
                }
                "data" if !has_data => {
                    has_data = true;
                    data = self.data(scanner)?;
                    return Ok(());
                }
                key => NAMES.iter().position(|name| *name == key).ok_or(Unexpected)?,
            };
            let before = names[place].replace(plain(scanner, MAX_NAME)?);
            self.found(Kind::Name(place), start, scanner);
            if before.is_none() { Ok(()) } else { Err(Unexpected) }
        })?;
        let [Some(id), Some(source), Some(event_type), Some(subject)] = names else { return Err(Unexpected) };
        if !version {
            return Err(Unexpected);
        }
        let at = time.unwrap_or(self.received);
        let mut spans = EventSpans::new(id, source, event_type, subject, at);
        spans.time_given = time.is_some();
        spans.data = data;
        Ok(spans)
    }

    /// Notes the members of an event's data.
    fn data(&mut self, scanner: &mut Scanner<'a>) -> Result<Option<Span>, Unexpected> {
        let start = scanner.at();
        if scanner.peek() == Some(b'n') {
            return if scanner.value()? == "null" { Ok(None) } else { Err(Unexpected) };
        }
        if !scanner.takes(b'{') {
            return Err(Unexpected);
        }
        let mut unusual = false;
        scanner.members(b'}', |scanner| {
            let name = plain(scanner, MAX_DATA)?;
            if !scanner.takes(b':') || self.members.len() == MOST_MEMBERS {
                return Err(Unexpected);
            }
            let text = name.of(self.text);
            if self.members.iter().any(|(known, _)| known.of(self.text) == text) {
                return Err(Unexpected);
            }
            scanner.space();
            let from = scanner.at();
            match scanner.peek() {
                Some(b'"') => {
                    unusual |= scanner.skip_string()?;
                    self.found(Kind::Member(name, true), from, scanner);
                }
                Some(b'-' | b'0'..=b'9') => {
                    scanner.number()?;
                    self.found(Kind::Member(name, false), from, scanner);
                }
                next => {
                    unusual |= matches!(next, Some(b'{' | b'['));
                    scanner.value()?;
                    self.found = None;
                }
            }
            self.members.push((name, Span::new(from, scanner.at())));
            Ok(())
        })?;
        let text = &self.text[start..scanner.at()];
        // What is nested or has escapes is checked level by level.
        let sound = text.len() <= MAX_DATA
            && (!unusual || canonical(text, &mut Vec::with_capacity(2 * text.len())).is_ok());
        if sound { Ok(Some(Span::new(start, scanner.at()))) } else { Err(Unexpected) }
    }

    /// What was read: the batch (its text is that of the reader), and the events that are not usable.
    #[must_use]
    pub fn finish(self) -> (BatchBuilder, Vec<(usize, String)>) {
        (self.batch, self.errors)
    }
}

struct Wrong(ListError);

impl From<Unexpected> for Wrong {
    fn from(_: Unexpected) -> Wrong {
        Wrong(ListError::Malformed)
    }
}

/// A text of 1 to `most` bytes without escapes, without its quotes.
pub(super) fn plain(scanner: &mut Scanner<'_>, most: usize) -> Result<Span, Unexpected> {
    let start = scanner.at();
    let escaped = scanner.skip_string()?;
    let length = scanner.at() - start - 2;
    if escaped || length == 0 || length > most {
        return Err(Unexpected);
    }
    Ok(Span::new(start + 1, scanner.at() - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use usage_domain::event::UsageEvent;

    fn received() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    type Read = Vec<Result<UsageEvent, String>>;

    fn by_reader(body: &str) -> Result<Read, ListError> {
        let mut reader = EventReader::new(body, received());
        reader.read_array(100)?;
        Ok(read(reader, body))
    }

    fn read(reader: EventReader<'_>, body: &str) -> Read {
        let (batch, errors) = reader.finish();
        let batch = batch.finish(body.to_string());
        let mut events = batch.iter().map(|event| {
            if let (Some(members), Some(data)) = (event.members, event.data) {
                let object = usage_json::object(data).unwrap();
                for (name, text) in object.entries() {
                    assert_eq!(members.get(name), Some(text));
                }
            }
            Ok(event.to_event())
        });
        let mut errors = errors.into_iter().peekable();
        let mut read = Vec::new();
        loop {
            match errors.next_if(|(place, _)| *place == read.len()) {
                Some((_, reason)) => read.push(Err(reason)),
                None => match events.next() {
                    Some(event) => read.push(event),
                    None => return read,
                },
            }
        }
    }

    fn one_by_one(body: &str) -> Option<Read> {
        Some(usage_json::array(body).ok()?.into_iter().map(|text| read_event(text, received())).collect())
    }

    /// A member of an event: mostly right, sometimes not.
    fn member() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            "id",
            "source",
            "type",
            "subject",
            "specversion",
            "time",
            "data",
            "tenant",
            "i\\u0064",
        ]);
        let value = prop::sample::select(vec![
            "\"1.0\"",
            "\"x\"",
            "\"\"",
            "\"2026-11-01T00:00:00Z\"",
            "\"2026-11-01T00:00:00.5+01:00\"",
            "null",
            "1",
            "{}",
            "{\"n\":1.50}",
            "{\"n\":1,\"n\":2}",
            "{\"a\":{\"b\":[1,2]}}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\n\"}",
            "{ \"a\" : true , \"b\" : null }",
            "[1]",
            "nul",
            "\"\\u0041\"",
            "{\"\":1}",
        ]);
        (name, value).prop_map(|(name, value)| format!("\"{name}\":{value}"))
    }

    /// A value of an event: nearly always a text or a number, now and then what is neither.
    fn value() -> impl Strategy<Value = String> {
        let usual =
            prop::sample::select(vec!["\"x\"", "\"yé\"", "\"2026-11-01T00:00:00Z\"", "1", "-2.50", "0.1e3"]);
        let odd = prop::sample::select(vec![
            "\"\"",
            "\"\\n\"",
            "\"\\u0041\"",
            "\"\n\"",
            "01",
            "1.",
            "1x",
            "-",
            "\"x",
            "null",
            "true",
            "{}",
            "[1]",
            "",
        ]);
        prop_oneof![12 => usual, 1 => odd].prop_map(str::to_string)
    }

    fn event() -> impl Strategy<Value = String> {
        let sound = Just(r#""specversion":"1.0","id":"1","source":"s","type":"t","subject":"u""#.to_string());
        let members = || prop::collection::vec(member(), 0..4).prop_map(|members| members.join(" , "));
        prop_oneof![
            (sound, members()).prop_map(|(sound, more)| format!(
                "{{{sound}{}{more}}}",
                if more.is_empty() { "" } else { "," }
            )),
            members().prop_map(|members| format!(" {{ {members} }} ")),
            Just("7".to_string()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn events_are_read_as_they_are_one_by_one(events in prop::collection::vec(event(), 0..4), cut in prop::option::of(any::<prop::sample::Index>())) {
            let mut body = format!("[{}]", events.join(","));
            if let Some(cut) = cut {
                let at = cut.index(body.len());
                if body.is_char_boundary(at) {
                    body.truncate(at);
                }
            }
            prop_assert_eq!(by_reader(&body).ok(), one_by_one(&body), "{}", body);
        }

        #[test]
        fn events_that_are_written_alike_are_read_as_they_are_one_by_one(
            values in prop::collection::vec(prop::collection::vec(value(), 5), 2..5),
            (time, lead) in (any::<bool>(), prop::sample::select(vec!["", " ", "\"z\":null,", "\"z\":{},"])),
        ) {
            let events: Vec<String> = values.iter().map(|values| {
                let time = if time { format!("\"time\": {} ,", values[4]) } else { String::new() };
                format!(
                    "{{\"specversion\":\"1.0\",\"id\":{},\"source\":\"s\",\"data\":{{{lead}\"a\":{},\"b\": {}}},{time}\"type\":\"t\",\"subject\":{}}}",
                    values[0], values[1], values[2], values[3],
                )
            }).collect();
            let body = format!("[{}]", events.join(", "));
            prop_assert_eq!(by_reader(&body).ok(), one_by_one(&body), "{}", body);
            let lines = events.join("\n");
            let (mut reader, mut start) = (EventReader::new(&lines, received()), 0);
            for line in &events {
                reader.read_part(start, start + line.len());
                start += line.len() + 1;
            }
            let alone: Read = events.iter().map(|line| read_event(line, received())).collect();
            prop_assert_eq!(read(reader, &lines), alone, "{}", lines);
        }

        #[test]
        fn an_event_on_a_line_is_read_as_it_is_alone(event in event(), more in "[ ,}x]{0,2}") {
            let (before, line) = ("before\n", format!("{event}{more}"));
            let body = format!("{before}{line}\nafter");
            let mut reader = EventReader::new(&body, received());
            reader.read_part(before.len(), before.len() + line.len());
            prop_assert_eq!(read(reader, &body), [read_event(&line, received())], "{}", body);
        }
    }

    #[test]
    fn too_many_events_are_too_many() {
        let mut reader = EventReader::new("[1,2,3]", received());
        assert_eq!(reader.read_array(2), Err(ListError::TooMany));
    }
}
