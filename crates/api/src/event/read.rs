//! Reading one CloudEvent from its text, attribute by attribute.

use usage_domain::event::{InvalidEvent, MAX_DATA, MAX_EXTENSIONS, UsageEvent};
use usage_domain::time::Timestamp;
use usage_json::{JsonError, Object, Value, canonical, object};

/// Attributes that are kept in fields of their own.
const CORE: [&str; 7] = ["id", "source", "specversion", "type", "subject", "time", "data"];

/// Reads an event; `received` becomes its time where it names none.
///
/// # Errors
/// What is wrong, led by the attribute.
pub fn read_event(text: &str, received: Timestamp) -> Result<UsageEvent, String> {
    let attributes = object(text).map_err(|e| format!("not a CloudEvent: {e}"))?;
    let version = required(&attributes, "specversion")?;
    if version != "1.0" {
        return Err(format!("specversion: must be \"1.0\", not {:?}", short(&version)));
    }
    let time = optional(&attributes, "time")?;
    let event = UsageEvent {
        id: required(&attributes, "id")?,
        source: required(&attributes, "source")?,
        event_type: required(&attributes, "type")?,
        subject: required(&attributes, "subject")?,
        time_given: time.is_some(),
        time: time.map_or(Ok(received), |text| text.parse()).map_err(|e| format!("time: {e}"))?,
        data: data(&attributes)?,
        extensions: extensions(&attributes)?,
    };
    event.check().map_err(|e| e.to_string())?;
    Ok(event)
}

fn required(attributes: &Object<'_>, name: &str) -> Result<String, String> {
    match optional(attributes, name)? {
        Some(text) if text.is_empty() => Err(format!("{name}: must not be empty")),
        Some(text) => Ok(text),
        None => Err(format!("{name}: is missing")),
    }
}

fn optional(attributes: &Object<'_>, name: &str) -> Result<Option<String>, String> {
    match attributes.get(name).map_err(|e| format!("{name}: {e}"))? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.into_owned())),
        Some(_) => Err(format!("{name}: must be a string")),
    }
}

fn data(attributes: &Object<'_>) -> Result<Option<String>, String> {
    match attributes.get("data").map_err(|e| format!("data: {e}"))? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(text)) => {
            if text.len() > MAX_DATA {
                return Err(InvalidEvent::TooLong { field: "data", limit: MAX_DATA }.to_string());
            }
            check(text).map_err(|e| format!("data: {e}"))?;
            Ok(Some(text.to_string()))
        }
        Some(_) => Err("data: must be a JSON object, null or absent".to_string()),
    }
}

/// Checks that every level of an object is unambiguous. Most are flat and without escapes: then
/// reading the keys is enough; otherwise the canonical form is made, as where content is hashed.
fn check(text: &str) -> Result<(), JsonError> {
    let flat = object(text)?.entries().all(|(_, value)| !value.starts_with(['{', '[']));
    if flat && !text.contains('\\') {
        return Ok(());
    }
    canonical(text, &mut Vec::with_capacity(2 * text.len()))
}

/// All further attributes as the text of one object; `None` where there are none.
fn extensions(attributes: &Object<'_>) -> Result<Option<String>, String> {
    let mut text = String::new();
    for (name, value) in attributes.entries().filter(|(name, _)| !CORE.contains(name)) {
        if name == "datacontenttype" && !is_json(value) {
            return Err("datacontenttype: must be application/json".to_string());
        }
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(format!("{:?}: is no name of a CloudEvents attribute", short(name)));
        }
        if text.len() + value.len() > MAX_EXTENSIONS {
            return Err(InvalidEvent::TooLong { field: "extensions", limit: MAX_EXTENSIONS }.to_string());
        }
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&format!("\"{name}\":{value}"));
    }
    if text.is_empty() {
        return Ok(None);
    }
    text.push('}');
    // They are kept and compared as one object: what is too deep as a part of it is too deep.
    canonical(&text, &mut Vec::with_capacity(2 * text.len()))
        .map_err(|e| format!("attributes besides data: {e}"))?;
    Ok(Some(text))
}

/// The beginning of a text that may be of any length.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

fn is_json(value: &str) -> bool {
    value == "null"
        || value.trim_matches('"').split(';').next().is_some_and(|kind| kind.trim() == "application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T10:00:00Z";

    fn read(text: &str) -> Result<UsageEvent, String> {
        read_event(text, NOW.parse().unwrap())
    }

    fn with(change: &str) -> String {
        format!(r#"{{"specversion":"1.0","source":"s","type":"t","subject":"u","id":"1"{change}}}"#)
    }

    #[test]
    fn an_event_keeps_its_digits_and_its_further_attributes() {
        let event = read(&with(
            r#","time":"2026-11-01T01:00:00+01:00","data":{"n":1.10},"tenant":"x","dataschema":null"#,
        ))
        .unwrap();
        assert_eq!(event.time.to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(event.data.as_deref(), Some(r#"{"n":1.10}"#));
        assert_eq!(event.extensions.as_deref(), Some(r#"{"tenant":"x","dataschema":null}"#));
        let plain = read(&with("")).unwrap();
        assert_eq!((plain.time.to_string().as_str(), plain.time_given), (NOW, false));
    }

    #[test]
    fn a_malformed_event_is_refused_with_the_attribute_and_the_reason() {
        for (text, reason) in [
            ("[]", "not a CloudEvent"),
            ("{", "not a CloudEvent"),
            ("{}", "specversion: is missing"),
            (r#"{"specversion":"0.3"}"#, "specversion: must be \"1.0\", not \"0.3\""),
            (r#"{"specversion":"1.0"}"#, "id: is missing"),
            (r#"{"specversion":"1.0","id":""}"#, "id: must not be empty"),
            (r#"{"specversion":"1.0","id":7}"#, "id: must be a string"),
            (&with(r#","id":"2""#), "not a CloudEvent: the key \"id\" stands twice in one object"),
            (&with(r#","time":"yesterday""#), "time: \"yesterday\" is not an RFC 3339 time"),
            (
                &with(r#","time":"1969-01-01T00:00:00Z""#),
                "time: \"1969-01-01T00:00:00Z\" is outside the years 1970 to 2261",
            ),
            (&with(r#","data":"text""#), "data: must be a JSON object, null or absent"),
            (&with(r#","data":[1]"#), "data: must be a JSON object, null or absent"),
            (&with(r#","data":{"a":{"b":1,"b":2}}"#), "data: the key \"b\" stands twice in one object"),
            (&with(r#","data":{"a":"\ud800"}"#), "data: "),
            (&with(r#","datacontenttype":"text/xml""#), "datacontenttype: must be application/json"),
            (
                &with(&format!(r#","data":{{"a":"{}"}}"#, "x".repeat(70_000))),
                "data is longer than 65536 bytes",
            ),
            (&with(r#","na me":1"#), "\"na me\": is no name"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.starts_with(reason), "{text}: {refused}");
        }
    }
}
