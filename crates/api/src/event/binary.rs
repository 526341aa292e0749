//! Reading a CloudEvent in binary mode: attributes in headers, the data as the body
//! (CloudEvents HTTP protocol binding 1.0.2, section 3.1).

use super::read::read_event;
use usage_domain::event::{MAX_EXTENSIONS, MAX_NAME, UsageEvent};
use usage_domain::time::Timestamp;

/// The longest value of a header that is looked at, in bytes: any attribute fits, each byte escaped.
const MAX_VALUE: usize = 3 * if MAX_NAME > MAX_EXTENSIONS { MAX_NAME } else { MAX_EXTENSIONS };

/// Reads an event from its attributes, as the headers have them without `ce-`, and its data; an empty
/// text is no data. `received` becomes its time where it names none.
///
/// # Errors
/// What is wrong, led by the attribute.
pub fn read_binary_event<'a>(
    attributes: impl Iterator<Item = (&'a str, &'a [u8])>,
    data: &str,
    received: Timestamp,
) -> Result<UsageEvent, String> {
    let mut text = String::with_capacity(data.len() + 256);
    for (name, value) in attributes {
        let value = value_text(value).map_err(|reason| format!("{name}: {reason}"))?;
        let value = serde_json::to_string(&value).map_err(|error| format!("{name}: {error}"))?;
        text.push(if text.is_empty() { '{' } else { ',' });
        // A name of a header has no characters that would need escapes.
        text.push_str(&format!("\"{name}\":{value}"));
    }
    let data = data.trim_ascii();
    if !data.is_empty() {
        // Checked by itself, so that nothing but the data can come out of it.
        if data != "null" {
            usage_json::object(data).map_err(|error| format!("data: {error}"))?;
        }
        text.push_str(if text.is_empty() { "{\"data\":" } else { ",\"data\":" });
        text.push_str(data);
    }
    text.push_str(if text.is_empty() { "{}" } else { "}" });
    read_event(&text, received)
}

/// The value of an attribute: quotes and their escapes are taken away, then one round of percent
/// escapes; what comes out must be UTF-8.
fn value_text(header: &[u8]) -> Result<String, String> {
    if header.len() > MAX_VALUE {
        return Err(format!("is longer than {MAX_VALUE} bytes"));
    }
    let plain = unquoted(header.trim_ascii())?;
    let mut bytes = Vec::with_capacity(plain.len());
    let mut rest = plain.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err("has a % that is not followed by two hexadecimal digits".to_string());
        };
        bytes.extend(u8::try_from(high << 4 | low));
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_string())
}

/// A quoted value without its quotes (RFC 9110, section 5.6.4); any other as it is.
fn unquoted(value: &[u8]) -> Result<Vec<u8>, String> {
    let Some(inner) = value.strip_prefix(b"\"") else { return Ok(value.to_vec()) };
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if bytes.as_slice().is_empty() => return Ok(plain),
            b'"' => break,
            b'\\' => plain.extend(bytes.next()),
            other => plain.push(*other),
        }
    }
    Err("has a quote that is not closed at its end".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T10:00:00Z";
    const NEEDED: [(&str, &[u8]); 5] =
        [("specversion", b"1.0"), ("id", b"1"), ("source", b"s"), ("type", b"t"), ("subject", b"u")];

    fn read(more: &[(&str, &[u8])], data: &str) -> Result<UsageEvent, String> {
        let replaced = |name: &str| more.iter().any(|(other, _)| *other == name);
        let needed = NEEDED.into_iter().filter(|(name, _)| !replaced(name));
        read_binary_event(needed.chain(more.iter().copied()), data, NOW.parse().unwrap())
    }

    #[test]
    fn attributes_are_unquoted_and_percent_decoded_once() {
        for (sent, subject) in [
            (&b"acme"[..], "acme"),
            (b"Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \u{20ac} \u{1f600}"),
            (b"100%25", "100%"),
            (b"%2541", "%41"),
            (b"\"a b\"", "a b"),
            (br#""a \"b\" \\c%20d""#, "a \"b\" \\c d"),
            (b" padded\t", "padded"),
            (b"%22", "\""),
            ("\u{fc}".as_bytes(), "\u{fc}"),
        ] {
            assert_eq!(read(&[("subject", sent)], "").unwrap().subject, subject);
        }
        for (sent, reason) in [
            (&b"a%2"[..], "subject: has a % that is not followed by two hexadecimal digits"),
            (b"%zz", "subject: has a %"),
            (b"%+1", "subject: has a %"),
            (b"%", "subject: has a %"),
            (b"%E2%82", "subject: is not UTF-8"),
            (b"\xff", "subject: is not UTF-8"),
            (b"\"open", "subject: has a quote that is not closed"),
            (b"\"a\" b", "subject: has a quote that is not closed"),
            (b"", "subject: must not be empty"),
            (b"\"\"", "subject: must not be empty"),
            (&[b'x'; 1025], "subject is longer than 1024 bytes"),
            (&[b'x'; 20_000], "subject: is longer than"),
        ] {
            let refused = read(&[("subject", sent)], "").unwrap_err();
            assert!(refused.starts_with(reason), "{refused}");
        }
    }

    #[test]
    fn the_body_is_the_data_and_nothing_else() {
        for (body, data) in
            [("", None), (" ", None), ("null", None), (" {\"n\":1.10}\n", Some("{\"n\":1.10}"))]
        {
            assert_eq!(read(&[], body).unwrap().data.as_deref(), data, "{body}");
        }
        for body in [
            "[1]",
            "\"text\"",
            "1",
            "{",
            "{},\"tenant\":1",
            "{}}",
            "{} {}",
            "null,\"a\":1",
            "{\"a\":1,\"a\":2}",
        ] {
            let refused = read(&[], body).unwrap_err();
            assert!(refused.starts_with("data: "), "{body}: {refused}");
        }
    }

    #[test]
    fn it_is_the_same_event_as_in_structured_mode() {
        let more: [(&str, &[u8]); 2] = [("time", b"2026-11-01T01:00:00.5+01:00"), ("tenant", b"x%20y")];
        let structured = r#"{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"u",
            "time":"2026-11-01T01:00:00.5+01:00","tenant":"x y","data":{"n":1}}"#;
        let structured = read_event(structured, NOW.parse().unwrap()).unwrap();
        assert_eq!(read(&more, "{\"n\":1}").unwrap(), structured);
        assert_eq!(
            read(&[("id", b"1"), ("id", b"2")], "").unwrap_err(),
            "not a CloudEvent: the key \"id\" stands twice in one object"
        );
        assert_eq!(read(&[("data", b"x")], "").unwrap_err(), "data: must be a JSON object, null or absent");
        assert_eq!(
            read_binary_event([].into_iter(), "", NOW.parse().unwrap()).unwrap_err(),
            "specversion: is missing"
        );
    }
}
