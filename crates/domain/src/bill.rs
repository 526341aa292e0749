//! Bills: what a customer owes for a month, line by line.
//!
//! A line is one service. It is rounded once, to the currency's minor unit, and keeps its exact
//! amount; the groups beneath it are never rounded. The total is the sum of the rounded lines. An
//! amount in another currency than the customer's is never added: it is listed apart.

use crate::charge::ChargeGroup;
use crate::currency::Currency;
use crate::customer::Customer;
use crate::decimal::{Decimal, DecimalError};
use crate::money::{Money, MoneyError};
use crate::position::Position;
use crate::time::{Month, Period};
use crate::usage::{Totals, Usage};
use std::collections::BTreeMap;

/// What a customer owes for a month. Open: it is the rating of the log at `position`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Who owes it.
    pub customer: Customer,
    /// For which month.
    pub month: Month,
    /// That month in the customer's zone.
    pub period: Period,
    /// One line per service, by name.
    pub lines: Vec<Line>,
    /// The sum of the rounded lines.
    pub total: Money,
    /// The sum of the exact lines.
    pub exact_total: Money,
    /// Charges in other currencies than the customer's, which are not in the total.
    pub other_currencies: Vec<OtherCurrency>,
    /// The log position that this is the bill of.
    pub position: Position,
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was used.
    pub service: String,
    /// Units, where all of the line counts the same unit.
    pub quantity: Option<Decimal>,
    /// What the units are, where all of the line counts the same.
    pub unit: Option<String>,
    /// The price of a unit, where all of the line has the same.
    pub unit_price: Option<Decimal>,
    /// Charges that the line sums up.
    pub events: u64,
    /// The exact amount.
    pub exact: Money,
    /// The amount, rounded once to the minor unit.
    pub amount: Money,
    /// The groups that the line sums up, exactly.
    pub details: Vec<(ChargeGroup, Totals)>,
}

/// Charges in a currency that the bill is not in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCurrency {
    /// What they add up to, exactly.
    pub exact: Money,
    /// How many there are.
    pub events: u64,
}

/// Why a bill cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// An amount that does not fit.
    #[error("the bill of customer {customer} for {month}: {reason}")]
    Amount {
        /// The customer's number.
        customer: u64,
        /// The month.
        month: Month,
        /// What does not fit.
        reason: MoneyError,
    },
}

impl Bill {
    /// The bill of `customer` for `month` from its usage of that month.
    ///
    /// # Errors
    /// Amounts that add up to more than fits.
    pub fn rate(customer: &Customer, month: Month, usage: Usage) -> Result<Bill, BillError> {
        rate(customer, month, usage).map_err(|reason| BillError::Amount {
            customer: customer.number,
            month,
            reason,
        })
    }
}

fn rate(customer: &Customer, month: Month, usage: Usage) -> Result<Bill, MoneyError> {
    let own = customer.currency;
    let mut services: BTreeMap<String, Vec<(ChargeGroup, Totals)>> = BTreeMap::new();
    let mut others: BTreeMap<Currency, OtherCurrency> = BTreeMap::new();
    for (group, totals) in usage.groups {
        // Groups that corrections emptied are no usage any more.
        if totals.events <= 0 && totals.amount.is_zero() {
            continue;
        }
        match group.currency {
            Some(currency) if currency != own => {
                let other = others
                    .entry(currency)
                    .or_insert_with(|| OtherCurrency { exact: Money::zero(currency), events: 0 });
                other.exact.amount = other.exact.amount.add(totals.amount)?;
                other.events += totals.events.unsigned_abs();
            }
            _ => services.entry(group.service.clone()).or_default().push((group, totals)),
        }
    }
    let lines = services
        .into_iter()
        .map(|(service, details)| line(service, own, details))
        .collect::<Result<Vec<_>, _>>()?;
    let sum =
        |part: fn(&Line) -> Money| lines.iter().try_fold(Money::zero(own), |sum, line| sum.add(part(line)));
    let (total, exact_total) = (sum(|line| line.amount)?, sum(|line| line.exact)?);
    Ok(Bill {
        customer: customer.clone(),
        month,
        period: month.period(&customer.zone),
        lines,
        total,
        exact_total,
        other_currencies: others.into_values().collect(),
        position: usage.position,
    })
}

