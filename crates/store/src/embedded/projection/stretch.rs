//! The stored form of what a stretch of the log added to the roll-ups: which meters they cover, what
//! became of corrected events, the cells of charges and those of meters.
//!
//! A meter that is not covered has no cells here: its usage is added up once it is.

use super::cells::{Cells, merge_cells};
use super::charges::ChargeRollUps;
use super::corrections::{Corrections, Fate};
use super::metered::{MeterRollUps, Series};
use super::rollup::{Group, Sum};
use crate::format::codec::{Malformed, Put, Take};
use usage_domain::charge::ChargeGroup;
use usage_domain::meter::aggregate::State;
use usage_domain::usage::Totals;

/// What a stretch of the log added.
pub(crate) struct Stretch {
    /// The numbers of the meters' sums that are covered at its end.
    pub(crate) covered: Vec<u32>,
    /// What became of events, in the order in which it did.
    pub(crate) corrections: Vec<(u64, Fate)>,
    /// Cells, in their stored form. Of the embedded store, those of meters are in layers instead.
    pub(crate) charges: Vec<u8>,
    pub(crate) metered: Vec<u8>,
}

/// The roll-ups at a position of the log.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) covered: Vec<u32>,
    pub(crate) corrections: Corrections,
    pub(crate) charges: ChargeRollUps,
    pub(crate) metered: MeterRollUps,
}

impl Stretch {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.charges.len() + self.metered.len() + 64);
        out.put_var(self.covered.len() as u64);
        for series in &self.covered {
            out.put_var(u64::from(*series));
        }
        out.put_var(self.corrections.len() as u64);
        for (target, fate) in &self.corrections {
            out.put_var(*target);
            // An event is amended by one that comes after it, which is never the first of the log.
            out.put_var(match fate {
                Fate::Voided => 0,
                Fate::Amended(by) => *by,
            });
        }
        for cells in [&self.charges, &self.metered] {
            out.put_var(cells.len() as u64);
            out.extend_from_slice(cells);
        }
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Stretch, Malformed> {
        let mut take = Take(bytes);
        let series = |take: &mut Take<'_>| {
            u32::try_from(take.var()?).map_err(|_| Malformed("a meter has an impossible number"))
        };
        let covered = (0..take.count()?).map(|_| series(&mut take)).collect::<Result<_, _>>()?;
        let correction = |take: &mut Take<'_>| {
            let (target, by) = (take.var()?, take.var()?);
            Ok((target, if by == 0 { Fate::Voided } else { Fate::Amended(by) }))
        };
        let corrections = (0..take.count()?).map(|_| correction(&mut take)).collect::<Result<_, _>>()?;
        let mut cells = || {
            let length = take.size()?;
            take.bytes(length).map(<[u8]>::to_vec)
        };
        let (charges, metered) = (cells()?, cells()?);
        take.end()?;
        Ok(Stretch { covered, corrections, charges, metered })
    }

    /// Adds what the stretch added.
    pub(crate) fn add_to(self, loaded: &mut Loaded) -> Result<(), Malformed> {
        let charges = Cells::<ChargeGroup, Totals>::read(&self.charges)?;
        let metered = Cells::<Series, State>::read(&self.metered)?;
        charges.add_to(&mut loaded.charges);
        metered.add_to(&mut loaded.metered);
        for (target, fate) in self.corrections {
            loaded.corrections.note(target, fate);
        }
        loaded.covered = self.covered;
        Ok(())
    }
}

/// The stored form of no cells.
pub(crate) fn no_cells<G: Group, S: Sum>() -> Vec<u8> {
    Cells::<G, S>::default().encode()
}

