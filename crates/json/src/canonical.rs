//! The canonical form: no white space, keys in order, numbers by value, texts by character.
//!
//! It is for comparing and hashing, not for showing: a number is written as its significant digits
//! and a power of ten.

use crate::object::{Value, array, object, value};
use crate::{JsonError, MAX_DEPTH};

/// Appends the canonical form of `text` to `out`.
///
/// # Errors
/// What is no JSON, a key that stands twice, nesting that is too deep. `out` may then end in a part.
pub fn canonical(text: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    write(text.trim_ascii(), out, 0)
}

fn write(text: &str, out: &mut Vec<u8>, depth: usize) -> Result<(), JsonError> {
    if depth >= MAX_DEPTH {
        return Err(JsonError::TooDeep);
    }
    match value(text)? {
        Value::Null => out.push(b'n'),
        Value::Bool(true) => out.push(b't'),
        Value::Bool(false) => out.push(b'f'),
        Value::Number(digits) => number(digits, out),
        Value::Text(text) => string(&text, out),
        Value::Array(text) => {
            out.push(b'[');
            for element in array(text)? {
                write(element, out, depth + 1)?;
            }
            out.push(b']');
        }
        Value::Object(text) => {
            let object = object(text)?;
            let mut entries: Vec<_> = object.entries().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, value) in entries {
                string(key, out);
                write(value, out, depth + 1)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Length first, so that no text can look like the end of another.
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// `-12.50e3` as `#-125e2;`: 1.0, 1 and 10e-1 are one number.
fn number(text: &str, out: &mut Vec<u8>) {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let plain = significant.trim_end_matches('0');
    out.push(b'#');
    if plain.is_empty() {
        out.extend_from_slice(b"0;");
        return;
    }
    let zeros = significant.len() - plain.len();
    let shift = i128::try_from(zeros).unwrap_or(0) - i128::try_from(fraction.len()).unwrap_or(0);
    let power = match exponent.strip_prefix('+').unwrap_or(exponent).parse::<i64>() {
        Ok(power) => (i128::from(power) + shift).to_string(),
        // Beyond any number that is ever computed with: compared as written.
        Err(_) => format!("{exponent}~{shift}"),
    };
    out.extend_from_slice(format!("{sign}{plain}e{power};").as_bytes());
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
