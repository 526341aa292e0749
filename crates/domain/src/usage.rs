//! Usage: what charges add up to, per group, and how changes merge.

use crate::charge::{Charge, ChargeGroup};
use crate::decimal::{Decimal, DecimalError};
use crate::meter::aggregate::Sign;
use crate::position::Position;
use crate::time::Period;

/// What a set of charges of one group adds up to. Totals of disjoint sets merge by addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How often anything changed here: it grows with every event, correction included.
    pub changes: u64,
    /// Charges that count. Of a set that only takes charges back, less than zero.
    pub events: i64,
    /// Units, exactly.
    pub quantity: Decimal,
    /// What they cost, exactly.
    pub amount: Decimal,
}

impl Totals {
    /// The totals of a single charge, or of taking it back.
    #[must_use]
    pub fn of(charge: &Charge, sign: Sign) -> Totals {
        let (quantity, amount) = (charge.quantity, charge.amount);
        match sign {
            Sign::Added => Totals { changes: 1, events: 1, quantity, amount },
            Sign::Removed => {
                Totals { changes: 1, events: -1, quantity: quantity.negate(), amount: amount.negate() }
            }
        }
    }

    /// The totals of both sets.
    ///
    /// # Errors
    /// None for the totals of fewer than 10^20 charges: each figure of a charge has at most 20
    /// digits before and 36 after the point.
    pub fn merge(&mut self, other: &Totals) -> Result<(), DecimalError> {
        self.quantity = self.quantity.add(other.quantity)?;
        self.amount = self.amount.add(other.amount)?;
        self.changes += other.changes;
        self.events += other.events;
        Ok(())
    }
}

/// A customer's usage over a period, at a position of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The log position that all of it is of.
    pub position: Position,
    /// Totals by group, each group once, in the order of groups.
    pub groups: Vec<(ChargeGroup, Totals)>,
}

impl Usage {
    /// How often this usage has changed so far: two readings that differ have new usage between.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.groups.iter().map(|(_, totals)| totals.changes).sum()
    }
}

/// A subject with usage that no customer pays for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidSubject {
    /// The subject of the events.
    pub subject: String,
    /// How many events count at times when no customer pays for it: charges, and for each type of events the
    /// most that a meter of them counts.
    pub events: u64,
}

/// Usage that no customer pays for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unpaid {
    /// The first subjects of it, by name.
    pub subjects: Vec<UnpaidSubject>,
    /// How many subjects there are besides.
    pub more: u64,
    /// The events of all of them.
    pub events: u64,
}

/// Subjects that have usage and are not paid for at all times, whether or not they have usage just then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnpaidTimes {
    /// Each with the times at which no customer pays for it.
    pub subjects: Vec<(String, Vec<Period>)>,
    /// The last that was looked at, where there may be more.
    pub next: Option<String>,
}
