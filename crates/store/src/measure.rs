//! What an event contributes: the reading of its data as a charge.

use usage_domain::charge::{CHARGE_TYPE, Charge, Field, InvalidCharge};
use usage_domain::event::UsageEvent;
use usage_json::{Object, Value};

/// What an event contributes to bills.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, taken apart where it is made")]
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
pub fn measure(event: &UsageEvent) -> Measured {
    if event.event_type != CHARGE_TYPE {
        return Measured::Nothing;
    }
    // Ingestion refuses data that is no unambiguous object, so that a failure here means absence.
    let data = event.data.as_deref().and_then(|text| usage_json::object(text).ok()).unwrap_or_default();
    let names = ["amount", "quantity", "unit_price", "currency", "service", "description", "unit"];
    let values = names.map(|name| (name, value(&data, name)));
    let field = |name: &'static str| {
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        match value.as_ref()? {
            Value::Null => None,
            Value::Text(text) => Some(Field::Text(text)),
            Value::Number(digits) => Some(Field::Number(digits)),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => Some(Field::Other),
        }
    };
    match Charge::read(field) {
        Ok(charge) => Measured::Charge(charge),
        Err(reason) => Measured::Invalid(reason),
    }
}

fn value<'a>(data: &Object<'a>, name: &str) -> Option<Value<'a>> {
    data.get(name).ok().flatten()
}
