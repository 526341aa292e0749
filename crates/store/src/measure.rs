//! What an event contributes: the reading of its data as a charge, and as the usage of meters.
//!
//! Shared by all stores, so that an event is worth the same everywhere.

use hashbrown::HashMap;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use usage_domain::charge::{CHARGE_TYPE, Charge, InvalidCharge};
use usage_domain::event::{EventRef, Members};
use usage_domain::field::Field;
use usage_domain::meter::Meter;
use usage_domain::meter::value::{InvalidValue, Measurement, MeterValue};
use usage_json::{Object, Value, object, value};

/// What an event contributes to bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measured {
    /// It carries its own price.
    Charge(Charge),
    /// Nothing here: it is of a type that no price is known for.
    Nothing,
    /// It is of a type that is billed, but cannot be.
    Invalid(InvalidCharge),
}

/// Reads what an event contributes to bills.
#[must_use]
pub fn measure(event: EventRef<'_>) -> Measured {
    if event.event_type != CHARGE_TYPE {
        return Measured::Nothing;
    }
    let data = Data::of(event);
    let names = ["amount", "quantity", "unit_price", "currency", "service", "description", "unit"];
    let values = names.map(|name| (name, data.value(name)));
    let found =
        |name: &'static str| values.iter().find(|(known, _)| *known == name)?.1.as_ref().and_then(field);
    match Charge::read(found) {
        Ok(charge) => Measured::Charge(charge),
        Err(reason) => Measured::Invalid(reason),
    }
}

/// The meters of a store, by the type of event that they measure.
#[derive(Debug, Clone, Default)]
pub struct MeterSet {
    by_type: HashMap<String, Vec<Arc<Meter>>>,
}

impl MeterSet {
    /// These meters.
    #[must_use]
    pub fn new(meters: impl IntoIterator<Item = Arc<Meter>>) -> MeterSet {
        let mut set = MeterSet::default();
        for meter in meters {
            set.by_type.entry(meter.draft.event_type.clone()).or_default().push(meter);
        }
        set
    }

    /// The meters that measure events of this type.
    fn of(&self, event_type: &str) -> &[Arc<Meter>] {
        self.by_type.get(event_type).map_or(&[], Vec::as_slice)
    }

    /// All of them, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Meter>> {
        self.by_type.values().flatten()
    }
}

/// What an event is worth to each meter that covers it, or why it is left out there.
pub fn meter<'a>(
    event: EventRef<'_>,
    meters: &'a MeterSet,
) -> Vec<(&'a Arc<Meter>, Result<Measurement, InvalidValue>)> {
    let mut covering = meters.of(event.event_type).iter().filter(|m| m.covers(event.event_type, event.time));
    let Some(first) = covering.next() else { return Vec::new() };
    let data = Data::of(event);
    let one = |meter: &'a Arc<Meter>| (meter, data.measure(meter));
    std::iter::once(first).chain(covering).map(one).collect()
}

/// Hands what an event is worth to each meter that covers it to `each`: the meter, the value and the
/// dimensions where they are. Where it is worth nothing, it is left out.
pub(crate) fn meter_each<'a>(
    event: EventRef<'_>,
    meters: &'a MeterSet,
    mut each: impl FnMut(&'a Arc<Meter>, MeterValue, &[Option<Cow<'_, str>>]),
) {
    let mut data = None;
    for meter in meters.of(event.event_type).iter().filter(|m| m.covers(event.event_type, event.time)) {
        let data = data.get_or_insert_with(|| Data::of(event));
        let mut dimensions = Vec::with_capacity(meter.draft.dimensions.len());
        // Nearly always all that a meter looks at was noted and needs no reading.
        let is_plain = Cell::new(true);
        let field = |names: &[String]| {
            let plain = data.plain(names);
            is_plain.set(is_plain.get() && plain.is_some());
            plain.flatten()
        };
        let value = meter.measure_into(data.there, field, &mut dimensions);
        if is_plain.get() {
            if let Ok(value) = value {
                each(meter, value, &dimensions);
            }
        } else if let Ok(measured) = data.measure(meter) {
            let dimensions = measured.dimensions.iter().map(|text| text.as_deref().map(Cow::Borrowed));
            each(meter, measured.value, &dimensions.collect::<Vec<_>>());
        }
    }
}

/// An event's data: its members as they were noted when it was read, or as they are read now.
struct Data<'a> {
    noted: Option<Members<'a>>,
    object: Object<'a>,
    there: bool,
}

impl<'a> Data<'a> {
    fn of(event: EventRef<'a>) -> Data<'a> {
        // Ingestion refuses data that is no unambiguous object, so that a failure here means absence.
        let object = match event.members {
            Some(_) => Object::default(),
            None => event.data.and_then(|text| object(text).ok()).unwrap_or_default(),
        };
        Data { noted: event.members, object, there: event.data.is_some() }
    }

    fn value(&self, name: &str) -> Option<Value<'a>> {
        match &self.noted {
            Some(members) => members.get(name).and_then(|text| value(text).ok()),
            None => self.object.get(name).ok().flatten(),
        }
    }

