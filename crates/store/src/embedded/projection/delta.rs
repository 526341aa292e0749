//! What a stretch of the log added to the roll-ups.
//!
//! One entry per change: adding them up can wait for the checkpoint. Nearly all are events of a sum or a
//! count with a small figure, and are kept in 24 bytes each; what they add to everybody's cells follows
//! from what they add to their subject's.

use super::cells::fold;
use super::corrections::Fate;
use super::rollup::{CellKey, Sum};
use super::slot::Slot;
use hashbrown::HashMap;
use usage_domain::decimal::Decimal;
use usage_domain::meter::aggregate::{State, Sums};
use usage_domain::usage::Totals;

/// Changes of the roll-ups since the last checkpoint.
#[derive(Default)]
pub(crate) struct UsageDelta {
    pub(crate) charges: Vec<(CellKey, Totals)>,
    /// Changes that are not plain, of both their cells.
    metered: Vec<(CellKey, State)>,
    plain: Vec<Plain>,
    /// What became of events, in the order in which it did.
    pub(crate) corrections: Vec<(u64, Fate)>,
}

/// What an event adds to a sum or a count, or takes back.
#[derive(Clone, Copy)]
struct Plain {
    subject: u32,
    group: u32,
    /// The quarter-hour of its time.
    quarter: Slot,
    /// The minute within that.
    minute: u8,
    scale: u8,
    is_sum: bool,
    is_removed: bool,
    value: i64,
}

/// Minutes of a quarter-hour.
const QUARTER: u32 = 15;

impl Plain {
    fn of([own, everybody]: [CellKey; 2], state: &State) -> Option<Plain> {
        let (is_sum, (value, scale)) = match state.sums {
            Sums::Count => (false, (0, 0)),
            Sums::Sum(sum) => (true, sum.to_small()?),
            _ => return None,
        };
        let minute = u8::try_from(state.minutes.0 % QUARTER).ok()?;
        let is_removed = match (state.events, state.changes) {
            (1, 1) => false,
            (-1, 1) => true,
            _ => return None,
        };
        let (subject, group, quarter) = (own.subject, own.group, everybody.slot);
        Some(Plain { subject, group, quarter, minute, scale, is_sum, is_removed, value })
    }

    fn state(self) -> State {
        let minute = self.quarter.0 * QUARTER + u32::from(self.minute);
        let sums = if self.is_sum { Sums::Sum(Decimal::new(self.value, self.scale)) } else { Sums::Count };
        State { changes: 1, events: if self.is_removed { -1 } else { 1 }, minutes: (minute, minute), sums }
    }

    fn key(self) -> CellKey {
        CellKey { subject: self.subject, slot: self.quarter.as_cell(), group: self.group }
    }
}

impl UsageDelta {
    /// Notes what an event of a meter added to its subject's cell and to everybody's.
    pub(crate) fn measured(&mut self, keys: [CellKey; 2], state: State) {
        match Plain::of(keys, &state) {
            Some(plain) => self.plain.push(plain),
            None => self.metered.extend([(keys[0], state.clone()), (keys[1], state)]),
        }
    }

    /// Notes what a cell of meters has: all of it is new.
    pub(crate) fn cell(&mut self, key: CellKey, state: State) {
        self.metered.push((key, state));
    }

    /// What the changes of meters add up to, cell by cell; `everybody` is the number of that subject.
    pub(crate) fn metered(&self, everybody: u32) -> Vec<(CellKey, State)> {
        // Their places, in the order of their cells: the changes themselves stay where they are.
        let order = |(place, change): (u32, &Plain)| {
            let key = change.key();
            (u64::from(key.subject) << 32 | u64::from(key.slot.0), key.group, place)
        };
        let mut order: Vec<(u64, u32, u32)> = (0..).zip(&self.plain).map(order).collect();
        order.sort_unstable();
        let mut cells: Vec<(CellKey, State)> = Vec::with_capacity(order.len());
        let mut all: HashMap<CellKey, State> = HashMap::new();
        for (_, _, place) in order {
            let change = self.plain[place as usize];
            let (key, state) = (change.key(), change.state());
            let of_all = CellKey { subject: everybody, slot: change.quarter, group: change.group };
            match all.get_mut(&of_all) {
                Some(sum) => Sum::merge(sum, &state),
                None => drop(all.insert(of_all, state.clone())),
            }
            match cells.last_mut() {
                Some((last, sum)) if *last == key => Sum::merge(sum, &state),
                _ => cells.push((key, state)),
            }
        }
        cells.extend(all);
        cells.extend(self.metered.iter().cloned());
        cells
    }

