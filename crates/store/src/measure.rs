//! What an event contributes: the reading of its data as a charge, and as the usage of meters.
//!
//! Shared by all stores, so that an event is worth the same everywhere.

use std::borrow::Cow;
use std::collections::HashMap;
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
        if data.is_plain(meter) {
            let value = meter.measure_into(data.there, |names| data.plain(names).flatten(), &mut dimensions);
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

    /// Whether all that a meter looks at was noted and needs no reading: nearly always.
    fn is_plain(&self, meter: &Meter) -> bool {
        let draft = &meter.draft;
        let mut paths = draft.value_property.iter().chain(draft.dimensions.iter().map(|d| &d.path));
        paths.all(|path| self.plain(path.names()).is_some())
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
