//! The postings of the model.

use super::Model;
use crate::figure::Figure;
use std::collections::BTreeMap;
use usage_domain::customer::{Customer, CustomerId};
use usage_domain::posting::{PostOutcome, Posting};
use usage_domain::time::{Month, Timestamp};

/// A posting, with its amount as it is kept here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) id: u64,
    pub(crate) accumulated: Option<Figure>,
    pub(crate) currency: String,
    pub(crate) changes: u64,
    pub(crate) position: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Postings by customer and month.
pub(crate) type Postings = BTreeMap<(CustomerId, Month), Posted>;

/// What posting leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Posted(Posted),
    NothingNew(Posted),
    NoUsage,
}

impl Posted {
    pub(crate) fn of(posting: &Posting) -> Posted {
        Posted {
            id: posting.id,
            accumulated: Figure::of(posting.accumulated.amount),
            currency: posting.accumulated.currency.code().to_string(),
            changes: posting.changes,
            position: posting.position.events(),
            created_at: posting.created_at,
            updated_at: posting.updated_at,
        }
    }
}

impl Outcome {
    pub(crate) fn of(outcome: &PostOutcome) -> Outcome {
        match outcome {
            PostOutcome::Posted(posting) => Outcome::Posted(Posted::of(posting)),
            PostOutcome::NothingNew(posting) => Outcome::NothingNew(Posted::of(posting)),
            PostOutcome::NoUsage => Outcome::NoUsage,
        }
    }
}

impl Model {
    /// Posts a customer's month.
    pub(crate) fn post(&mut self, customer: &Customer, month: Month, now: Timestamp) -> Outcome {
        let (total, changes) = self.total(customer, month);
        let before = self.catalog.postings.get(&(customer.id, month)).cloned();
        let next = self.catalog.postings.len() as u64 + 1;
        match &before {
            None if changes == 0 => return Outcome::NoUsage,
            Some(before) if before.changes == changes => return Outcome::NothingNew(before.clone()),
            _ => {}
        }
        let posted = Posted {
            id: before.as_ref().map_or(next, |before| before.id),
            accumulated: Some(total),
            currency: customer.currency.code().to_string(),
            changes,
            position: self.log.count(),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        };
        self.catalog.postings.insert((customer.id, month), posted.clone());
        Outcome::Posted(posted)
    }
}
