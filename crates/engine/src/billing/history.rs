//! A customer's finalized bills by month: which months are billed, and by what.
//!
//! The record of it is what two who finalize at once agree on: each names the one that it read.

use serde::{Deserialize, Serialize};
use usage_domain::time::Month;

/// A customer's finalized bills that are not void, by month.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct History {
    pub(crate) bills: Vec<Past>,
}

/// A finalized bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    /// The month, such as `2026-11`.
    pub(crate) month: String,
    /// The id of the bill.
    pub(crate) id: String,
    /// Its number.
    pub(crate) number: String,
}

impl History {
    /// The bill of a month.
    pub(crate) fn bill(&self, month: Month) -> Option<&Past> {
        let text = month.to_string();
        self.bills.iter().find(|past| past.month == text)
    }

    /// The months that are billed, and by what, in their order.
    pub(crate) fn months(&self) -> impl Iterator<Item = (Month, &Past)> {
        self.bills.iter().filter_map(|past| Some((past.month.parse().ok()?, past)))
    }

    /// The last month that is billed.
    pub(crate) fn last(&self) -> Option<Month> {
        self.months().map(|(month, _)| month).max()
    }

    pub(crate) fn add(&mut self, month: Month, id: String, number: String) {
        self.bills.push(Past { month: month.to_string(), id, number });
        self.bills.sort_by(|a, b| a.month.cmp(&b.month));
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.bills.retain(|past| past.id != id);
    }
}
