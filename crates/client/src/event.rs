//! Events to send.

use crate::error::ValidationError;
use crate::random;
use serde_json::Value;
use serde_json::value::RawValue;
use usage_api::event::CloudEvent;

/// The source of events that name none.
pub const DEFAULT_SOURCE: &str = "usage_client";
/// The type of events that name none: they carry their own price.
const DEFAULT_TYPE: &str = "usage.charge";

/// A usage event to send: a CloudEvent whose id is there from the start, so that sending it again,
/// in whatever way, counts it once.
#[derive(Debug, Clone)]
pub struct Event(CloudEvent);

impl Event {
    /// Usage of `subject`, under a fresh id, of type `usage.charge` and from `usage_client`.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Event {
        Event(CloudEvent {
            id: random::event_id(),
            source: DEFAULT_SOURCE.to_string(),
            specversion: "1.0".to_string(),
            event_type: DEFAULT_TYPE.to_string(),
            subject: subject.into(),
            time: None,
            data: None,
        })
    }

    /// An id of your own: with the source, the event's name for ever.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Event {
        self.0.id = id.into();
        self
    }

    /// Who says so.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Event {
        self.0.source = source.into();
        self
    }

    /// What kind of usage it is.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Event {
        self.0.event_type = event_type.into();
        self
    }

    /// When it happened, RFC 3339; the moment of arrival unless set.
    #[must_use]
    pub fn time(mut self, time: impl Into<String>) -> Event {
        self.0.time = Some(time.into());
        self
    }

    /// The payload: a JSON object, with figures as strings or integers.
    ///
    /// # Errors
    /// What is no object; a float anywhere in it, by name: its digits are lost already. Send a
    /// string of the digits, or [`data_json`](Self::data_json).
    pub fn data(self, data: &Value) -> Result<Event, ValidationError> {
        refuse_floats(data, "data")?;
        self.data_json(&data.to_string())
    }

    /// The payload as the text of a JSON object: its digits go out as they are.
    ///
    /// # Errors
    /// What is no JSON object.
    pub fn data_json(mut self, data: &str) -> Result<Event, ValidationError> {
        let raw = RawValue::from_string(data.trim().to_string())
            .map_err(|error| ValidationError(format!("data: {error}")))?;
        if !raw.get().starts_with('{') {
            return Err(ValidationError("data: must be a JSON object".to_string()));
        }
        self.0.data = Some(raw);
        Ok(self)
    }

    /// The event as it goes out.
    #[must_use]
    pub fn as_cloud_event(&self) -> &CloudEvent {
        &self.0
    }
}

/// An event as it stands, its id included.
impl From<CloudEvent> for Event {
    fn from(event: CloudEvent) -> Event {
        Event(event)
    }
}

fn refuse_floats(value: &Value, at: &str) -> Result<(), ValidationError> {
    match value {
        Value::Number(number) if number.is_f64() => Err(ValidationError(format!(
            "{at}: {number} is a float, whose digits are not certain; send a string of the digits"
        ))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        Value::Array(values) => {
            values.iter().enumerate().try_for_each(|(i, value)| refuse_floats(value, &format!("{at}[{i}]")))
        }
        Value::Object(entries) => {
            entries.iter().try_for_each(|(key, value)| refuse_floats(value, &format!("{at}.{key}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_keeps_every_digit_of_its_data() {
        let digits = r#"{"a":1.10,"b":1e-30,"c":12345678901234567890.123456789}"#;
        let event = Event::new("u").id("1").data_json(digits).unwrap();
        let sent = serde_json::to_string(event.as_cloud_event()).unwrap();
        let expected = format!(
            r#"{{"id":"1","source":"usage_client","specversion":"1.0","type":"usage.charge","subject":"u","data":{digits}}}"#
        );
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_float_in_the_data_is_refused_by_name() {
        let event = |data| Event::new("u").data(&data).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(event(json!({"n": 1, "m": u64::MAX, "s": "0.10", "l": [null, true]})), Ok(()));
        let float = "is a float, whose digits are not certain; send a string of the digits";
        assert_eq!(event(json!({"n": 0.5})), Err(format!("data.n: 0.5 {float}")));
        assert_eq!(event(json!({"a": {"l": [1, 2.5]}})), Err(format!("data.a.l[1]: 2.5 {float}")));
        assert_eq!(event(json!([1])), Err("data: must be a JSON object".to_string()));
        assert!(Event::new("u").data_json("{").is_err());
    }
}
