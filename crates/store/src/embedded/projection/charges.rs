//! What charges add up to: their groups and sums in the roll-ups.

use super::rollup::{CellKey, Group, RollUps, Sum};
use super::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};
use std::collections::BTreeMap;
use usage_domain::charge::{Charge, ChargeGroup};
use usage_domain::decimal::Decimal;
use usage_domain::meter::aggregate::Sign;
use usage_domain::time::{Period, Timestamp};
use usage_domain::usage::Totals;

/// Totals of the charges of the whole log by cell.
pub(crate) type ChargeRollUps = RollUps<ChargeGroup, Totals>;

/// What a subject's usage in a period consists of: whole cells, and cells that the period cuts.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) totals: BTreeMap<ChargeGroup, Totals>,
    /// Parts of cells: their usage is in the log.
    pub(crate) edges: Vec<(String, Period)>,
}

impl ChargeRollUps {
    /// Adds a charge or takes it back, and says where.
    pub(crate) fn charge(
        &mut self,
        subject: &str,
        time: Timestamp,
        charge: &Charge,
        sign: Sign,
    ) -> (CellKey, Totals) {
        let totals = Totals::of(charge, sign);
        (self.add(subject, Slot::of(time), &charge.group, &totals), totals)
    }

    /// Reads one subject's usage in a period.
    pub(crate) fn read(&self, subject: &str, period: Period, reading: &mut Reading) {
        let mut edge = None;
        for (slot, group, totals) in self.cells_of(subject, Slot::of(period.start)) {
            let cell = slot.period();
            if cell.start >= period.end {
                break;
            }
            match period.intersection(&cell) {
                Some(part) if part == cell => {
                    Sum::merge(reading.totals.entry(self.group(*group).clone()).or_default(), totals);
                }
                // Several groups may share the cell; its part is read once, for all of them.
                Some(part) if edge != Some(part) => {
                    edge = Some(part);
                    reading.edges.push((subject.to_string(), part));
                }
                _ => {}
            }
        }
    }

    /// How often one subject's usage in a period has changed; `None` where the period cuts a cell.
    pub(crate) fn changes(&self, subject: &str, period: Period) -> Option<u64> {
        let mut changes = 0;
        for (slot, _, totals) in self.cells_of(subject, Slot::of(period.start)) {
            let cell = slot.period();
            if cell.start >= period.end {
                break;
            }
            match period.intersection(&cell) {
                Some(part) if part == cell => changes += totals.changes,
                Some(_) => return None,
                None => {}
            }
        }
        Some(changes)
    }
}

impl Group for ChargeGroup {
    fn put(&self, out: &mut Vec<u8>) {
        out.put_text(&self.service);
        let flags = [
            self.description.is_some(),
            self.unit.is_some(),
            self.unit_price.is_some(),
            self.currency.is_some(),
            self.has_quantity,
        ];
        out.push(flags.iter().enumerate().map(|(bit, set)| u8::from(*set) << bit).sum());
        for text in [&self.description, &self.unit].into_iter().flatten() {
            out.put_text(text);
        }
        if let Some(price) = self.unit_price {
            out.put_decimal(price);
        }
        if let Some(currency) = self.currency {
            out.put_text(currency.code());
        }
    }

    fn take(take: &mut Take<'_>) -> Result<ChargeGroup, Malformed> {
        let service = take.text()?.to_string();
        let flags = take.byte()?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let mut text = |there: bool| if there { take.text().map(|t| Some(t.to_string())) } else { Ok(None) };
        let (description, unit) = (text(has(0))?, text(has(1))?);
        let unit_price = if has(2) { Some(take.decimal()?) } else { None };
        let currency = if has(3) {
            Some(take.text()?.parse().map_err(|_| Malformed("a currency is unknown"))?)
        } else {
            None
        };
        Ok(ChargeGroup { service, description, unit, unit_price, currency, has_quantity: has(4) })
    }
}

/// More events than any log has.
pub(super) const MOST_EVENTS: u64 = 1 << 48;

/// Whether a figure is one that a cell can add up to, so that sums of stored cells always fit.
pub(super) fn fits(figure: Decimal) -> bool {
    let size = if figure.is_negative() { figure.negate() } else { figure };
    size < Decimal::SUM_LIMIT && figure.scale() <= 36
}

impl Sum for Totals {
    /// A charge has at most 20 digits before and 36 after the point, so that the sum of fewer than 10^20
    /// of them fits: more than any log holds.
    #[expect(clippy::expect_used, reason = "a stated invariant: sums of charges fit")]
    fn merge(&mut self, more: &Totals) {
        Totals::merge(self, more).expect("sums of fewer than 10^20 charges fit");
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.put_var(self.changes);
        out.put_signed(self.events);
        out.put_decimal(self.quantity);
        out.put_decimal(self.amount);
    }

    fn take(take: &mut Take<'_>) -> Result<Totals, Malformed> {
        let (changes, events) = (take.var()?, take.signed()?);
        let (quantity, amount) = (take.decimal()?, take.decimal()?);
        if changes > MOST_EVENTS || events.unsigned_abs() > MOST_EVENTS || !fits(quantity) || !fits(amount) {
            return Err(Malformed("a cell has more than a log can add up to"));
        }
        Ok(Totals { changes, events, quantity, amount })
    }

    fn kind(&self) -> u8 {
        0
    }

    fn is_that_of(&self, recount: &Totals) -> bool {
        // A recount does not see what was taken back.
        (self.events, self.quantity, self.amount) == (recount.events, recount.quantity, recount.amount)
            && self.changes >= recount.changes
    }

    fn is_nothing(&self) -> bool {
        self.events == 0 && self.quantity.is_zero() && self.amount.is_zero()
    }

    fn shown(&self) -> String {
        self.amount.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(amount: i64) -> Charge {
        let group = ChargeGroup {
            service: "S".into(),
            description: None,
            unit: None,
            unit_price: None,
            currency: None,
            has_quantity: false,
        };
        Charge { group, quantity: Decimal::ZERO, amount: Decimal::new(amount, 0) }
    }

    #[test]
    fn a_period_that_cuts_a_cell_reads_the_rest_from_the_log() {
        let mut rollups = ChargeRollUps::default();
        let (alice, at) = ("alice", |text: &str| text.parse::<Timestamp>().unwrap());
        for (time, amount) in [
            ("2026-11-21T10:00:00Z", 1),
            ("2026-11-22T10:00:00Z", 2),
            ("2026-11-22T12:00:00Z", 4),
            ("2026-11-23T00:00:00Z", 8),
        ] {
            rollups.charge(alice, at(time), &charge(amount), Sign::Added);
        }
        let mut reading = Reading::default();
        let period = Period { start: at("2026-11-20T05:00:00Z"), end: at("2026-11-22T11:00:00Z") };
        rollups.read("alice", period, &mut reading);
        let whole: Vec<_> = reading.totals.values().map(|t| (t.events, t.amount.to_string())).collect();
        assert_eq!(whole, [(1, "1".to_string())]);
        let cut = Period { start: at("2026-11-22T00:00:00Z"), end: at("2026-11-22T11:00:00Z") };
        assert_eq!(reading.edges, [("alice".to_string(), cut)]);
    }
}
