//! What the tables of the pricing models are written with.

use super::line::growth;
use super::*;
use crate::decimal::Decimal;
use crate::pricing::line::Item;

pub(super) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(super) fn some(text: &str) -> Option<Decimal> {
    (!text.is_empty()).then(|| d(text))
}

/// Tiers from `up_to unit flat`, one line each; `-` for no bound.
pub(super) fn tiers(rows: &[&str]) -> tiers::Tiers {
    try_tiers(rows).unwrap()
}

pub(super) fn try_tiers(rows: &[&str]) -> Result<tiers::Tiers, InvalidPrice> {
    tiers::Tiers::new(
        rows.iter()
            .map(|row| {
                let figures: Vec<&str> = row.split_whitespace().collect();
                tiers::Tier {
                    up_to: (figures[0] != "-").then(|| d(figures[0])),
                    unit: d(figures[1]),
                    flat: d(figures[2]),
                    cap: figures.get(3).map(|cap| d(cap)),
                }
            })
            .collect(),
    )
}

/// Items as `quantity × unit + flat = amount`, several with a comma between.
pub(super) fn shown(items: &[Item]) -> String {
    let line = |line: &Line| {
        let unit = line.unit_amount.map(|unit| format!(" × {unit}"));
        let unit = unit.or(line.rate.map(|rate| format!(" × {rate}"))).unwrap_or_default();
        let flat = line.flat_amount.filter(|flat| !flat.is_zero());
        let flat = flat.map(|flat| format!(" + {flat}")).unwrap_or_default();
        format!("{}{unit}{flat} = {}", line.quantity, line.amount)
    };
    growth(items, &[]).unwrap().iter().map(line).collect::<Vec<_>>().join(", ")
}
