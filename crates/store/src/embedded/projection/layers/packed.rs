//! What a cell of a meter adds up to, in few bytes: nearly always a count or a sum of small figures.

use crate::embedded::projection::rollup::Sum;
use crate::embedded::projection::slot::Slot;
use crate::format::codec::{Malformed, Put, Take};
use usage_domain::decimal::Decimal;
use usage_domain::meter::aggregate::{State, Sums};

/// Minutes of a quarter-hour.
const QUARTER: u32 = 15;
/// More fraction digits than a sum of figures has.
const MOST_SCALE: u8 = 36;
/// The first byte of a stored sum that is not small. That of one which is has its lowest bit, but where it is of a
/// single event: then it has the count of fraction digits and one more, so that it is another byte.
const FULL: u8 = 0;

/// What events of a cell add up to.
#[derive(Debug, Clone)]
pub(crate) enum Packed {
    Small(Small),
    Full(Box<State>),
}

/// A count, or a sum whose digits fit 64 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Small {
    pub(crate) value: i64,
    pub(crate) changes: u32,
    pub(crate) events: i32,
    pub(crate) minutes: (u32, u32),
    pub(crate) scale: u8,
    pub(crate) is_sum: bool,
}

impl Packed {
    pub(crate) fn of(state: State) -> Packed {
        match Small::of(&state) {
            Some(small) => Packed::Small(small),
            None => Packed::Full(Box::new(state)),
        }
    }

    pub(crate) fn state(&self) -> State {
        match self {
            Packed::Small(small) => small.state(),
            Packed::Full(state) => State::clone(state),
        }
    }

    /// A figure for the way in which it adds up: sums of one kind merge.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Packed::Small(small) if small.is_sum => SUM,
            Packed::Small(_) => COUNT,
            Packed::Full(state) => Sum::kind(&**state),
        }
    }

    /// Whether it is a set of values, which grows with its events.
    pub(super) fn is_set(&self) -> bool {
        matches!(self, Packed::Full(state) if matches!(state.sums, Sums::Unique(_)))
    }

    /// Whether something of it was taken back.
    pub(crate) fn is_corrected(&self) -> bool {
        match self {
            Packed::Small(small) => i64::from(small.events) != i64::from(small.changes),
            Packed::Full(state) => u64::try_from(state.events) != Ok(state.changes),
        }
    }

    pub(crate) fn merge(&mut self, more: &Packed) {
        if let (Packed::Small(sum), Packed::Small(more)) = (&mut *self, more)
            && let Some(both) = sum.plus(more)
        {
            *sum = both;
            return;
        }
        let mut sum = self.state();
        Sum::merge(&mut sum, &more.state());
        *self = Packed::Full(Box::new(sum));
    }

    /// The stored form of the sum of a cell that begins with this slot.
    pub(crate) fn put(&self, slot: Slot, out: &mut Vec<u8>) {
        match self {
            Packed::Small(small) => {
                let first = slot.0 * QUARTER;
                let (minute, last) = small.minutes;
                if (small.changes, small.events, last) == (1, 1, minute) {
                    out.push(u8::from(small.is_sum) << 1 | (small.scale + 1) << 2);
                    out.put_var(u64::from(minute.wrapping_sub(first)));
                } else {
                    out.push(1 | u8::from(small.is_sum) << 1 | small.scale << 2);
                    out.put_var(u64::from(small.changes));
                    out.put_signed(i64::from(small.events));
                    out.put_var(u64::from(minute.wrapping_sub(first)));
                    out.put_var(u64::from(last.wrapping_sub(minute)));
                }
                if small.is_sum {
                    out.put_signed(small.value);
                }
            }
            Packed::Full(state) => {
                out.push(FULL);
                state.put(out);
            }
        }
    }

    /// Reads a stored form.
    pub(crate) fn take(slot: Slot, take: &mut Take<'_>) -> Result<Packed, Malformed> {
        let form = take.byte()?;
        if form == FULL {
            return Ok(Packed::Full(Box::new(State::take(take)?)));
        }
        let (is_single, is_sum) = (form & 1 == 0, form & 2 != 0);
        let scale = (form >> 2).checked_sub(u8::from(is_single)).filter(|scale| *scale <= MOST_SCALE);
        let scale = scale.ok_or(Malformed("a cell adds up in an unknown way"))?;
        let small = |value: u64| u32::try_from(value).map_err(|_| Malformed("a cell has more than fits"));
        let (changes, events) = match is_single {
            true => (1, Ok(1)),
            false => (small(take.var()?)?, i32::try_from(take.signed()?)),
        };
        let events = events.map_err(|_| Malformed("a cell has more events than fit"))?;
        let first = (slot.0 * QUARTER).wrapping_add(small(take.var()?)?);
        let span = if is_single { 0 } else { small(take.var()?)? };
        let minutes = (first, first.wrapping_add(span));
        let value = if is_sum { take.signed()? } else { 0 };
        Ok(Packed::Small(Small { value, changes, events, minutes, scale, is_sum }))
    }
}

