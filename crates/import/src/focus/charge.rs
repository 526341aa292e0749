//! A row as the charge that it is: the data of its event.
//!
//! Whether a row can be billed is for the domain to say ([`Charge::read`]); here its complaints are
//! turned into those about a column. A row that leaves here must never be refused by a bill.

use super::columns::Layout;
use crate::json_text::DataText;
use crate::table::{Fault, required, value};
use csv::StringRecord;
use usage_domain::charge::{Charge, Field, InvalidCharge, MAX_LABEL};
use usage_domain::currency::Currency;
use usage_domain::event::MAX_DATA;

/// What a row says of its charge. No unit price: the amount is the row's own.
struct Parts<'a> {
    amount: &'a str,
    currency: &'a str,
    service: Option<&'a str>,
    description: Option<&'a str>,
    quantity: Option<&'a str>,
    unit: Option<&'a str>,
    quantity_columns: Option<(usize, Option<usize>)>,
}

/// The data of a row's event and the currency of its amount.
pub(super) fn read(layout: &Layout, record: &StringRecord) -> Result<(String, Currency), Fault> {
    let at = |column: Option<usize>| column.and_then(|column| value(record, column));
    let quantity_columns =
        layout.quantities.iter().copied().find(|(quantity, _)| value(record, *quantity).is_some());
    let parts = Parts {
        amount: required(record, layout.billed_cost)?,
        currency: required(record, layout.currency)?,
        service: value(record, layout.service),
        description: at(layout.description),
        quantity: at(quantity_columns.map(|(quantity, _)| quantity)),
        unit: at(quantity_columns.and_then(|(_, unit)| unit)),
        quantity_columns,
    };
    let charge = Charge::read(|name| parts.field(name)).map_err(|error| parts.fault(layout, &error))?;
    let currency = charge
        .group
        .currency
        .ok_or_else(|| Fault::at(layout.currency, InvalidCharge::Currency.to_string()))?;
    Ok((data(layout, record, &parts), currency))
}

impl<'a> Parts<'a> {
    fn field(&self, name: &str) -> Option<Field<'a>> {
        let text = match name {
            "amount" => Some(self.amount),
            "currency" => Some(self.currency),
            "service" => self.service,
            "description" => self.description,
            "quantity" => self.quantity,
            "unit" => self.unit,
            _ => None,
        };
        text.map(Field::Text)
    }

    /// The column that a complaint about the charge is about, and the reason without its name.
    fn fault(&self, layout: &Layout, error: &InvalidCharge) -> Fault {
        let column = |name: &str| match name {
            "amount" => Some(layout.billed_cost),
            "service" => Some(layout.service),
            "description" => layout.description,
            "quantity" => self.quantity_columns.map(|(quantity, _)| quantity),
            "unit" => self.quantity_columns.and_then(|(_, unit)| unit),
            _ => None,
        };
        match error {
            InvalidCharge::Figure { field, reason } => {
                Fault { column: column(field), reason: reason.to_string() }
            }
            InvalidCharge::NotALabel(field) => {
                Fault { column: column(field), reason: format!("longer than {MAX_LABEL} bytes") }
            }
            InvalidCharge::Currency => {
                Fault::at(layout.currency, "not an ISO 4217 currency code, such as USD, EUR or JPY")
            }
            InvalidCharge::NoPrice | InvalidCharge::Negative(_) => {
                Fault::at(layout.billed_cost, error.to_string())
            }
        }
    }
}

/// The charge and what else is kept of the row. The charge always fits: its texts have at most
/// [`MAX_LABEL`] bytes each. A detail that would exceed the limit of an event is left out.
fn data(layout: &Layout, record: &StringRecord, parts: &Parts<'_>) -> String {
    let mut data = DataText::with_capacity(record.as_slice().len() + 512);
    for name in ["service", "description", "amount", "currency", "quantity", "unit"] {
        if let Some(Field::Text(text)) = parts.field(name) {
            data.text(name, text);
        }
    }
    for (column, name) in &layout.details {
        if let Some(text) = value(record, *column) {
            data.within(MAX_DATA, |data| data.text(name, text));
        }
    }
    if let Some(tags) = layout.tags.and_then(|column| value(record, column)) {
        data.within(MAX_DATA, |data| {
            if is_flat_object(tags) { data.json("tags", tags) } else { data.text("tags", tags) }
        });
    }
    data.finish()
}

/// Whether a text is what FOCUS says of tags: a JSON object of texts, numbers, booleans and nulls.
/// Anything else is kept as a text, so that the data can always be read.
fn is_flat_object(text: &str) -> bool {
    let Ok(object) = usage_json::object(text) else { return false };
    object.entries().all(|(key, value)| {
        !value.starts_with(['{', '[']) && (!value.contains('\\') || object.get(key).is_ok())
    })
}
