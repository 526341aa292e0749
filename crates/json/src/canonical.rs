//! The canonical form: no white space, keys in order, numbers by value, texts by character.
//!
//! It is for comparing and hashing, not for showing: a number is written as its significant digits
//! and a power of ten. One pass reads and writes; it must never take two texts that mean different
//! things for one.

use crate::scan::{Scanner, Unexpected};
use crate::{JsonError, MAX_DEPTH, syntax};
use std::borrow::Cow;

/// Appends the canonical form of `text` to `out`.
///
/// # Errors
/// What is no JSON, a key that stands twice, nesting that is too deep. `out` may then end in a part.
pub fn canonical(text: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    let written = value(&mut scanner, out, 0);
    let written = written.and_then(|()| if scanner.is_at_end() { Ok(()) } else { Err(Wrong::Syntax) });
    written.map_err(|wrong| match wrong {
        Wrong::Syntax => syntax(text),
        Wrong::Json(error) => error,
    })
}

/// What is wrong; the words for bad syntax are found when they are needed.
enum Wrong {
    Syntax,
    Json(JsonError),
}

impl From<Unexpected> for Wrong {
    fn from(_: Unexpected) -> Wrong {
        Wrong::Syntax
    }
}

fn value(scanner: &mut Scanner<'_>, out: &mut Vec<u8>, depth: usize) -> Result<(), Wrong> {
    if depth >= MAX_DEPTH {
        return Err(Wrong::Json(JsonError::TooDeep));
    }
    scanner.space();
    match scanner.peek() {
        Some(b'{') => {
            scanner.takes(b'{');
            object(scanner, out, depth)?;
        }
        Some(b'[') => {
            scanner.takes(b'[');
            out.push(b'[');
            scanner.members(b']', |scanner| value(scanner, out, depth + 1))?;
            out.push(b']');
        }
        Some(b'"') => put_string(&scanner.string()?, out),
        Some(b'-' | b'0'..=b'9') => number(scanner.number()?, out),
        // `null`, `true` and `false` begin with different letters.
        _ => out.extend(scanner.word()?.bytes().take(1)),
    }
    Ok(())
}

/// Writes the members as they come, then puts them in the order of their keys.
fn object(scanner: &mut Scanner<'_>, out: &mut Vec<u8>, depth: usize) -> Result<(), Wrong> {
    out.push(b'{');
    let start = out.len();
    let mut members: Vec<(Cow<'_, str>, usize, usize)> = Vec::with_capacity(8);
    scanner.members(b'}', |scanner| {
        let (key, from) = (scanner.key()?, out.len());
        put_string(&key, out);
        value(scanner, out, depth + 1)?;
        members.push((key, from, out.len()));
        Ok::<(), Wrong>(())
    })?;
    if !members.is_sorted_by(|a, b| a.0 < b.0) {
        members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let key = pair[0].0.chars().take(64).collect();
            return Err(Wrong::Json(JsonError::DuplicateKey(key)));
        }
        let end = out.len();
        for (_, from, to) in &members {
            out.extend_from_within(*from..*to);
        }
        out.drain(start..end);
    }
    out.push(b'}');
    Ok(())
}

/// Length first, so that no text can look like the end of another.
fn put_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// `-12.50e3` as `#-125e2;`: 1.0, 1 and 10e-1 are one number.
fn number(text: &str, out: &mut Vec<u8>) {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The significant digits of the two parts, which are written one after the other.
    let (mut head, mut tail) = (whole.trim_start_matches('0'), fraction);
    if head.is_empty() {
        tail = tail.trim_start_matches('0');
    }
    let mut shift = -(fraction.len() as i128);
    let all = head.len() + tail.len();
    tail = tail.trim_end_matches('0');
    if tail.is_empty() {
        head = head.trim_end_matches('0');
    }
    shift += (all - head.len() - tail.len()) as i128;
    out.push(b'#');
    if head.is_empty() && tail.is_empty() {
        out.extend_from_slice(b"0;");
        return;
    }
    for part in [sign, head, tail, "e"] {
        out.extend_from_slice(part.as_bytes());
    }
    match exponent.strip_prefix('+').unwrap_or(exponent).parse::<i64>() {
        Ok(power) => out.extend_from_slice((i128::from(power) + shift).to_string().as_bytes()),
        // Beyond any number that is ever computed with: compared as written.
        Err(_) => out.extend_from_slice(format!("{exponent}~{shift}").as_bytes()),
    }
    out.push(b';');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn form(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        canonical(text, &mut out).unwrap_or_else(|e| panic!("{text}: {e}"));
        out
    }

    #[test]
    fn texts_that_mean_the_same_have_one_form() {
        for (a, b) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0.001", "1E-3"),
            ("-0", "0.00"),
            ("120.50", "1205e-1"),
            (r#"{"a":1,"b":[1,2]}"#, r#" { "b" : [ 1.0 , 2 ], "a" : 1e0 } "#),
            (r#""\u0041""#, r#""A""#),
        ] {
            assert_eq!(form(a), form(b), "{a} {b}");
        }
    }

    #[test]
    fn texts_that_differ_have_different_forms() {
        for (a, b) in [
            ("1", "\"1\""),
            ("1", "10"),
            ("1", "-1"),
            ("0.1", "0.10000000000000000000000000000001"),
            ("1e400", "1e401"),
            ("[1,2]", "[2,1]"),
            ("[12]", "[1,2]"),
            ("[[1],2]", "[[1,2]]"),
            ("{}", "[]"),
            ("null", "false"),
            (r#"{"a":null}"#, "{}"),
            (r#"["a","b"]"#, r#"["a\",\"b"]"#),
        ] {
            assert_ne!(form(a), form(b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_too_deep_or_ambiguous_is_refused() {
        let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
        let twice = r#"{"a":{"k":1,"k":2}}"#;
        for (text, error) in
            [(deep.as_str(), JsonError::TooDeep), (twice, JsonError::DuplicateKey("k".into()))]
        {
            assert_eq!(canonical(text, &mut Vec::new()), Err(error));
        }
    }

    proptest! {
        #[test]
        fn a_number_has_one_form_however_it_is_written(digits in 0i64..1_000_000_000, shift in 0usize..9, zeros in 0usize..5) {
            let plain = format!("{digits}{}", "0".repeat(shift));
            let fraction = format!("{digits}{}.{}", "0".repeat(shift), "0".repeat(zeros + 1));
            let scientific = format!("{digits}e{shift}");
            prop_assert_eq!(form(&plain), form(&fraction));
            prop_assert_eq!(form(&plain), form(&scientific));
        }
    }
}
