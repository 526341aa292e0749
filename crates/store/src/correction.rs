//! Corrections: events that take another event back, or replace its data.
//!
//! Both stay in the log, and are events with ids of their own. A correction is itself no usage, and is
//! not corrected in turn: the next correction names the same usage event again.

use usage_domain::event::{AMEND_TYPE, EventRef, VOID_TYPE};
use usage_json::{Value, object};

/// What a correction asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The source of the event that it corrects.
    pub source: String,
    /// The id of that event.
    pub id: String,
    /// The event's data from now on; nothing where it is taken back.
    pub data: Option<String>,
}

/// Whether an event of this type is a correction.
#[must_use]
pub fn is_correction(event_type: &str) -> bool {
    event_type == VOID_TYPE || event_type == AMEND_TYPE
}

/// What an event asks for, if it is a correction.
///
/// # Errors
/// Data that does not say which event is meant, or what its data is to be.
pub fn correction(event: EventRef<'_>) -> Option<Result<Correction, String>> {
    is_correction(event.event_type).then(|| read(event))
}

fn read(event: EventRef<'_>) -> Result<Correction, String> {
    let text = event.data.ok_or("data: must name the event that is meant by its source and id")?;
    let data = object(text).map_err(|error| format!("data: {error}"))?;
    let name = |key: &str| match data.get(key) {
        Ok(Some(Value::Text(text))) if !text.is_empty() => Ok(text.into_owned()),
        _ => Err(format!("data.{key}: must be the {key} of the event that is meant")),
    };
    let (source, id) = (name("source")?, name("id")?);
    let amended = match data.get("data") {
        Ok(Some(Value::Object(text))) if event.event_type == AMEND_TYPE => Some(text.to_string()),
        _ if event.event_type == AMEND_TYPE => {
            return Err("data.data: must be the object that is the event's data from now on".to_string());
        }
        _ => None,
    };
    let extra = data
        .entries()
        .map(|(key, _)| key)
        .find(|key| !(["source", "id"].contains(key) || (*key == "data" && event.event_type == AMEND_TYPE)));
    match extra {
        Some(key) => Err(format!("data.{key}: is not known here")),
        None => Ok(Correction { source, id, data: amended }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usage_domain::event::UsageEvent;
    use usage_domain::time::Timestamp;

    fn event(event_type: &str, data: &str) -> UsageEvent {
        UsageEvent {
            id: "c".into(),
            source: "s".into(),
            event_type: event_type.into(),
            subject: "x".into(),
            time: Timestamp::MIN,
            time_given: false,
            data: (!data.is_empty()).then(|| data.into()),
            extensions: None,
        }
    }

    #[test]
    fn a_correction_says_which_event_and_what_becomes_of_it() {
        let named = |data: Option<&str>| Correction {
            source: "a".into(),
            id: "1".into(),
            data: data.map(Into::into),
        };
        for (event_type, data, read) in [
            (VOID_TYPE, r#"{"source":"a","id":"1"}"#, Ok(named(None))),
            (AMEND_TYPE, r#"{"source":"a","id":"1","data":{"v":2}}"#, Ok(named(Some(r#"{"v":2}"#)))),
            (VOID_TYPE, "", Err("data: must name the event that is meant by its source and id")),
            (VOID_TYPE, r#"{"source":"a"}"#, Err("data.id: must be the id of the event that is meant")),
            (
                VOID_TYPE,
                r#"{"source":"","id":"1"}"#,
                Err("data.source: must be the source of the event that is meant"),
            ),
            (VOID_TYPE, r#"{"source":"a","id":"1","data":{}}"#, Err("data.data: is not known here")),
            (
                AMEND_TYPE,
                r#"{"source":"a","id":"1"}"#,
                Err("data.data: must be the object that is the event's data from now on"),
            ),
            (
                AMEND_TYPE,
                r#"{"source":"a","id":"1","data":null}"#,
                Err("data.data: must be the object that is the event's data from now on"),
            ),
        ] {
            assert_eq!(
                correction(event(event_type, data).borrowed()),
                Some(read.map_err(String::from)),
                "{event_type} {data}"
            );
        }
        assert_eq!(correction(event("usage.charge", "{}").borrowed()), None);
    }
}
