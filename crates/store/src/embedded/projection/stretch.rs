//! The stored form of what a stretch of the log added to the roll-ups: which meters they cover, what
//! became of corrected events, the cells of charges and those of meters.
//!
//! A meter that is not covered has no cells here: its usage is added up once it is.

use super::cells::{Cells, merge_cells};
use super::charges::ChargeRollUps;
use super::corrections::{Corrections, Fate};
use super::metered::{MeterRollUps, Series};
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
    /// Cells, in their stored form.
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
