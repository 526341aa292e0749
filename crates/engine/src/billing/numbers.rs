//! Numbers without gaps: which is next, and which bill has which.
//!
//! Bills that are written together get their numbers together: one record says which they are, and is found by
//! any of them. The counter that makes the numbers theirs, the bills and this record are written in one call,
//! so that a number without a bill never exists, nor a bill without a number.

use super::records::{put, was};
use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use usage_store::{DocumentWrite, Expect, Kind};

/// What bills count with.
pub(crate) const BILLS: &str = "bills";
/// What credit notes count with.
pub(crate) const CREDIT_NOTES: &str = "credit_notes";
/// The fewest digits of a number.
const DIGITS: usize = 6;
/// The most digits of a number that is looked for: more than any counter has.
const MOST_DIGITS: usize = 20;

/// A counter as it was read.
pub(crate) struct Counter {
    of: &'static str,
    expect: Expect,
}

impl Counter {
    /// The write that makes `next` the next number.
    pub(crate) fn take(&self, next: u64) -> DocumentWrite {
        put(Kind::Counter, self.of, None, next.to_string(), self.expect)
    }
}

/// The bills whose numbers follow each other, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    /// What the numbers begin with.
    prefix: String,
    /// The first.
    first: u64,
    /// The ids of the bills.
    bills: Vec<String>,
}

impl Numbered {
    pub(crate) fn new(prefix: &str, first: u64) -> Numbered {
        Numbered { prefix: prefix.to_string(), first, bills: Vec::new() }
    }

    /// The number of the next bill, which this is.
    pub(crate) fn add(&mut self, bill: String) -> String {
        let number = self.next();
        self.bills.push(bill);
        shown(&self.prefix, number)
    }

    /// The number that is not taken yet.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.bills.len() as u64
    }

    /// The write that keeps it, found by its last number: bills that are there.
    pub(crate) fn write(&self) -> DocumentWrite {
        let body = serde_json::to_string(self).unwrap_or_default();
        put(Kind::Counter, place(self.next().saturating_sub(1)), None, body, Expect::Absent)
    }

    /// The bill whose number this is, with these digits.
    fn bill(&self, number: &str, figure: u64) -> Option<&String> {
        let at = usize::try_from(figure.checked_sub(self.first)?).ok()?;
        self.bills.get(at).filter(|_| shown(&self.prefix, figure) == number)
    }
}

impl Engine {
    /// The next of some numbers without gaps, and their counter.
    pub(crate) async fn next_number(&self, of: &'static str) -> Result<(u64, Counter), EngineError> {
        let kept = self.record(Kind::Counter, of, |text| text.parse::<u64>()).await?;
        let counter = Counter { of, expect: was(kept.as_ref()) };
        Ok((kept.map_or(1, |kept| kept.value), counter))
    }

    /// The id of the bill that has a number.
    pub(crate) async fn bill_of_number(&self, number: &str) -> Result<Option<String>, EngineError> {
        // What numbers begin with may end with digits, and may have been something else before.
        for figure in figures(number) {
            let before = place(figure.saturating_sub(1));
            let found = self.store.documents(Kind::Counter, Some(&before), 1).await?;
            let Some(found) = found.first().filter(|found| is_place(&found.id)) else { continue };
            let read = |text: &str| serde_json::from_str::<Numbered>(text);
            let numbered = super::records::kept(found, read)?.value;
            if let Some(bill) = numbered.bill(number, figure) {
                return Ok(Some(bill.clone()));
            }
        }
        // Bills had a record of each number once.
        let alone = self.store.document(Kind::Counter, &format!("bill {number}")).await?;
        Ok(alone.map(|document| document.body))
    }
}

/// A number as it is written.
fn shown(prefix: &str, figure: u64) -> String {
    format!("{prefix}{figure:0width$}", width = DIGITS)
}

/// The id of the record whose last number this is: in the order of numbers.
fn place(last: u64) -> String {
    format!("{BILLS} {last:0width$}", width = MOST_DIGITS)
}

fn is_place(id: &str) -> bool {
    id.strip_prefix(BILLS).is_some_and(|rest| rest.starts_with(' '))
}

/// The number of a credit note.
pub(crate) fn note_number(figure: u64) -> String {
    format!("CN-{figure:0width$}", width = DIGITS)
}

/// What a number may be without what it begins with: its last digits, as few as there may be first.
fn figures(number: &str) -> impl Iterator<Item = u64> {
    let digits = number.bytes().rev().take_while(u8::is_ascii_digit).count();
    (DIGITS..=digits.min(MOST_DIGITS)).filter_map(|count| {
        let text = &number[number.len() - count..];
        // More digits than the fewest are of a large number.
        if count > DIGITS && text.starts_with('0') { None } else { text.parse().ok() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_for_by_all_that_its_last_digits_may_be() {
        for (number, should) in [
            ("INV-000012", vec![12]),
            ("INV-1234567", vec![234_567, 1_234_567]),
            ("2026-1000012", vec![12, 1_000_012]),
            ("2000012", vec![12, 2_000_012]),
            ("INV-12", vec![]),
            ("", vec![]),
            ("INV-00001x", vec![]),
            ("99999999999999999999", vec![999_999, 9_999_999, 99_999_999]),
        ] {
            let found: Vec<u64> = figures(number).take(should.len().max(1)).collect();
            let found = if should.is_empty() { figures(number).collect() } else { found };
            assert_eq!(found, should, "{number}");
        }
    }

    #[test]
    fn a_record_knows_its_own_numbers_alone() {
        let mut numbered = Numbered::new("INV-", 999_999);
        assert_eq!(numbered.add("a".into()), "INV-999999");
        assert_eq!(numbered.add("b".into()), "INV-1000000");
        assert_eq!(numbered.next(), 1_000_001);
        let bill = |number: &str, figure| numbered.bill(number, figure).map(String::as_str);
        assert_eq!(bill("INV-999999", 999_999), Some("a"));
        assert_eq!(bill("INV-1000000", 1_000_000), Some("b"));
        // Digits of another number, and another beginning.
        assert_eq!(bill("INV-1000000", 0), None);
        assert_eq!(bill("X-999999", 999_999), None);
        assert_eq!(bill("INV-999998", 999_998), None);
        assert_eq!(bill("INV-1000001", 1_000_001), None);
        assert_eq!(numbered.write().id, "bills 00000000000001000000");
    }
}
