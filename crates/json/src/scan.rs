//! Walking over a JSON text byte by byte: the one reader that objects, arrays and the canonical form
//! share. It checks the whole grammar (RFC 8259) and must never step over what is not JSON.
//!
//! Words about what is wrong are left to a full parser ([`crate::syntax`]): this one is made for
//! texts that are right.

use std::borrow::Cow;

/// The deepest nesting that is stepped over.
const MAX_SKIPPED: usize = 128;

/// Something here is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexpected;

/// A place in a JSON text.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0 }
    }

    /// At a place in a text, such as one that [`Scanner::at`] gave.
    #[must_use]
    pub fn from(text: &'a str, at: usize) -> Scanner<'a> {
        Scanner { text, at }
    }

    /// The place in the text: the bytes before it.
    #[must_use]
    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The byte that comes next.
    #[must_use]
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over white space.
    #[inline]
    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Whether nothing but white space is left.
    pub fn is_at_end(&mut self) -> bool {
        self.space();
        self.at == self.text.len()
    }

    /// Takes this byte, if it is next behind white space.
    #[inline]
    pub fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Takes this text, if it is next.
    #[inline]
    pub fn takes_text(&mut self, text: &str) -> bool {
        let there = self.text.as_bytes()[self.at..].starts_with(text.as_bytes());
        self.at += if there { text.len() } else { 0 };
        there
    }

    /// Calls `each` where a member begins, until `close` comes; the opening bracket is taken already.
    ///
    /// # Errors
    /// What is not JSON, or what `each` says.
    pub fn members<E: From<Unexpected>>(
        &mut self,
        close: u8,
        mut each: impl FnMut(&mut Scanner<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.takes(close) {
            return Ok(());
        }
        loop {
            self.space();
            each(self)?;
            if self.takes(close) {
                return Ok(());
            }
            if !self.takes(b',') {
                return Err(Unexpected.into());
            }
        }
    }

    /// The key of a member and the colon behind it.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Unexpected> {
        let key = self.string()?;
        if self.takes(b':') { Ok(key) } else { Err(Unexpected) }
    }

    /// The text of the value that comes next.
    ///
    /// # Errors
    /// What is not JSON.
    pub fn value(&mut self) -> Result<&'a str, Unexpected> {
        self.space();
        let start = self.at;
        self.skip(0)?;
        Ok(&self.text[start..self.at])
    }

    fn skip(&mut self, depth: usize) -> Result<(), Unexpected> {
        if depth == MAX_SKIPPED {
            return Err(Unexpected);
        }
        self.space();
        match self.peek() {
            Some(b'"') => self.skip_string().map(drop),
            Some(b'{') => {
                self.at += 1;
                self.members(b'}', |scanner| {
                    scanner.skip_string()?;
                    if scanner.takes(b':') { scanner.skip(depth + 1) } else { Err(Unexpected) }
                })
            }
            Some(b'[') => {
                self.at += 1;
                self.members(b']', |scanner| scanner.skip(depth + 1))
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => self.word().map(drop),
        }
    }

    /// `null`, `true` or `false`.
    pub(crate) fn word(&mut self) -> Result<&'static str, Unexpected> {
        let rest = &self.text.as_bytes()[self.at..];
        let word = ["null", "true", "false"].into_iter().find(|word| rest.starts_with(word.as_bytes()));
        let word = word.ok_or(Unexpected)?;
        self.at += word.len();
        Ok(word)
    }

    /// The digits of a number, as written.
    ///
    /// # Errors
    /// What is not a JSON number.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str, Unexpected> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.at;
        self.digits()?;
        if self.text.as_bytes()[whole] == b'0' && self.at > whole + 1 {
            return Err(Unexpected);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// Steps over one digit at least.
    fn digits(&mut self) -> Result<(), Unexpected> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Unexpected) }
    }

    /// The text that begins here; borrowed where it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Unexpected> {
        let start = self.at;
        let escaped = self.skip_string()?;
        if escaped {
            let text: String = serde_json::from_str(&self.text[start..self.at]).map_err(|_| Unexpected)?;
            return Ok(Cow::Owned(text));
        }
        Ok(Cow::Borrowed(&self.text[start + 1..self.at - 1]))
    }

    /// Steps over a text, quotes included; says whether it has escapes.
    ///
    /// # Errors
    /// What is not a JSON string.
    #[inline]
    pub fn skip_string(&mut self) -> Result<bool, Unexpected> {
        let bytes = self.text.as_bytes();
        if self.peek() != Some(b'"') {
            return Err(Unexpected);
        }
        let (mut at, mut escaped) = (self.at + 1, false);
        loop {
            at += plain_bytes(&bytes[at..]);
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += match bytes.get(at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') => {
                            let digits = bytes.get(at + 2..at + 6).ok_or(Unexpected)?;
                            if !digits.iter().all(u8::is_ascii_hexdigit) {
                                return Err(Unexpected);
                            }
                            6
                        }
                        _ => return Err(Unexpected),
                    };
                }
                Some(0x20..) => at += 1,
                Some(_) | None => return Err(Unexpected),
            }
        }
        self.at = at + 1;
        Ok(escaped)
    }
}

/// How many bytes from the front are surely inside a text: eight at a time, as long as none of them
/// is a quote, a backslash or a control character.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of every byte that is zero, and maybe of bytes above one.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut plain = 0;
    for chunk in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | control;
        if found != 0 {
            return plain + found.trailing_zeros() as usize / 8;
        }
        plain += 8;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    fn accepts(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.value().is_ok() && scanner.is_at_end()
    }

    #[test]
    fn it_takes_what_a_full_parser_takes() {
        for text in [
            "0",
            "-0",
            "01",
            "1.",
            ".5",
            "1e5",
            "1E+5",
            "1e",
            "-",
            "+1",
            "1.5e-7",
            "--1",
            "0x1",
            "1_0",
            "null",
            "nul",
            "nullx",
            "true",
            "false",
            "True",
            "NaN",
            "Infinity",
            "\"\"",
            "\"",
            "\"\\\"",
            "\"\\u12\"",
            "\"\\u12ag\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"\t\"",
            "\"\u{7f}é\"",
            "[]",
            "[,]",
            "[1,]",
            "[1 2]",
            "[1,2",
            "{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":1]",
            "[1}",
            " [ 1 , {\"a\" : [ ] } ] ",
            "",
            " ",
            "1 1",
            "[] []",
        ] {
            assert_eq!(accepts(text), serde_json::from_str::<&RawValue>(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn endless_nesting_ends_in_an_error() {
        assert!(!accepts(&"[".repeat(1_000_000)));
        assert!(!accepts(&"{\"a\":".repeat(1_000_000)));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_full_parser_on_any_text(text in r#"[\[\]{}:,"\\u0019.eE+\-ntrfalsu é\n]{0,14}"#) {
            prop_assert_eq!(accepts(&text), serde_json::from_str::<&RawValue>(&text).is_ok());
        }

        #[test]
        fn it_agrees_with_a_full_parser_on_a_changed_document(place: prop::sample::Index, byte in 0x20u8..0x7f) {
            let mut text = br#"{"a":[1,-2.5e+10,"x\u00e9\n"],"b":{"c":null,"d":true},"e":false}"#.to_vec();
            let place = place.index(text.len());
            text[place] = byte;
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(accepts(&text), serde_json::from_str::<&RawValue>(&text).is_ok(), "{}", text);
        }
    }
}