/// The stored form of stretches that follow each other.
pub(crate) fn merge_stretches(bodies: &[Vec<u8>]) -> Result<Vec<u8>, Malformed> {
    let stretches = bodies.iter().map(|bytes| Stretch::read(bytes)).collect::<Result<Vec<_>, _>>()?;
    let mut merged =
        Stretch { covered: Vec::new(), corrections: Vec::new(), charges: Vec::new(), metered: Vec::new() };
    let (mut charges, mut metered) = (Vec::new(), Vec::new());
    for stretch in stretches {
        charges.push(stretch.charges);
        metered.push(stretch.metered);
        merged.corrections.extend(stretch.corrections);
        merged.covered = stretch.covered;
    }
    merged.charges = merge_cells::<ChargeGroup, Totals>(&charges)?;
    merged.metered = merge_cells::<Series, State>(&metered)?;
    Ok(merged.encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::projection::rollup::CellKey;
    use crate::embedded::projection::slot::Slot;
    use proptest::prelude::*;
    use usage_domain::decimal::Decimal;
    use usage_domain::meter::Aggregation;
    use usage_domain::meter::aggregate::Sign;
    use usage_domain::meter::value::MeterValue;
    use usage_domain::time::Timestamp;

    fn cell(slot: u32, group: u32, aggregation: Aggregation, sign: Sign) -> (CellKey, State) {
        let time = Timestamp::from_nanos(i64::from(slot) * 900_000_000_000).unwrap();
        let value = MeterValue::Number(Decimal::new(i64::from(slot), 2));
        let key = CellKey { subject: 0, slot: Slot::of(time), group };
        (key, State::of(aggregation, &value, (time, 9), sign).unwrap())
    }

    /// The stored form of a stretch with these cells of "alice".
    fn stretch(cells: Vec<(CellKey, State)>) -> Vec<u8> {
        let groups = (0..9).map(|meter| Series { meter, dimensions: vec![None, Some("x".into())] }).collect();
        let metered = Cells { subjects: vec!["alice".into()], groups, cells }.encode();
        let charges = Cells::<ChargeGroup, Totals>::default().encode();
        let corrections = vec![(3, Fate::Voided), (4, Fate::Amended(7))];
        Stretch { covered: vec![1, 2], corrections, charges, metered }.encode()
    }

    fn sound() -> Vec<u8> {
        let mut cells = Vec::new();
        for slot in [1_900_000, 1_900_200] {
            for (group, (aggregation, _)) in (0..).zip(Aggregation::ALL) {
                cells.push(cell(
                    slot,
                    group,
                    aggregation,
                    if group % 2 == 0 { Sign::Added } else { Sign::Removed },
                ));
            }
        }
        stretch(cells)
    }

    fn load(bytes: &[u8], loaded: &mut Loaded) -> Result<(), Malformed> {
        Stretch::read(bytes)?.add_to(loaded)
    }

    #[test]
    fn a_stretch_gives_back_what_it_was_made_of_and_merges_with_another() {
        let (mut once, mut merged) = (Loaded::default(), Loaded::default());
        load(&sound(), &mut once).unwrap();
        load(&sound(), &mut once).unwrap();
        load(&merge_stretches(&[sound(), sound()]).unwrap(), &mut merged).unwrap();
        assert_eq!(once.metered.by_name(), merged.metered.by_name());
        assert_eq!((once.metered.count(), &once.covered), (18, &merged.covered));
        assert_eq!(once.corrections, merged.corrections);
        assert_eq!(once.corrections.fate(4), Some(Fate::Amended(7)));
    }

    #[test]
    fn cells_that_would_not_add_up_are_refused() {
        let of = |slot, aggregation| cell(slot, 0, aggregation, Sign::Added);
        let twice = stretch(vec![of(1_900_000, Aggregation::Sum), of(1_900_000, Aggregation::Sum)]);
        let kinds = stretch(vec![of(1_900_000, Aggregation::Sum), of(1_900_200, Aggregation::Max)]);
        for (bytes, reason) in
            [(twice, "its cells are not in order"), (kinds, "cells of one group add up in two ways")]
        {
            assert_eq!(load(&bytes, &mut Loaded::default()), Err(Malformed(reason)));
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_are_refused_or_add_up_without_a_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = sound();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            let mut loaded = Loaded::default();
            if load(&bytes, &mut loaded).is_err() {
                prop_assert_eq!(loaded.metered.count(), 0);
            }
        }
    }
}