    /// The value at the end of a path of names.
    fn at(&self, names: &[String]) -> Option<Value<'a>> {
        let (first, rest) = names.split_first()?;
        rest.iter().try_fold(self.value(first)?, |value, name| match value {
            Value::Object(text) => object(text).ok()?.get(name).ok()?,
            _ => None,
        })
    }

    /// The value at the end of a path, where that needs no reading: `None` where it does.
    fn plain(&self, names: &[String]) -> Option<Option<Field<'a>>> {
        match (&self.noted, names) {
            (Some(members), [name]) => members.get(name).map_or(Some(None), plain),
            _ => None,
        }
    }

    fn measure(&self, meter: &Meter) -> Result<Measurement, InvalidValue> {
        let paths = meter.draft.value_property.iter().chain(meter.draft.dimensions.iter().map(|d| &d.path));
        let values: Vec<(&[String], Option<Value<'a>>)> =
            paths.map(|path| (path.names(), self.at(path.names()))).collect();
        meter.measure(self.there, |names| {
            values.iter().find(|(known, _)| *known == names)?.1.as_ref().and_then(field)
        })
    }
}

/// A value by its text, where that needs no reading: `None` where it does, `Some(None)` for null.
fn plain(text: &str) -> Option<Option<Field<'_>>> {
    let bytes = text.as_bytes();
    Some(match bytes.first()? {
        b'"' if bytes.contains(&b'\\') => return None,
        b'"' => Some(Field::Text(text.get(1..text.len() - 1)?)),
        b'{' | b'[' => Some(Field::Other),
        b't' => Some(Field::Bool(true)),
        b'f' => Some(Field::Bool(false)),
        b'n' => None,
        _ => Some(Field::Number(text)),
    })
}

fn field<'v>(value: &'v Value<'_>) -> Option<Field<'v>> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(Field::Text(text)),
        Value::Number(digits) => Some(Field::Number(digits)),
        Value::Bool(value) => Some(Field::Bool(*value)),
        Value::Array(_) | Value::Object(_) => Some(Field::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use usage_domain::event::{BatchBuilder, EventSpans, Span};
    use usage_domain::meter::{Aggregation, Dimension, MeterDraft, MeterId};
    use usage_domain::time::Timestamp;

    fn a_meter(aggregation: Aggregation, value: &str, dimensions: &[&str]) -> Arc<Meter> {
        let dimension = |path: &&str| Dimension { name: "d".into(), path: path.parse().unwrap() };
        let draft = MeterDraft {
            key: "m".into(),
            name: None,
            description: None,
            aggregation,
            event_type: "t".into(),
            value_property: (aggregation != Aggregation::Count).then(|| value.parse().unwrap()),
            dimensions: dimensions.iter().map(dimension).collect(),
            event_from: None,
            metadata: None,
        };
        let (created_at, updated_at) = (Timestamp::MIN, Timestamp::MIN);
        Arc::new(Meter { id: MeterId(ulid::Ulid(1)), series: 1, draft, created_at, updated_at })
    }

    /// An event of which the members were noted, as a body's are.
    fn noted(data: &str) -> usage_domain::event::EventBatch {
        let text = format!("xt{data}");
        let span = |part: &str| {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            Span::new(start, start + part.len())
        };
        let parsed = object(&text[2..]).unwrap();
        let name = |key: &str| {
            let start = text.find(&format!("\"{key}\"")).unwrap() + 1;
            Span::new(start, start + key.len())
        };
        let members: Vec<_> = parsed.entries().map(|(key, value)| (name(key), span(value))).collect();
        let other = Span::new(0, 1);
        let mut spans = EventSpans::new(other, other, Span::new(1, 2), other, Timestamp::MIN);
        spans.data = Some(Span::new(2, text.len()));
        let mut batch = BatchBuilder::on(text.len());
        batch.push_spans(spans, &members);
        batch.finish(text)
    }

    proptest! {
        #[test]
        fn an_event_is_worth_the_same_whether_its_members_were_noted_or_not(
            values in prop::collection::vec(prop::sample::select(vec![
                "1.50", "-2", "\"3\"", "\" 4 \"", "\"x\"", "\"a\\u0031\"", "\"\"", "null", "true", "false",
                "[1]", "{\"c\":7}", "{\"c\":null}", "1e400", "\"NaN\"", "1.0e0",
            ]), 3),
            aggregation in prop::sample::select(vec![Aggregation::Sum, Aggregation::Count, Aggregation::UniqueCount]),
            value in prop::sample::select(vec!["$.aa", "$.bb", "$.bb.c", "$.zz"]),
            dimensions in prop::sample::select(vec![vec![], vec!["$.aa"], vec!["$.cc", "$.bb"], vec!["$.bb.c"], vec!["$.zz"]]),
        ) {
            let data = format!("{{\"aa\":{},\"bb\":{},\"cc\":{}}}", values[0], values[1], values[2]);
            let meters = MeterSet::new([a_meter(aggregation, value, &dimensions)]);
            let batch = noted(&data);
            let event = batch.get(0);
            prop_assert!(event.members.is_some());
            let unnoted = EventRef { members: None, ..event };
            let words: Vec<_> = meter(unnoted, &meters).into_iter().map(|(_, measured)| measured).collect();
            let again: Vec<_> = meter(event, &meters).into_iter().map(|(_, measured)| measured).collect();
            prop_assert_eq!(&again, &words);
            let mut worth = Vec::new();
            for event in [event, unnoted] {
                meter_each(event, &meters, |_, value, dimensions| {
                    let dimensions = dimensions.iter().map(|text| text.as_deref().map(str::to_string));
                    worth.push(Measurement { dimensions: dimensions.collect(), value });
                });
            }
            let expected: Vec<_> = words.iter().chain(&words).filter_map(|one| one.clone().ok()).collect();
            prop_assert_eq!(worth, expected);
        }
    }
}
