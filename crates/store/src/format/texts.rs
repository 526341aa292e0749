//! A column of texts that are alike: data of events, which differ in figures, and names with numbers.
//!
//! Each different text but for its figures is a pattern, which is kept once; a row is the number of its pattern and
//! its figures. Where most rows have a pattern of their own, they are kept as they are. What is read is what was
//! written, to the last byte, in either case.

use crate::format::codec::{Malformed, Put, Take};
use hashbrown::HashMap;

/// Stands for a figure in a pattern, with its width behind it: no text has this byte.
const FIGURE: u8 = 0xff;
/// The width of a figure that begins with no zero.
const NATURAL: u8 = 0;
/// More digits are no figure.
const MOST_DIGITS: usize = 18;
/// Patterns that there may be anyhow, and rows that each one more must stand for.
const FREE: usize = 96;
const ROWS: usize = 8;

/// Bytes that a column's texts have together, at most.
const MOST_BYTES: usize = 1 << 30;

/// How a column is written.
const PLAIN: u8 = 0;
const PATTERNS: u8 = 1;

/// What the texts of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Names: any digits are figures.
    Names,
    /// JSON: digits in strings are no figures, as there are few different strings or very many.
    Json,
}

/// Adds a column of these texts.
pub(super) fn put<'a>(out: &mut Vec<u8>, kind: Kind, texts: impl Iterator<Item = &'a str> + Clone) {
    let mut patterns = Patterns::default();
    if !texts.clone().enumerate().all(|(row, text)| patterns.add(kind, row, text)) {
        out.push(PLAIN);
        texts.clone().for_each(|text| out.put_var(text.len() as u64));
        texts.for_each(|text| out.extend_from_slice(text.as_bytes()));
        return;
    }
    out.push(PATTERNS);
    out.put_var(patterns.numbers.len() as u64);
    out.extend_from_slice(&patterns.list);
    out.extend_from_slice(&patterns.rows);
    out.extend_from_slice(&patterns.figures);
}

