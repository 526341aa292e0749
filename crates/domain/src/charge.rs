//! Charges: usage events that carry their own price.
//!
//! An event of type [`CHARGE_TYPE`] says what it costs: an `amount`, or a `quantity` and a
//! `unit_price`. Owns how such an event is read. A charge that cannot be read is stored all the
//! same and reported, never billed as something else.

use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
pub use crate::field::Field;

/// The type of events that carry their own price.
pub const CHARGE_TYPE: &str = "usage.charge";
/// The service of a charge that names none.
pub const DEFAULT_SERVICE: &str = "Usage";
/// Longest service, description or unit, in bytes.
pub const MAX_LABEL: usize = 2048;

/// What charges are added up by: one service is a bill line, its groups are the line's details.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChargeGroup {
    /// What was used, such as `Amazon Simple Queue Service`: a line of the bill.
    pub service: String,
    /// What exactly, such as `Standard requests in US West`.
    pub description: Option<String>,
    /// What the quantity counts, such as `Requests`.
    pub unit: Option<String>,
    /// The price of one unit, where the charges say it.
    pub unit_price: Option<Decimal>,
    /// The currency that the charges name; the customer's where they name none.
    pub currency: Option<Currency>,
    /// Whether the charges have a quantity.
    pub has_quantity: bool,
}

/// A usage event with its own price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// What it is added up with.
    pub group: ChargeGroup,
    /// How many units; zero where the charge has no quantity.
    pub quantity: Decimal,
    /// What it costs, exactly, in the currency of the group.
    pub amount: Decimal,
}

/// Why an event of type [`CHARGE_TYPE`] cannot be billed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCharge {
    /// Neither an amount nor a quantity with a unit price.
    #[error("missing value property: \"$.amount\", or \"$.quantity\" and \"$.unit_price\"")]
    NoPrice,
    /// A figure that cannot be read or is beyond the limits.
    #[error("\"$.{field}\" is no usable figure: {reason}")]
    Figure {
        /// The property.
        field: &'static str,
        /// What is wrong with it.
        reason: DecimalError,
    },
    /// A figure below zero where a price is computed from it.
    #[error("\"$.{0}\" must not be negative; a credit is an event with an \"amount\" of its own")]
    Negative(&'static str),
    /// Something else where a text is expected.
    #[error("\"$.{0}\" must be a text of at most {MAX_LABEL} bytes")]
    NotALabel(&'static str),
    /// Not a currency.
    #[error("\"$.currency\" is not an ISO 4217 currency code")]
    Currency,
}

impl Charge {
    /// Reads a charge from the data of an event; `field` looks up a property by name, `None` where
    /// it is missing or null.
    ///
    /// # Errors
    /// What makes the event unusable as a charge.
    pub fn read<'a>(field: impl Fn(&'static str) -> Option<Field<'a>>) -> Result<Charge, InvalidCharge> {
        let figure = |name: &'static str| match field(name) {
            None => Ok(None),
            Some(Field::Text(digits) | Field::Number(digits)) => digits
                .parse::<Decimal>()
                .map(Some)
                .map_err(|reason| InvalidCharge::Figure { field: name, reason }),
            Some(Field::Bool(_) | Field::Other) => {
                Err(InvalidCharge::Figure { field: name, reason: DecimalError::NotANumber })
            }
        };
        let label = |name: &'static str| match field(name) {
            None | Some(Field::Text("")) => Ok(None),
            Some(Field::Text(text)) if text.len() <= MAX_LABEL => Ok(Some(text.to_string())),
            Some(_) => Err(InvalidCharge::NotALabel(name)),
        };
        let (quantity, unit_price, own) = (figure("quantity")?, figure("unit_price")?, figure("amount")?);
        let amount = match own {
            Some(amount) => amount,
            None => product(quantity, unit_price)?,
        };
        let currency = match field("currency") {
            None => None,
            Some(Field::Text(code)) => Some(code.parse().map_err(|_| InvalidCharge::Currency)?),
            Some(_) => return Err(InvalidCharge::Currency),
        };
        let group = ChargeGroup {
            service: label("service")?.unwrap_or_else(|| DEFAULT_SERVICE.to_string()),
            description: label("description")?,
            unit: label("unit")?,
            unit_price,
            currency,
            has_quantity: quantity.is_some(),
        };
        Ok(Charge { group, quantity: quantity.unwrap_or(Decimal::ZERO), amount })
    }
}

