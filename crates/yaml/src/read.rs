//! From YAML to JSON, event by event.

use crate::MAX_TEXT;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use std::collections::{HashMap, HashSet};
use usage_json::MAX_DEPTH;

/// A document: its JSON, and the line of each of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    json: String,
    /// By path, such as `plans[0].versions[1].items`.
    lines: HashMap<String, usize>,
}

/// What is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

impl Document {
    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The line, from 1, of the value at a path, or of the nearest one around it.
    #[must_use]
    pub fn line(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return self.lines.get("").copied().unwrap_or(1),
            }
        }
    }
}

/// Reads the one document of a text.
///
/// # Errors
/// What is not YAML, or is refused here: see the module's words.
pub fn read(text: &str) -> Result<Document, YamlError> {
    if text.len() > MAX_TEXT {
        let reason = format!("the text has more than {MAX_TEXT} bytes");
        return Err(YamlError { line: 1, column: 1, reason });
    }
    let mut reader =
        Reader { document: Document { json: String::new(), lines: HashMap::new() }, open: Vec::new() };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| at(error.marker(), error.info()))?;
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(at(&span.start, "there is a second document; a file has one"));
            }
        }
        reader.event(event, &span.start)?;
    }
    if reader.document.json.is_empty() {
        reader.document.json.push_str("null");
    }
    Ok(reader.document)
}

fn at(marker: &Marker, reason: impl Into<String>) -> YamlError {
    YamlError { line: marker.line().max(1), column: marker.col() + 1, reason: reason.into() }
}

/// A list or an object that is not over yet.
struct Open {
    path: String,
    inside: Inside,
}

enum Inside {
    /// So many elements so far.
    List(usize),
    /// The keys so far, and the one whose value comes next.
    Object(HashSet<String>, Option<String>),
}

struct Reader {
    document: Document,
    open: Vec<Open>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, marker: &Marker) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                plain_node(anchor, tag.is_some(), marker)?;
                if self.wants_key() {
                    return self.key(&text, style, marker);
                }
                self.begin(marker);
                self.document.json.push_str(&scalar(&text, style));
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                plain_node(anchor, tag.is_some(), marker)?;
                self.enter(marker, Inside::List(0), '[')
            }
            Event::MappingStart(anchor, tag) => {
                plain_node(anchor, tag.is_some(), marker)?;
                self.enter(marker, Inside::Object(HashSet::new(), None), '{')
            }
            Event::SequenceEnd => self.leave(']'),
            Event::MappingEnd => self.leave('}'),
            Event::Alias(_) => Err(at(marker, "aliases (*name) are not read here: write the value out")),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { inside: Inside::Object(_, None), .. }))
    }

    fn key(&mut self, text: &str, style: ScalarStyle, marker: &Marker) -> Result<(), YamlError> {
        if style == ScalarStyle::Plain && is_null(text) {
            return Err(at(marker, "a key must be a text"));
        }
        let Some(Open { inside: Inside::Object(keys, next), .. }) = self.open.last_mut() else {
            return Ok(());
        };
        if !keys.insert(text.to_string()) {
            let shown: String = text.chars().take(64).collect();
            return Err(at(marker, format!("the key {shown:?} stands twice")));
        }
        if keys.len() > 1 {
            self.document.json.push(',');
        }
        self.document.json.push_str(&quoted(text));
        self.document.json.push(':');
        *next = Some(text.to_string());
        // What is missing in a value that is empty is named by the line of its key.
        let path = self.path();
        self.document.lines.insert(path, marker.line());
        Ok(())
    }

    /// The path of the value that comes next.
    fn path(&self) -> String {
        match self.open.last() {
            None => String::new(),
            Some(Open { path, inside: Inside::List(index) }) => format!("{path}[{index}]"),
            Some(Open { path, inside: Inside::Object(_, key) }) => {
                let key = key.as_deref().unwrap_or_default();
                if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
            }
        }
    }

    /// Begins a value.
    fn begin(&mut self, marker: &Marker) {
        let path = self.path();
        match self.open.last_mut() {
            Some(Open { inside: Inside::List(index), .. }) => {
                if *index > 0 {
                    self.document.json.push(',');
                }
                *index += 1;
            }
            Some(Open { inside: Inside::Object(_, key), .. }) => *key = None,
            None => {}
        }
        self.document.lines.entry(path).or_insert(marker.line());
    }

    fn enter(&mut self, marker: &Marker, inside: Inside, bracket: char) -> Result<(), YamlError> {
        if self.wants_key() {
            return Err(at(marker, "a key must be a text"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(at(marker, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let path = self.path();
        self.begin(marker);
        self.document.json.push(bracket);
        self.open.push(Open { path, inside });
        Ok(())
    }

    fn leave(&mut self, bracket: char) -> Result<(), YamlError> {
        self.open.pop();
        self.document.json.push(bracket);
        Ok(())
    }
}

fn plain_node(anchor: usize, has_tag: bool, marker: &Marker) -> Result<(), YamlError> {
    match (anchor, has_tag) {
        (0, false) => Ok(()),
        (0, true) => Err(at(marker, "tags (!name) are not read here: a text is told by its quotes")),
        _ => Err(at(marker, "anchors (&name) are not read here: write the value out where it is used")),
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// A scalar as JSON. Without quotes, what JSON reads as a number is one, with its digits; what only YAML reads
/// as one is a text.
fn scalar(text: &str, style: ScalarStyle) -> String {
    if style != ScalarStyle::Plain {
        return quoted(text);
    }
    match text {
        _ if is_null(text) => "null".to_string(),
        "true" | "True" | "TRUE" => "true".to_string(),
        "false" | "False" | "FALSE" => "false".to_string(),
        _ if is_number(text) => text.to_string(),
        _ => quoted(text),
    }
}

fn is_number(text: &str) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    text.as_bytes().first().is_some_and(digit)
        && usage_json::array_within(&format!("[{text}]"), 1).is_ok_and(|elements| elements == [text])
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