fn line(
    service: String,
    currency: Currency,
    details: Vec<(ChargeGroup, Totals)>,
) -> Result<Line, DecimalError> {
    let mut sum = Totals::default();
    for (_, totals) in &details {
        sum.merge(totals)?;
    }
    let same_unit = same(&details, |group| group.unit.clone()) && details.iter().all(|(g, _)| g.has_quantity);
    let same_price = same_unit && same(&details, |group| group.unit_price);
    let first = details.first().map(|(group, _)| group);
    let exact = Money { amount: sum.amount, currency };
    Ok(Line {
        quantity: same_unit.then_some(sum.quantity),
        unit: first.filter(|_| same_unit).and_then(|group| group.unit.clone()),
        unit_price: first.filter(|_| same_price).and_then(|group| group.unit_price),
        service,
        events: sum.events.unsigned_abs(),
        exact,
        amount: exact.rounded()?,
        details,
    })
}

fn same<T: PartialEq>(details: &[(ChargeGroup, Totals)], part: impl Fn(&ChargeGroup) -> T) -> bool {
    details.windows(2).all(|pair| part(&pair[0].0) == part(&pair[1].0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::{CustomerDraft, CustomerId};
    use crate::time::Timestamp;

    fn customer(currency: &str) -> Customer {
        let draft = CustomerDraft::named("Bob");
        Customer {
            id: CustomerId(ulid::Ulid(1)),
            number: 456,
            key: None,
            name: draft.name,
            currency: currency.parse().unwrap(),
            zone: draft.zone,
            subjects: vec![],
            profile: draft.profile,
            created_at: Timestamp::MIN,
            updated_at: Timestamp::MIN,
        }
    }

    fn group(service: &str, unit: &str, price: Option<&str>, currency: Option<&str>) -> ChargeGroup {
        ChargeGroup {
            service: service.into(),
            description: None,
            unit: Some(unit.into()),
            unit_price: price.map(|p| p.parse().unwrap()),
            currency: currency.map(|c| c.parse().unwrap()),
            has_quantity: true,
        }
    }

    fn totals(quantity: &str, amount: &str) -> Totals {
        Totals { changes: 1, events: 1, quantity: quantity.parse().unwrap(), amount: amount.parse().unwrap() }
    }

    fn bill(currency: &str, groups: Vec<(ChargeGroup, Totals)>) -> Bill {
        let usage = Usage { position: Position::after(9), groups };
        Bill::rate(&customer(currency), "2026-11".parse().unwrap(), usage).unwrap()
    }

    #[test]
    fn a_line_is_rounded_once_and_the_total_is_the_sum_of_rounded_lines() {
        let bill = bill(
            "USD",
            vec![
                (group("Compute", "hours", Some("0.1"), None), totals("10.04", "1.004")),
                (group("Compute", "hours", Some("0.2"), None), totals("0.005", "0.001")),
                (group("Storage", "GB", None, Some("USD")), totals("1", "1.005")),
            ],
        );
        let shown: Vec<_> =
            bill.lines.iter().map(|l| (l.service.as_str(), l.exact.figure(), l.amount.figure())).collect();
        assert_eq!(
            shown,
            [
                ("Compute", "1.005".to_string(), "1.01".to_string()),
                ("Storage", "1.005".to_string(), "1.01".to_string()),
            ]
        );
        assert_eq!(
            (bill.total.to_string(), bill.exact_total.amount.to_string()),
            ("$2.02".into(), "2.01".into())
        );
    }

    #[test]
    fn a_line_has_a_quantity_only_where_its_units_agree() {
        let bill = bill(
            "USD",
            vec![
                (group("A", "hours", Some("1"), None), totals("2", "2")),
                (group("A", "hours", Some("2"), None), totals("3", "6")),
                (group("B", "GB", Some("1"), None), totals("2", "2")),
                (group("B", "hours", Some("1"), None), totals("2", "2")),
                (group("C", "hours", Some("1"), None), totals("4", "4")),
            ],
        );
        let shown: Vec<_> = bill
            .lines
            .iter()
            .map(|l| {
                (l.quantity.map(|q| q.to_string()), l.unit.as_deref(), l.unit_price.map(|p| p.to_string()))
            })
            .collect();
        assert_eq!(
            shown,
            [
                (Some("5".into()), Some("hours"), None),
                (None, None, None),
                (Some("4".into()), Some("hours"), Some("1".into())),
            ]
        );
    }

    #[test]
    fn another_currency_is_listed_and_never_added() {
        let bill = bill(
            "EUR",
            vec![
                (group("A", "x", None, None), totals("1", "2")),
                (group("A", "x", None, Some("EUR")), totals("1", "3")),
                (group("A", "x", None, Some("USD")), totals("1", "100")),
            ],
        );
        assert_eq!(bill.total.to_string(), "EUR 5.00");
        assert_eq!(bill.other_currencies.len(), 1);
        assert_eq!(bill.other_currencies[0].exact.to_string(), "$100.00");
    }
}
