//! `GET /api/v1/customers/{id}/bill`: what a customer owes for a month.

use serde::{Deserialize, Serialize};
use usage_domain::charge::ChargeGroup;
use usage_domain::usage::Totals;
use usage_domain::{bill, decimal::Decimal};

/// What a customer owes for a month. All figures are decimal strings in whole units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bill {
    /// Who owes it.
    pub customer: BilledCustomer,
    /// The month, such as `2026-11`.
    pub month: String,
    /// The first moment of the month in the customer's zone, RFC 3339.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub from: String,
    /// The first moment after it.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub to: String,
    /// The IANA zone that the month is of.
    pub time_zone: String,
    /// `open`: the rating of the log at `position`.
    pub status: String,
    /// What all amounts are in.
    pub currency: String,
    /// One line per service, by name.
    pub lines: Vec<Line>,
    /// The sum of the lines' rounded amounts: what is owed.
    pub total: String,
    /// The sum of the lines' exact amounts.
    pub exact_total: String,
    /// The total with its currency, such as `$16.61`.
    pub total_formatted: String,
    /// Charges in other currencies, which are not in the total.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_currencies: Vec<OtherCurrency>,
    /// The log position that this is the bill of.
    pub position: String,
}

/// The customer as a bill names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BilledCustomer {
    /// Its id, a ULID.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// What people call it.
    pub name: String,
}

/// A line of a bill: one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Line {
    /// What was used.
    pub service: String,
    /// Units, where the whole line counts the same unit.
    pub quantity: Option<String>,
    /// What the units are.
    pub unit: Option<String>,
    /// The price of a unit, where the whole line has one.
    pub unit_price: Option<String>,
    /// Usage events that the line sums up.
    pub events: u64,
    /// The exact amount.
    pub exact_amount: String,
    /// The amount, rounded once to the currency's minor unit.
    pub amount: String,
    /// What the line is made of, exactly.
    pub details: Vec<Detail>,
}

/// A part of a line: usage of one description, unit and unit price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Detail {
    /// What exactly was used.
    pub description: Option<String>,
    /// How many units.
    pub quantity: Option<String>,
    /// What the units are.
    pub unit: Option<String>,
    /// The price of a unit.
    pub unit_price: Option<String>,
    /// Usage events that it sums up.
    pub events: u64,
    /// The exact amount.
    pub exact_amount: String,
}

/// Charges in a currency that the bill is not in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherCurrency {
    /// The currency.
    pub currency: String,
    /// What they add up to, exactly.
    pub exact_amount: String,
    /// How many there are.
    pub events: u64,
}

impl From<&bill::Bill> for Bill {
    fn from(bill: &bill::Bill) -> Bill {
        let customer = &bill.customer;
        Bill {
            customer: BilledCustomer {
                id: customer.id.to_string(),
                number: customer.number,
                key: customer.key.clone(),
                name: customer.name.clone(),
            },
            month: bill.month.to_string(),
            from: bill.period.start.to_string(),
            to: bill.period.end.to_string(),
            time_zone: customer.zone.name().to_string(),
            status: "open".to_string(),
            currency: bill.total.currency.to_string(),
            lines: bill.lines.iter().map(line).collect(),
            total: bill.total.figure(),
            exact_total: bill.exact_total.amount.to_string(),
            total_formatted: bill.total.to_string(),
            other_currencies: bill.other_currencies.iter().map(other).collect(),
            position: bill.position.to_string(),
        }
    }
}

fn line(line: &bill::Line) -> Line {
    Line {
        service: line.service.clone(),
        quantity: text(line.quantity),
        unit: line.unit.clone(),
        unit_price: text(line.unit_price),
        events: line.events,
        exact_amount: line.exact.amount.to_string(),
        amount: line.amount.figure(),
        details: line.details.iter().map(detail).collect(),
    }
}

fn detail((group, totals): &(ChargeGroup, Totals)) -> Detail {
    Detail {
        description: group.description.clone(),
        quantity: group.has_quantity.then(|| totals.quantity.to_string()),
        unit: group.unit.clone(),
        unit_price: text(group.unit_price),
        events: totals.events.unsigned_abs(),
        exact_amount: totals.amount.to_string(),
    }
}

fn other(other: &bill::OtherCurrency) -> OtherCurrency {
    OtherCurrency {
        currency: other.exact.currency.to_string(),
        exact_amount: other.exact.amount.to_string(),
        events: other.events,
    }
}

fn text(figure: Option<Decimal>) -> Option<String> {
    figure.map(|figure| figure.to_string())
}