/// [`Sum::kind`] of a count and of a sum.
const COUNT: u8 = 0;
const SUM: u8 = 1;

impl Small {
    fn of(state: &State) -> Option<Small> {
        let (is_sum, (value, scale)) = match state.sums {
            Sums::Count => (false, (0, 0)),
            Sums::Sum(sum) => (true, sum.to_small()?),
            _ => return None,
        };
        let (changes, events) = (u32::try_from(state.changes).ok()?, i32::try_from(state.events).ok()?);
        let minutes = state.minutes;
        (scale <= MOST_SCALE).then_some(Small { value, changes, events, minutes, scale, is_sum })
    }

    fn state(self) -> State {
        let sums = if self.is_sum { Sums::Sum(Decimal::new(self.value, self.scale)) } else { Sums::Count };
        State {
            changes: u64::from(self.changes),
            events: i64::from(self.events),
            minutes: self.minutes,
            sums,
        }
    }

    /// Both together, where that is small as well.
    pub(crate) fn plus(&self, more: &Small) -> Option<Small> {
        if self.is_sum != more.is_sum {
            return None;
        }
        let scale = self.scale.max(more.scale);
        let at = |sum: &Small| match scale - sum.scale {
            0 => Some(sum.value),
            finer => sum.value.checked_mul(10i64.checked_pow(u32::from(finer))?),
        };
        Some(Small {
            value: at(self)?.checked_add(at(more)?)?,
            changes: self.changes.checked_add(more.changes)?,
            events: self.events.checked_add(more.events)?,
            minutes: (self.minutes.0.min(more.minutes.0), self.minutes.1.max(more.minutes.1)),
            scale,
            is_sum: self.is_sum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use usage_domain::meter::Aggregation;
    use usage_domain::meter::aggregate::Sign;
    use usage_domain::meter::value::MeterValue;
    use usage_domain::time::Timestamp;

    #[test]
    fn a_small_sum_takes_32_bytes_of_memory() {
        assert_eq!(size_of::<Packed>(), 32);
    }

    proptest! {
        #[test]
        fn packed_sums_add_up_to_what_states_do_and_are_stored_as_they_are(
            aggregation in 0..Aggregation::ALL.len(),
            events in prop::collection::vec(
                (prop_oneof![-1000i64..1000, any::<i64>()], 0u8..19, any::<bool>(), 0..86_400i64), 1..20
            ),
        ) {
            let day = 1_795_305_600_000_000_000i64;
            let slot = Slot::of(Timestamp::from_nanos(day).unwrap());
            let (mut packed, mut state): (Option<Packed>, Option<State>) = (None, None);
            for (sequence, (value, scale, added, second)) in (0..).zip(events) {
                let time = Timestamp::from_nanos(day + second * 1_000_000_000).unwrap();
                let value = MeterValue::Number(Decimal::new(value, scale));
                let sign = if added { Sign::Added } else { Sign::Removed };
                let one = State::of(Aggregation::ALL[aggregation].0, &value, (time, sequence), sign).unwrap();
                match &mut packed {
                    Some(sum) => sum.merge(&Packed::of(one.clone())),
                    none => *none = Some(Packed::of(one.clone())),
                }
                match &mut state {
                    Some(sum) => Sum::merge(sum, &one),
                    none => *none = Some(one),
                }
            }
            let (packed, state) = (packed.unwrap(), state.unwrap());
            prop_assert_eq!(&packed.state(), &state);
            prop_assert_eq!(packed.kind(), Sum::kind(&state));
            let mut bytes = Vec::new();
            packed.put(slot, &mut bytes);
            let mut take = Take(&bytes);
            prop_assert_eq!(Packed::take(slot, &mut take).unwrap().state(), state);
            prop_assert!(take.end().is_ok());
        }
    }
}
