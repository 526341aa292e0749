//! Credits: what a customer paid, or was given, before the bill.
//!
//! A grant is drawn down by finalized bills and comes back when they are voided. Everything that happens
//! to it is an entry that is never changed; what is left of it is the sum of its entries, and never below
//! zero. Credits pay in the order of [`in_order`], which is fixed: nobody's credits depend on who asks.

use crate::customer::CustomerId;
use crate::decimal::{Decimal, DecimalError};
use crate::money::Money;
use crate::plan::InvalidPlan;
use crate::time::{Period, Timestamp};
use std::fmt;
use std::str::FromStr;
use ulid::Ulid;

/// Priorities are from 0, which is drawn first, to this.
pub const MAX_PRIORITY: u32 = 1000;

/// The lasting name of a grant: a ULID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId(pub Ulid);

impl FromStr for GrantId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<GrantId, ulid::DecodeError> {
        Ulid::from_string(text).map(GrantId)
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Credit that a customer was granted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose it is.
    pub customer: CustomerId,
    /// What people call it.
    pub name: String,
    /// What was granted, in whole minor units.
    pub amount: Money,
    /// 0 is drawn first.
    pub priority: u32,
    /// It pays bills of periods that end after this moment.
    pub effective_at: Timestamp,
    /// It pays no bills of periods that end after this moment.
    pub expires_at: Option<Timestamp>,
    /// Whether its amount has taxes in it, as what is owed less for a bill has: it pays what bills come to
    /// after their taxes. What was prepaid or given pays before them.
    pub after_taxes: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// What happened to it, oldest first. The first is that it was granted.
    pub entries: Vec<Entry>,
}

/// Something that happened to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EntryKind,
    /// By how much there is more of it, or, below zero, less.
    pub amount: Decimal,
}

/// What happened to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// It was made.
    Granted,
    /// A bill of this id drew on it.
    Drawn(String),
    /// The bill of this id was voided.
    Returned(String),
    /// What was left was taken back.
    Voided,
}

impl Grant {
    /// What is left of it.
    ///
    /// # Errors
    /// None for entries that were added by [`Grant::add`].
    pub fn balance(&self) -> Result<Decimal, DecimalError> {
        self.entries.iter().try_fold(Decimal::ZERO, |sum, entry| sum.add(entry.amount))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// One that is not in whole minor units, takes more than is left, gives back more than its bill drew, or
    /// grants again.
    pub fn add(&mut self, entry: Entry) -> Result<(), InvalidPlan> {
        let overflow = |error: DecimalError| InvalidPlan::new("amount", error.to_string());
        let must = |right: &str| Err(InvalidPlan::must("amount", right, entry.amount));
        if !(Money { amount: entry.amount, ..self.amount }).is_whole() {
            let places = self.amount.currency.minor_digits();
            return must(&format!("an amount with at most {places} decimals"));
        }
        let (least, most) = match &entry.kind {
            EntryKind::Granted if self.entries.is_empty() => (self.amount.amount, self.amount.amount),
            EntryKind::Granted => (Decimal::ZERO, Decimal::ZERO),
            EntryKind::Drawn(_) | EntryKind::Voided => {
                (self.balance().map_err(overflow)?.negate(), Decimal::ZERO)
            }
            EntryKind::Returned(bill) => (Decimal::ZERO, self.drawn_by(bill).map_err(overflow)?),
        };
        if entry.amount < least || entry.amount > most {
            return match least == most {
                true => must(&most.to_string()),
                false => must(&format!("{least} to {most}")),
            };
        }
        self.entries.push(entry);
        Ok(())
    }

    /// What a bill drew and did not give back.
    fn drawn_by(&self, of: &str) -> Result<Decimal, DecimalError> {
        let by = |entry: &&Entry| match &entry.kind {
            EntryKind::Drawn(bill) | EntryKind::Returned(bill) => bill == of,
            EntryKind::Granted | EntryKind::Voided => false,
        };
        let entries = self.entries.iter().filter(by);
        entries.map(|entry| entry.amount).try_fold(Decimal::ZERO, Decimal::sub)
    }

    /// Whether it pays a bill of `period`.
    #[must_use]
    pub fn pays(&self, period: &Period) -> bool {
        self.effective_at < period.end && self.expires_at.is_none_or(|expires| expires >= period.end)
    }

    /// Checks a grant.
    ///
    /// # Errors
    /// The first field that is not as it must be.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        crate::plan::check_name("name", &self.name)?;
        let places = self.amount.currency.minor_digits();
        let amount = self.amount.amount;
        if amount.is_negative() || amount.is_zero() || !self.amount.is_whole() {
            let right = format!("more than zero with at most {places} decimals");
            return Err(InvalidPlan::must("amount", right, amount));
        }
        if self.priority > MAX_PRIORITY {
            return Err(InvalidPlan::must("priority", format!("0 to {MAX_PRIORITY}"), self.priority));
        }
        if let Some(expires) = self.expires_at
            && expires <= self.effective_at
        {
            let right = format!("after {}, when it becomes effective", self.effective_at);
            return Err(InvalidPlan::must("expires_at", right, expires));
        }
        Ok(())
    }
}

