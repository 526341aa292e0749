//! Percentage: a part of what each event moved, and a fee for each event.
//!
//! The first events, or the first of the amount, may be free; with both, whichever is used up
//! first. An event that goes beyond the free amount is paid, and its percentage is of what is
//! beyond. The bounds per event hold for its percentage and its fee together; an event that gives
//! back (below zero) has no bounds.

use super::consumption::Events;
use super::invalid::{InvalidPrice, RateError, not_negative, ordered};
use super::line::{Category, Item, UnitPrice};
use crate::decimal::{Decimal, DecimalError};
use crate::ratio::Ratio;

/// The highest rate, as a fraction.
const MAX_RATE: Decimal = Decimal::new(100, 0);

/// A price for events that move money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Percentage {
    /// What part of an event's amount is charged, as a fraction.
    pub rate: Decimal,
    /// What each paid event costs besides.
    pub fixed_amount: Decimal,
    /// How many events are free, if that is how free ones are counted.
    pub free_events: Option<u64>,
    /// How much is free, if that is how it is counted.
    pub free_amount: Option<Decimal>,
    /// The least that a paid event costs.
    pub min_per_event: Option<Decimal>,
    /// The most that a paid event costs.
    pub max_per_event: Option<Decimal>,
}

/// A rate is a fraction, and not likely a percentage that somebody forgot to divide.
pub(super) fn check_rate(field: &str, rate: Decimal) -> Result<(), InvalidPrice> {
    if rate.is_negative() || rate > MAX_RATE {
        let right = format!("a fraction from 0 to {MAX_RATE} (0.025 is 2.5 %)");
        return Err(InvalidPrice::must(field, &right, rate));
    }
    Ok(())
}

impl Percentage {
    pub(super) fn check(&self) -> Result<(), InvalidPrice> {
        check_rate("rate", self.rate)?;
        not_negative("free_amount", self.free_amount)?;
        not_negative("min_per_event", self.min_per_event)?;
        not_negative("max_per_event", self.max_per_event)?;
        ordered(("min_per_event", self.min_per_event), ("max_per_event", self.max_per_event))
    }

    /// Three items: the percentage, the fees, and what the bounds per event add or take off.
    pub(super) fn items(&self, events: &Events<Ratio>) -> Result<Vec<Item>, RateError> {
        let (paid, bounds) = (Ratio::ZERO, Ratio::ZERO);
        let mut bill = Bill { price: self, free: Free::of(self), paid, events: 0, bounds };
        for value in &events.each {
            bill.event(*value)?;
        }
        bill.rest(events)?;
        Ok(vec![
            Item::units(0, bill.paid, UnitPrice::Rate(self.rate))?,
            Item::units(1, Decimal::from(bill.events).into(), UnitPrice::Amount(self.fixed_amount))?,
            Item::once(2, Category::EventLimits, bill.bounds),
        ])
    }

    fn bounded(&self, fee: Ratio) -> Result<Ratio, DecimalError> {
        let fee = self.min_per_event.map_or(Ok(fee), |least| fee.max(least.into()))?;
        self.max_per_event.map_or(Ok(fee), |most| fee.min(most.into()))
    }
}

/// What is still free: none once either allowance is used up.
#[derive(Debug, Clone, Copy)]
struct Free {
    events: Option<u64>,
    amount: Option<Ratio>,
}

impl Free {
    fn of(price: &Percentage) -> Option<Free> {
        let free = Free { events: price.free_events, amount: price.free_amount.map(Ratio::from) };
        (free.events.is_some() || free.amount.is_some()).then_some(free)
    }
}

/// What adds up, event by event.
struct Bill<'a> {
    price: &'a Percentage,
    free: Option<Free>,
    paid: Ratio,
    events: u64,
    bounds: Ratio,
}

