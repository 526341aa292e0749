//! A customer's finalized bills by month: which months are billed, and by what.
//!
//! A month before one that is billed either has a bill of its own, is still open to have one (because its
//! bill was voided, or because it was left out when it had something to bill), or was passed over: there was
//! nothing to bill. What comes of such a month later is on the next bill, and it is never billed by itself.
//!
//! The record of it is what two who finalize at once agree on: each names the one that it read.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use usage_domain::time::{Month, Timestamp, Zone};

/// A customer's finalized bills that are not void, by month.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct History {
    pub(crate) bills: Vec<Past>,
    /// Months without a bill that can still have one, though a later one has.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) open: BTreeSet<String>,
}

/// Months in a row: the first, and the first behind them.
pub(crate) type Stretch = (Month, Month);

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

    /// The first bill of a later month, where a month was passed over.
    pub(crate) fn passed_over_by(&self, month: Month) -> Option<(Month, &Past)> {
        let later = self.months().find(|(later, _)| *later > month);
        later.filter(|_| self.bill(month).is_none() && !self.open.contains(&month.to_string()))
    }

    /// All months that were passed over.
    pub(crate) fn passed_over(&self) -> Vec<Stretch> {
        let Some(last) = self.last() else { return Vec::new() };
        let open = self.open.iter().filter_map(|month| month.parse().ok());
        let others: BTreeSet<Month> = self.months().map(|(month, _)| month).chain(open).collect();
        let (mut from, mut stretches) = (first(), Vec::new());
        for month in others.into_iter().filter(|month| *month <= last) {
            if from < month {
                stretches.push((from, month));
            }
            let Some(next) = month.next() else { break };
            from = next;
        }
        stretches
    }

    /// The months that a bill of `month` would be the first to leave behind.
    pub(crate) fn left_behind(&self, month: Month) -> Option<Stretch> {
        let from = self.last().map_or(Some(first()), Month::next)?;
        (from < month).then_some((from, month))
    }

    pub(crate) fn add(&mut self, month: Month, id: String, number: String) {
        self.open.remove(&month.to_string());
        self.bills.push(Past { month: month.to_string(), id, number });
        self.bills.sort_by(|a, b| a.month.cmp(&b.month));
    }

    /// Takes the bill of this id out: its month is open again.
    pub(crate) fn remove(&mut self, id: &str) {
        let months = self.bills.iter().filter(|past| past.id == id).map(|past| past.month.clone());
        self.open.extend(months);
        self.bills.retain(|past| past.id != id);
    }
}

/// The first month that is kept.
fn first() -> Month {
    Timestamp::MIN.month(&Zone::utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_before_a_billed_one_is_billed_open_or_passed_over() {
        let mut history = History::default();
        assert_eq!(history.passed_over(), []);
        assert_eq!(history.left_behind(month("1970-01")), None);
        assert_eq!(history.left_behind(month("2026-03")), Some((first(), month("2026-03"))));
        history.open.insert("2026-01".into());
        for (of, id) in [("2026-03", "a"), ("2026-06", "b"), ("2026-07", "c")] {
            history.add(month(of), id.into(), id.into());
        }
        let stretches = [
            (first(), month("2026-01")),
            (month("2026-02"), month("2026-03")),
            (month("2026-04"), month("2026-06")),
        ];
        assert_eq!(history.passed_over(), stretches);
        assert_eq!(history.left_behind(month("2026-07")), None);
        assert_eq!(history.left_behind(month("2026-08")), None);
        assert_eq!(history.left_behind(month("2026-09")), Some((month("2026-08"), month("2026-09"))));
        for (of, by) in [
            ("2026-01", None),
            ("2026-02", Some("a")),
            ("2026-03", None),
            ("2026-05", Some("b")),
            ("2026-08", None),
        ] {
            assert_eq!(history.passed_over_by(month(of)).map(|(_, past)| past.id.as_str()), by, "{of}");
        }
        // A void bill opens its month; its next bill closes it.
        history.remove("a");
        assert_eq!(history.passed_over_by(month("2026-03")), None);
        assert_eq!(history.passed_over_by(month("2026-02")).unwrap().1.id, "b");
        history.add(month("2026-03"), "d".into(), "d".into());
        assert_eq!(history.passed_over(), stretches);
    }
}