/// The amount of so many units at such a price. It keeps within the digits of a figure before the
/// point, so that no number of charges that a log can hold overflows a sum of them.
fn product(quantity: Option<Decimal>, unit_price: Option<Decimal>) -> Result<Decimal, InvalidCharge> {
    let (Some(quantity), Some(price)) = (quantity, unit_price) else {
        return Err(InvalidCharge::NoPrice);
    };
    for (name, value) in [("quantity", quantity), ("unit_price", price)] {
        if value.is_negative() {
            return Err(InvalidCharge::Negative(name));
        }
    }
    let beyond = |reason| InvalidCharge::Figure { field: "quantity × unit_price", reason };
    let amount = quantity.mul(price).map_err(beyond)?;
    if amount >= Decimal::FIGURE_LIMIT { Err(beyond(DecimalError::TooLarge)) } else { Ok(amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, Field<'static>)]) -> Result<Charge, String> {
        Charge::read(|name| fields.iter().find(|(n, _)| *n == name).map(|(_, f)| *f))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_charge_has_its_own_amount_or_a_quantity_and_a_price() {
        use Field::{Number, Text};
        for (fields, amount, quantity) in [
            (vec![("amount", Number("12.05"))], "12.05", "0"),
            (vec![("quantity", Text("120.5")), ("unit_price", Number("0.1"))], "12.05", "120.5"),
            (vec![("amount", Text("-3")), ("quantity", Number("2")), ("unit_price", Number("9"))], "-3", "2"),
            (vec![("quantity", Number("0")), ("unit_price", Number("5"))], "0", "0"),
        ] {
            let charge = read(&fields).unwrap();
            assert_eq!(
                (charge.amount.to_string(), charge.quantity.to_string()),
                (amount.into(), quantity.into())
            );
        }
    }

    #[test]
    fn what_cannot_be_billed_says_which_property_and_why() {
        use Field::{Number, Other, Text};
        for (fields, reason) in [
            (vec![], "missing value property: \"$.amount\", or \"$.quantity\" and \"$.unit_price\""),
            (
                vec![("quantity", Number("1"))],
                "missing value property: \"$.amount\", or \"$.quantity\" and \"$.unit_price\"",
            ),
            (vec![("amount", Text("twelve"))], "\"$.amount\" is no usable figure: not a number"),
            (vec![("amount", Other)], "\"$.amount\" is no usable figure: not a number"),
            (
                vec![("amount", Number("1e400"))],
                "\"$.amount\" is no usable figure: more than 20 digits before the decimal point",
            ),
            (
                vec![("quantity", Number("-1")), ("unit_price", Number("5"))],
                "\"$.quantity\" must not be negative; a credit is an event with an \"amount\" of its own",
            ),
            (
                vec![("quantity", Number("1e15")), ("unit_price", Number("1e15"))],
                "\"$.quantity × unit_price\" is no usable figure: more than 20 digits before the decimal point",
            ),
            (
                vec![("amount", Number("1")), ("service", Number("5"))],
                "\"$.service\" must be a text of at most 2048 bytes",
            ),
            (
                vec![("amount", Number("1")), ("currency", Text("BTC"))],
                "\"$.currency\" is not an ISO 4217 currency code",
            ),
        ] {
            assert_eq!(read(&fields).unwrap_err(), reason);
        }
    }
}