    /// How many changes there are.
    pub(crate) fn len(&self) -> usize {
        self.charges.len() + self.metered.len() + self.plain.len()
    }

    /// Makes the changes of a cell one, which then take as much as the cells do; `everybody` is the number of
    /// that subject.
    pub(crate) fn fold(&mut self, everybody: u32) {
        fold(&mut self.charges);
        let mut metered = self.metered(everybody);
        fold(&mut metered);
        (self.metered, self.plain) = (metered, Vec::new());
    }

    /// Puts earlier changes before these.
    pub(crate) fn follow(&mut self, mut earlier: UsageDelta) {
        earlier.charges.append(&mut self.charges);
        earlier.metered.append(&mut self.metered);
        earlier.plain.append(&mut self.plain);
        earlier.corrections.append(&mut self.corrections);
        *self = earlier;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usage_domain::meter::Aggregation;
    use usage_domain::meter::aggregate::Sign;
    use usage_domain::meter::value::MeterValue;
    use usage_domain::time::Timestamp;

    #[test]
    fn changes_that_are_made_one_by_cell_add_up_to_the_same() {
        let mut delta = UsageDelta::default();
        let add = |delta: &mut UsageDelta, aggregation, value: i64, slot: u32| {
            let time = Timestamp::from_nanos(i64::from(slot) * 900_000_000_000).unwrap();
            let value = MeterValue::Number(Decimal::new(value, 1));
            let state = State::of(aggregation, &value, (time, 7), Sign::Added).unwrap();
            let own = CellKey { subject: 3, slot: Slot::of(time), group: 5 };
            delta.measured([own, CellKey { subject: 0, slot: Slot::quarter_of(time), group: 5 }], state);
        };
        for (value, slot) in (0..40).zip([1_900_000, 1_900_001, 1_900_200].into_iter().cycle()) {
            add(&mut delta, Aggregation::Sum, value, slot);
            // A figure that is too large to be plain.
            add(&mut delta, Aggregation::Sum, i64::MAX - value, slot);
        }
        let mut expected = delta.metered(0);
        fold(&mut expected);
        assert_eq!(delta.len(), 80);
        delta.fold(0);
        assert_eq!(delta.len(), expected.len());
        add(&mut delta, Aggregation::Sum, 1, 1_900_000);
        delta.fold(0);
        assert_eq!(delta.len(), expected.len());
        let total = |cells: &[(CellKey, State)]| cells.iter().map(|(_, state)| state.events).sum::<i64>();
        assert_eq!(total(&delta.metered(0)), total(&expected) + 2);
    }

    #[test]
    fn a_plain_change_is_what_it_was_made_of() {
        for (aggregation, value) in
            [(Aggregation::Sum, "-12.50"), (Aggregation::Avg, "0"), (Aggregation::Count, "0")]
        {
            for (time, sign) in
                [("2026-11-22T10:14:59Z", Sign::Added), ("2026-11-30T23:59:59Z", Sign::Removed)]
            {
                let time: Timestamp = time.parse().unwrap();
                let value = MeterValue::Number(value.parse().unwrap());
                let state = State::of(aggregation, &value, (time, 7), sign).unwrap();
                let own = CellKey { subject: 3, slot: Slot::of(time), group: 5 };
                let everybody = CellKey { subject: 0, slot: Slot::quarter_of(time), group: 5 };
                let mut delta = UsageDelta::default();
                delta.measured([own, everybody], state.clone());
                assert!(delta.metered.is_empty());
                assert_eq!(delta.metered(0), [(own, state.clone()), (everybody, state)]);
            }
        }
    }
}