/// Reads a column of so many texts.
pub(super) fn take(take: &mut Take<'_>, count: usize) -> Result<Vec<String>, Malformed> {
    match take.byte()? {
        PLAIN => {
            let lengths = (0..count).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
            lengths.into_iter().map(|length| text(take.bytes(length)?.to_vec())).collect()
        }
        PATTERNS => {
            let mut patterns = Vec::new();
            for _ in 0..take.count()? {
                let length = take.size()?;
                patterns.push(take.bytes(length)?);
            }
            let rows = (0..count).map(|_| take.size()).collect::<Result<Vec<_>, _>>()?;
            let pattern = |row: usize| patterns.get(row).ok_or(Malformed("a text has no pattern"));
            let mut left = MOST_BYTES;
            let mut fill = |row| {
                let filled = filled(pattern(row)?, take)?;
                left = left.checked_sub(filled.len()).ok_or(Malformed("its texts are too long"))?;
                text(filled)
            };
            rows.into_iter().map(&mut fill).collect()
        }
        _ => Err(Malformed("texts are packed in an unknown way")),
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Malformed> {
    String::from_utf8(bytes).map_err(|_| Malformed("a text is not UTF-8"))
}

/// A pattern with the next figures in it.
fn filled(pattern: &[u8], figures: &mut Take<'_>) -> Result<Vec<u8>, Malformed> {
    let mut pieces = pattern.split(|byte| *byte == FIGURE);
    let mut out = Vec::with_capacity(pattern.len() + 8);
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (width, piece) = piece.split_first().ok_or(Malformed("a pattern ends within a figure"))?;
        if usize::from(*width) > MOST_DIGITS {
            return Err(Malformed("a figure is too wide"));
        }
        let (mut digits, mut at, mut left) = ([b'0'; 20], 20, figures.var()?);
        while left > 0 {
            at -= 1;
            // A digit.
            digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
        }
        let least = if *width == NATURAL { 1 } else { usize::from(*width) };
        out.extend_from_slice(&digits[at.min(20 - least)..]);
        out.extend_from_slice(piece);
    }
    Ok(out)
}

/// The patterns of texts.
#[derive(Default)]
struct Patterns {
    numbers: HashMap<Vec<u8>, u64>,
    /// The patterns, each behind its length.
    list: Vec<u8>,
    /// The number of each row's.
    rows: Vec<u8>,
    figures: Vec<u8>,
    /// The pattern of the row at hand.
    pattern: Vec<u8>,
}

impl Patterns {
    /// Adds the text of the next row; whether there are few enough patterns to go on.
    fn add(&mut self, kind: Kind, row: usize, text: &str) -> bool {
        self.cut(kind, text.as_bytes());
        let number = match self.numbers.get(&self.pattern) {
            Some(number) => *number,
            None => {
                let number = self.numbers.len();
                if number >= FREE + row / ROWS {
                    return false;
                }
                self.list.put_var(self.pattern.len() as u64);
                self.list.extend_from_slice(&self.pattern);
                self.numbers.insert(self.pattern.clone(), number as u64);
                number as u64
            }
        };
        self.rows.put_var(number);
        true
    }

    /// Takes a text apart into its pattern and its figures.
    fn cut(&mut self, kind: Kind, text: &[u8]) {
        self.pattern.clear();
        let (mut at, mut copied) = (0, 0);
        while let Some(byte) = text.get(at) {
            match byte {
                b'"' if kind == Kind::Json => {
                    // To the end of the string, or nearly so where a quote is escaped: what is written as a
                    // figure is one all the same.
                    let rest = &text[at + 1..];
                    at += 2 + rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
                }
                b'0'..=b'9' => {
                    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    if digits <= MOST_DIGITS {
                        self.pattern.extend_from_slice(&text[copied..at]);
                        let is_fraction = at > 0 && text[at - 1] == b'.';
                        self.figure(&text[at..at + digits], is_fraction);
                        copied = at + digits;
                    }
                    at += digits;
                }
                _ => at += 1,
            }
        }
        self.pattern.extend_from_slice(&text[copied..]);
    }

    /// Adds a figure. Of a fraction, zeros in front are as usual as other digits.
    fn figure(&mut self, digits: &[u8], is_fraction: bool) {
        let has_width = is_fraction || (digits[0] == b'0' && digits.len() > 1);
        let width = if has_width { u8::try_from(digits.len()).unwrap_or(NATURAL) } else { NATURAL };
        self.pattern.extend_from_slice(&[FIGURE, width]);
        self.figures.put_var(digits.iter().fold(0, |figure, digit| figure * 10 + u64::from(digit - b'0')));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(kind: Kind, texts: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        put(&mut out, kind, texts.iter().map(String::as_str));
        out
    }

    #[test]
    fn texts_that_differ_in_figures_take_as_little_as_these() {
        for (kind, text) in [
            (
                Kind::Json,
                (|i| format!("{{\"value\":{}.{:03},\"model\":\"m-{}\"}}", i % 999, i % 1000, i % 9))
                    as fn(usize) -> String,
            ),
            (Kind::Names, |i| format!("c{i:06}")),
        ] {
            let texts: Vec<String> = (0..1000).map(text).collect();
            let bytes = column(kind, &texts);
            assert_eq!(bytes[0], PATTERNS);
            assert!(bytes.len() < 6000, "{}", bytes.len());
        }
    }

    #[test]
    fn texts_that_are_not_alike_are_kept_as_they_are() {
        let texts: Vec<String> = (0..300u64).map(|i| format!("{:x}-{}", i * i * 0x9e37_79b9, i)).collect();
        let bytes = column(Kind::Names, &texts);
        assert_eq!(bytes[0], PLAIN);
        assert_eq!(bytes.len(), 1 + 300 + texts.iter().map(String::len).sum::<usize>());
        assert_eq!(take(&mut Take(&bytes), 300).unwrap(), texts);
    }

    proptest! {
        #[test]
        fn a_column_gives_back_its_texts_to_the_last_byte(
            texts in prop::collection::vec(
                prop_oneof![
                    "[ab]?[0-9]{0,22}[.]?[0-9]{0,4}é?",
                    "\\{\"n\":-?[0-9]{1,20}(\\.[0-9]{0,19})?,\"s\\\\?\":\"[a1\\\\\"]{0,3}",
                    "\\PC{0,12}",
                ],
                0..60,
            ),
            json: bool,
        ) {
            let kind = if json { Kind::Json } else { Kind::Names };
            let bytes = column(kind, &texts);
            let mut rest = Take(&bytes);
            prop_assert_eq!(take(&mut rest, texts.len()).unwrap(), texts);
            prop_assert!(rest.end().is_ok());
        }

        #[test]
        fn bytes_of_any_kind_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), count in 0..9usize) {
            let _ = take(&mut Take(&bytes), count);
            let patterns: Vec<u8> = [PATTERNS].into_iter().chain(bytes).collect();
            let _ = take(&mut Take(&patterns), count);
        }
    }
}
