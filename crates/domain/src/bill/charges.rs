//! Lines of charges: one per service, by name.

use super::error::Reason;
use super::{Line, OtherCurrency, Source};
use crate::charge::ChargeGroup;
use crate::currency::Currency;
use crate::decimal::{Decimal, DecimalError};
use crate::money::Money;
use crate::time::Period;
use crate::usage::Totals;
use std::collections::BTreeMap;

/// The lines of charges in the currency `own`, and what there is in others.
pub(super) fn lines(
    groups: Vec<(ChargeGroup, Totals)>,
    own: Currency,
    period: Period,
) -> Result<(Vec<Line>, Vec<OtherCurrency>), Reason> {
    let mut services: BTreeMap<String, Vec<(ChargeGroup, Totals)>> = BTreeMap::new();
    let mut others: BTreeMap<Currency, OtherCurrency> = BTreeMap::new();
    for (group, totals) in groups {
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
    let lines = services.into_iter().map(|(service, details)| line(service, own, period, details));
    Ok((lines.collect::<Result<_, _>>()?, others.into_values().collect()))
}

fn line(
    service: String,
    currency: Currency,
    period: Period,
    details: Vec<(ChargeGroup, Totals)>,
) -> Result<Line, DecimalError> {
    let mut sum = Totals::default();
    for (_, totals) in &details {
        sum.merge(totals)?;
    }
    let same_unit = same(&details, |group| group.unit.clone()) && details.iter().all(|(g, _)| g.has_quantity);
    let same_price = same_unit && same(&details, |group| group.unit_price);
    let first = details.first().map(|(group, _)| group);
    Ok(Line {
        quantity: same_unit.then_some(sum.quantity.into()),
        unit: first.filter(|_| same_unit).and_then(|group| group.unit.clone()),
        unit_price: first.filter(|_| same_price).and_then(|group| group.unit_price),
        events: sum.events.unsigned_abs(),
        amount: Money { amount: sum.amount, currency }.rounded()?.amount,
        ..Line::new(
            format!("charges/{service}"),
            service,
            Source::Charges { details },
            period,
            sum.amount.into(),
        )
    })
}

impl Line {
    /// A line of this exact amount, of which nothing else is known yet.
    pub(super) fn new(
        key: String,
        name: String,
        source: Source,
        period: Period,
        exact: crate::ratio::Ratio,
    ) -> Line {
        Line {
            key,
            name,
            source,
            period,
            quantity: None,
            unit: None,
            unit_price: None,
            events: 0,
            exact,
            amount: Decimal::ZERO,
            discount: Decimal::ZERO,
            credit: Decimal::ZERO,
            settled: Decimal::ZERO,
            taxes: Vec::new(),
            total: Decimal::ZERO,
        }
    }
}

fn same<T: PartialEq>(details: &[(ChargeGroup, Totals)], part: impl Fn(&ChargeGroup) -> T) -> bool {
    details.windows(2).all(|pair| part(&pair[0].0) == part(&pair[1].0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::Bill;
    use crate::bill::fixtures::customer;
    use crate::position::Position;
    use crate::usage::Usage;

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
        Bill::of_charges(&customer(currency), "2026-11".parse().unwrap(), usage).unwrap()
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
            bill.lines.iter().map(|l| (l.name.as_str(), l.exact.to_string(), l.amount.to_string())).collect();
        assert_eq!(
            shown,
            [
                ("Compute", "1.005".to_string(), "1.01".to_string()),
                ("Storage", "1.005".to_string(), "1.01".to_string()),
            ]
        );
        assert_eq!((bill.total.to_string(), bill.exact.to_string()), ("$2.02".into(), "2.01".into()));
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
