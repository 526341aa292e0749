//! Events as a server hands them in: where they stand in a text, with the members of their data.

use crate::model::sent::Sent;
use usage_domain::event::{BatchBuilder, EventBatch, EventSpans, Span};

/// These events in one text. None of their data is broken.
pub(crate) fn batch(events: &[Sent]) -> EventBatch {
    let mut text = String::new();
    let mut noted = Vec::new();
    for sent in events {
        let event = &sent.event;
        let mut put = |part: &str| {
            text.push_str(part);
            Span::new(text.len() - part.len(), text.len())
        };
        let names = [&event.id, &event.source, &event.event_type, &event.subject].map(|name| put(name));
        let extensions = event.extensions.as_deref().map(&mut put);
        let data = event.data.as_deref().map(put);
        let from = text.len() - event.data.as_ref().map_or(0, String::len);
        let members = event.data.as_deref().map_or_else(|| Some(Vec::new()), |data| members(data, from));
        noted.push((names, data, extensions, members));
    }
    let mut batch = BatchBuilder::on(text.len());
    for (sent, ([id, source, event_type, subject], data, extensions, members)) in events.iter().zip(noted) {
        let event = &sent.event;
        match members {
            Some(members) => {
                let mut spans = EventSpans::new(id, source, event_type, subject, event.time);
                (spans.time_given, spans.data, spans.extensions) = (event.time_given, data, extensions);
                batch.push_spans(spans, &members);
            }
            None => batch.push(event.borrowed()),
        }
    }
    batch.finish(text)
}

/// The members of an object: their names and values. `None` where a name is not written as it is.
fn members(object: &str, from: usize) -> Option<Vec<(Span, Span)>> {
    let bytes = object.as_bytes();
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    // The last name, and where a name or a value began.
    let (mut name, mut start) = (None, 0);
    let mut members = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        if quoted {
            quoted = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => {
                depth += 1;
                start = if depth == 1 { at + 1 } else { start };
            }
            b':' if depth == 1 => {
                name = Some(trimmed(object, start, at));
                start = at + 1;
            }
            b',' | b'}' | b']' => {
                if depth == 1
                    && let Some((from_name, to_name)) = name.take()
                {
                    let name = &object[from_name + 1..to_name - 1];
                    if name.contains('\\') {
                        return None;
                    }
                    let (value, end) = trimmed(object, start, at);
                    let span = |a: usize, b: usize| Span::new(from + a, from + b);
                    members.push((span(from_name + 1, to_name - 1), span(value, end)));
                    start = at + 1;
                }
                depth -= i32::from(*byte != b',');
            }
            _ => {}
        }
    }
    Some(members)
}

/// A part without the spaces around it.
fn trimmed(text: &str, from: usize, to: usize) -> (usize, usize) {
    let part = &text[from..to];
    let start = from + part.len() - part.trim_start().len();
    (start, start + part.trim().len())
}
