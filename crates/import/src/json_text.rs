//! Writing the data of an event: a JSON object, text by text.
//!
//! Owns escaping. Figures are written as texts of their digits, so that no reader on the way turns
//! them into floats.

/// A JSON object that is being written.
pub(crate) struct DataText(String);

impl DataText {
    /// An object without properties.
    pub(crate) fn with_capacity(bytes: usize) -> DataText {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        DataText(text)
    }

    /// Adds a property that is a text. `name` is written as it is and needs no escapes.
    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_text(&mut self.0, value);
    }

    /// Adds a property of which `json` is the JSON text.
    pub(crate) fn json(&mut self, name: &'static str, json: &str) {
        self.name(name);
        self.0.push_str(json);
    }

    /// Adds a property of which `name` is the JSON text, and that is a text.
    pub(crate) fn named_text(&mut self, name: &str, value: &str) {
        self.named(name);
        push_text(&mut self.0, value);
    }

    /// Adds a property of which `name` and `json` are the JSON texts.
    pub(crate) fn named_json(&mut self, name: &str, json: &str) {
        self.named(name);
        self.0.push_str(json);
    }

    /// Adds by `write`, or leaves all as it was where the whole would exceed `limit` bytes.
    pub(crate) fn within(&mut self, limit: usize, write: impl FnOnce(&mut DataText)) {
        let before = self.0.len();
        write(self);
        if self.0.len() + 1 > limit {
            self.0.truncate(before);
        }
    }

    /// The object's text.
    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn named(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(name);
        self.0.push(':');
    }

    fn name(&mut self, name: &'static str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }
}

/// Appends `text` as a JSON string. Only ASCII bytes are escaped, so that every cut is between
/// characters.
fn push_text(out: &mut String, text: &str) {
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    out.push('"');
    // Without an early end, so that many bytes are looked at at a time; mostly there is none.
    if !text.bytes().fold(false, |found, byte| found | special(byte)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut kept = 0;
    for (at, byte) in text.bytes().enumerate().filter(|(_, byte)| special(*byte)) {
        out.push_str(&text[kept..at]);
        kept = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
                out.push_str("\\u00");
                out.push(digit(byte >> 4));
                out.push(digit(byte & 15));
            }
        }
    }
    out.push_str(&text[kept..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in ".*", control in "[\\x00-\\x20\"\\\\é]*") {
            let mut data = DataText::with_capacity(0);
            data.text("a", &text);
            data.text("b", &control);
            let written = data.finish();
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
            prop_assert_eq!(read["b"].as_str(), Some(control.as_str()));
        }
    }

    #[test]
    fn what_would_exceed_the_limit_is_left_out() {
        let mut data = DataText::with_capacity(0);
        data.within(9, |d| d.text("a", "1"));
        data.within(9, |d| d.text("b", "2"));
        data.within(17, |d| d.text("c", "3"));
        assert_eq!(data.finish(), r#"{"a":"1","c":"3"}"#);
    }
}