/// Puts grants in the order in which they pay: by priority, the sooner to expire first, the older first.
pub fn in_order(grants: &mut [Grant]) {
    grants.sort_by_key(|grant| {
        let expires = grant.expires_at.unwrap_or(Timestamp::MAX);
        (grant.priority, expires, grant.effective_at, grant.id)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntryKind::{Drawn, Granted, Returned, Voided};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn grant(id: u128, amount: &str, priority: u32, effective: &str, expires: &str) -> Grant {
        Grant {
            id: GrantId(Ulid(id)),
            customer: CustomerId(Ulid(1)),
            name: "prepaid".into(),
            amount: Money { amount: amount.parse().unwrap(), currency: "USD".parse().unwrap() },
            priority,
            effective_at: at(effective),
            expires_at: (!expires.is_empty()).then(|| at(expires)),
            after_taxes: false,
            created_at: Timestamp::MIN,
            entries: Vec::new(),
        }
    }

    #[test]
    fn what_is_left_is_never_below_zero_nor_more_than_was_granted() {
        let bill = |of: &str| of.to_string();
        let mut grant = grant(1, "100", 0, "2026-01-01T00:00:00Z", "");
        for (kind, amount, left, refused) in [
            (Drawn(bill("a")), "-1", "0", "amount: must be 0, not -1"),
            (Granted, "50", "0", "amount: must be 100, not 50"),
            (Granted, "100", "100", ""),
            (Granted, "100", "100", "amount: must be 0, not 100"),
            (Drawn(bill("a")), "-60", "40", ""),
            (Drawn(bill("b")), "-40.01", "40", "amount: must be -40 to 0, not -40.01"),
            (
                Drawn(bill("b")),
                "-0.001",
                "40",
                "amount: must be an amount with at most 2 decimals, not -0.001",
            ),
            (Drawn(bill("b")), "5", "40", "amount: must be -40 to 0, not 5"),
            (Drawn(bill("b")), "-30", "10", ""),
            // A bill gives back what it drew, and once.
            (Returned(bill("b")), "31", "10", "amount: must be 0 to 30, not 31"),
            (Returned(bill("c")), "1", "10", "amount: must be 0, not 1"),
            (Returned(bill("b")), "30", "40", ""),
            (Returned(bill("b")), "30", "40", "amount: must be 0, not 30"),
            (Returned(bill("a")), "-1", "40", "amount: must be 0 to 60, not -1"),
            (Voided, "-40", "0", ""),
            (Returned(bill("a")), "60", "60", ""),
        ] {
            let entry = Entry { at: Timestamp::MIN, kind, amount: amount.parse().unwrap() };
            let shown = grant.add(entry).map_or_else(|invalid| invalid.to_string(), |()| String::new());
            assert_eq!((&*shown, &*grant.balance().unwrap().to_string()), (refused, left));
        }
    }

    #[test]
    fn a_grant_pays_the_months_that_end_while_it_is_there() {
        let november = Period { start: at("2026-11-01T00:00:00Z"), end: at("2026-12-01T00:00:00Z") };
        for (effective, expires, pays) in [
            ("2026-11-30T23:59:59Z", "", true),
            ("2026-12-01T00:00:00Z", "", false),
            ("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z", true),
            ("2026-01-01T00:00:00Z", "2026-11-30T23:59:59Z", false),
        ] {
            assert_eq!(grant(1, "1", 0, effective, expires).pays(&november), pays, "{effective} {expires}");
        }
    }

    #[test]
    fn grants_pay_in_an_order_of_their_own_whoever_asks() {
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let mut grants = [
            grant(6, "1", 5, early, late),
            grant(5, "1", 0, late, ""),
            grant(4, "1", 0, early, ""),
            grant(3, "1", 0, early, ""),
            grant(2, "1", 0, early, "2027-02-01T00:00:00Z"),
            grant(1, "1", 0, late, "2027-01-01T00:00:00Z"),
        ];
        let ordered = [1, 2, 3, 4, 5, 6].map(|id| GrantId(Ulid(id)));
        for _ in 0..grants.len() {
            grants.rotate_left(1);
            let mut shuffled = grants.clone();
            in_order(&mut shuffled);
            assert_eq!(shuffled.map(|grant| grant.id), ordered);
        }
    }

    #[test]
    fn a_grant_that_makes_no_sense_is_refused() {
        let from = "2026-01-01T00:00:00Z";
        for (grant, reason) in [
            (grant(1, "0", 0, from, ""), "amount: must be more than zero with at most 2 decimals, not 0"),
            (grant(1, "-5", 0, from, ""), "amount: must be more than zero with at most 2 decimals, not -5"),
            (
                grant(1, "0.001", 0, from, ""),
                "amount: must be more than zero with at most 2 decimals, not 0.001",
            ),
            (grant(1, "1", 1001, from, ""), "priority: must be 0 to 1000, not 1001"),
            (
                grant(1, "1", 0, from, from),
                "expires_at: must be after 2026-01-01T00:00:00Z, when it becomes effective, not 2026-01-01T00:00:00Z",
            ),
        ] {
            assert_eq!(grant.check().unwrap_err().to_string(), reason);
        }
        assert_eq!(grant(1, "0.01", 1000, from, "").check(), Ok(()));
    }
}