impl Bill<'_> {
    fn event(&mut self, value: Ratio) -> Result<(), DecimalError> {
        match self.paid_part(value)? {
            Some(part) => self.pay(part),
            None => Ok(()),
        }
    }

    /// The part of an event that is to be paid; none where all of the event is free.
    fn paid_part(&mut self, value: Ratio) -> Result<Option<Ratio>, DecimalError> {
        let Some(free) = self.free.as_mut().filter(|free| free.events != Some(0)) else {
            return Ok(Some(value));
        };
        if let Some(left) = free.amount {
            if value.compare(left)?.is_gt() {
                self.free = None;
                return value.sub(left).map(Some);
            }
            free.amount = Some(left.sub(value.max(Ratio::ZERO)?)?);
        }
        free.events = free.events.map(|events| events - 1);
        Ok(None)
    }

    fn pay(&mut self, part: Ratio) -> Result<(), DecimalError> {
        self.paid = self.paid.add(part)?;
        self.events += 1;
        let price = self.price;
        let bounded = price.min_per_event.is_some() || price.max_per_event.is_some();
        if bounded && !part.is_negative() {
            let fee = part.mul(price.rate.into())?.add(price.fixed_amount.into())?;
            self.bounds = self.bounds.add(price.bounded(fee)?.sub(fee)?)?;
        }
        Ok(())
    }

    /// Events of which only the sum is known: all of them are free, or all are paid.
    fn rest(&mut self, events: &Events<Ratio>) -> Result<(), RateError> {
        let (count, sum) = (events.rest_count, events.rest);
        if count == 0 {
            return Ok(());
        }
        let needed = |why: &str| Err(RateError::usage("event_values", format!("are needed: {why}")));
        if let Some(free) = self.free.filter(|free| free.events != Some(0)) {
            let within = match free.amount {
                Some(left) => sum.compare(left)?.is_le(),
                None => true,
            };
            if within && free.events.is_none_or(|left| left >= count) {
                let amount = free.amount.map(|left| left.sub(sum)).transpose()?;
                self.free = Some(Free { events: free.events.map(|left| left - count), amount });
                return Ok(());
            }
            return needed("which of the events are free depends on the value of each");
        }
        if self.price.min_per_event.is_some() || self.price.max_per_event.is_some() {
            return needed("the price has bounds per event");
        }
        self.paid = self.paid.add(sum)?;
        self.events += count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::{d, shown, some};

    /// A price from `rate fixed free_events free_amount min max`, `-` for none.
    fn price(row: &str) -> Percentage {
        let f: Vec<&str> = row.split_whitespace().map(|f| if f == "-" { "" } else { f }).collect();
        Percentage {
            rate: d(f[0]),
            fixed_amount: d(f[1]),
            free_events: f[2].parse().ok(),
            free_amount: some(f[3]),
            min_per_event: some(f[4]),
            max_per_event: some(f[5]),
        }
    }

    fn events(each: &str, rest: &str, rest_count: u64) -> Events<Ratio> {
        let each = each.split_whitespace().map(|value| d(value).into()).collect();
        Events { each, rest: d(rest).into(), rest_count }
    }

    #[test]
    fn events_pay_a_percentage_and_a_fee_beyond_what_is_free() {
        for (row, each, rest, rest_count, bill) in [
            ("0.013 2 - - - -", "50 100", "0", 0, "150 × 0.013 = 1.95, 2 × 2 = 4"),
            ("0.013 2 3 250 - -", "50 100 250 400", "0", 0, "550 × 0.013 = 7.15, 2 × 2 = 4"),
            ("0.013 2 3 - - -", "50 100 250 400", "0", 0, "400 × 0.013 = 5.2, 1 × 2 = 2"),
            ("0.013 2 - 250 - -", "50 100 250 400", "0", 0, "550 × 0.013 = 7.15, 2 × 2 = 4"),
            ("0.013 2 5 - - -", "50 100 250", "0", 1, ""),
            ("0 2 - - - -", "", "800", 4, "800 × 0 = 0, 4 × 2 = 8"),
            // The third goes beyond by 90; what comes after it is paid, however small.
            (
                "0.0299 0 3 10000 1.75 12",
                "10 80 10000 1",
                "0",
                0,
                "91 × 0.0299 = 2.7209, 2 × 0 = 0, 1 × 1.7201 = 1.7201",
            ),
            ("0.1 1 - - 2 5", "5 30 1000", "0", 0, "1035 × 0.1 = 103.5, 3 × 1 = 3, 1 × -95.5 = -95.5"),
            ("0.1 1 - - 2 -", "-100", "0", 0, "-100 × 0.1 = -10, 1 × 1 = 1"),
            // An amount that is used up to the last cent still has room for an event of nothing.
            ("0.1 1 - 10 - -", "10 0 -5 1", "0", 0, "1 × 0.1 = 0.1, 1 × 1 = 1"),
            ("0.1 1 2 - - -", "5 5", "20", 3, "20 × 0.1 = 2, 3 × 1 = 3"),
        ] {
            let items = price(row).items(&events(each, rest, rest_count)).unwrap();
            assert_eq!(shown(&items), bill, "{row}: {each} {rest}");
        }
    }

    #[test]
    fn what_looks_at_single_events_is_not_guessed_from_their_sum() {
        for (row, reason) in [
            (
                "0.1 1 2 - - -",
                "event_values: are needed: which of the events are free depends on the value of each",
            ),
            (
                "0.1 1 - 10 - -",
                "event_values: are needed: which of the events are free depends on the value of each",
            ),
            ("0.1 1 - - 2 -", "event_values: are needed: the price has bounds per event"),
        ] {
            let refused = price(row).items(&events("", "20", 3)).unwrap_err();
            assert_eq!(refused.to_string(), reason);
        }
    }

    #[test]
    fn rates_and_bounds_that_make_no_sense_are_refused() {
        for (row, reason) in [
            ("101 0 - - - -", "rate: must be a fraction from 0 to 100 (0.025 is 2.5 %), not 101"),
            ("-0.1 0 - - - -", "rate: must be a fraction from 0 to 100 (0.025 is 2.5 %), not -0.1"),
            ("0.1 0 - -1 - -", "free_amount: must be zero or more, not -1"),
            ("0.1 0 - - -1 -", "min_per_event: must be zero or more, not -1"),
            ("0.1 0 - - 5 2", "min_per_event: must be at most max_per_event, which is 2, not 5"),
        ] {
            assert_eq!(price(row).check().unwrap_err().to_string(), reason);
        }
    }
}
