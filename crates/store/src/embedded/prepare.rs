//! What can be done for a request before the writer: hashes, duplicates within the request, the
//! order of rows, what each event contributes, the bytes of the block. Runs in the request's own
//! thread and touches nothing that is shared.

use super::meters::Meters;
use super::projection::claims::HashKey;
use super::shared::Weight;
use super::worth::Worth;
use crate::Handling;
use crate::correction::{Correction, correction};
use crate::format::block;
use hashbrown::HashTable;
use std::sync::Arc;
use usage_domain::event::UsageEvent;
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;
use usage_json::{JsonError, canonical};

/// A request's events, ready for the writer.
pub(crate) struct Prepared {
    /// Candidates for the log, in the order sent.
    rows: Vec<Row>,
    /// Their places in the order of the block: by subject and time.
    order: Vec<usize>,
    /// Events that name the same claim as an earlier one of the request.
    pub(crate) repeats: Vec<Repeat>,
    /// Verdicts that stand already, by place in the request; `None` for rows and repeats.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    /// The block's sections.
    pub(crate) sections: Vec<u8>,
    pub(crate) received: Timestamp,
    pub(crate) handling: Handling,
    /// The meters that the rows were measured with.
    pub(crate) meters: Arc<Meters>,
    /// Bytes of the rows' texts.
    text: usize,
}

impl Prepared {
    /// Candidates for the log, in the order of the block.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.order.iter().map(|place| &self.rows[*place])
    }

    /// The candidate at this place of the block.
    pub(crate) fn row(&self, place: usize) -> &Row {
        &self.rows[self.order[place]]
    }

    /// Whether an event cannot be stored, whatever is in the log.
    pub(crate) fn has_rejected(&self) -> bool {
        self.verdicts.iter().any(Option::is_some)
    }

    pub(crate) fn weight(&self) -> Weight {
        let rows = self.rows.len() * size_of::<Row>();
        Weight { events: self.rows.len(), bytes: self.text + rows + self.sections.len() }
    }
}

/// An event that is stored unless the log has it already.
pub(crate) struct Row {
    pub(crate) event: UsageEvent,
    /// Its place in the request.
    pub(crate) place: usize,
    /// Keyed hash of (source, id).
    pub(crate) claim: u64,
    /// Keyed hash of the content as sent.
    pub(crate) content: u64,
    pub(crate) worth: Worth,
    /// What it corrects, and how.
    pub(crate) correction: Option<Correction>,
}

/// An event of the same source and id as an earlier one of the request.
pub(crate) struct Repeat {
    pub(crate) place: usize,
    /// The place of the earlier one.
    pub(crate) first: usize,
    pub(crate) content: u64,
}

pub(crate) fn prepare(
    events: Vec<UsageEvent>,
    received: Timestamp,
    handling: Handling,
    key: &HashKey,
    meters: Arc<Meters>,
) -> Prepared {
    let mut verdicts = vec![None; events.len()];
    let mut repeats = Vec::new();
    let mut rows: Vec<Row> = Vec::with_capacity(events.len());
    let mut seen: HashTable<usize> = HashTable::with_capacity(events.len());
    let mut scratch = Vec::new();
    for (place, event) in events.into_iter().enumerate() {
        let content = match content(&event, key, &mut scratch) {
            Ok(content) => content,
            Err(reason) => {
                verdicts[place] = Some(Verdict::Rejected(format!("data: {reason}")));
                continue;
            }
        };
        let correction = match correction(&event).transpose() {
            Ok(correction) => correction,
            Err(reason) => {
                verdicts[place] = Some(Verdict::Rejected(reason));
                continue;
            }
        };
        let claim = key.claim(&event.source, &event.id);
        let same = |row: &usize| {
            let first: &Row = &rows[*row];
            first.claim == claim && first.event.source == event.source && first.event.id == event.id
        };
        if let Some(row) = seen.find(claim, same) {
            repeats.push(Repeat { place, first: rows[*row].place, content });
            continue;
        }
        seen.insert_unique(claim, rows.len(), |row| rows[*row].claim);
        let worth = if correction.is_none() { Worth::of(&event, &meters.set) } else { Worth::default() };
        rows.push(Row { event, place, claim, content, worth, correction });
    }
    let order = order(&rows);
    let in_order = order.iter().map(|place| (&rows[*place].event, rows[*place].content));
    let sections = block::encode(in_order);
    let text = rows.iter().map(|row| text(&row.event)).sum();
    Prepared { rows, order, repeats, verdicts, sections, received, handling, meters, text }
}

/// The places of rows by subject and time; those of one subject and time stay in the order sent.
/// Corrections come last, in the order sent: of two, the later counts. The rows themselves stay where
/// they are: they are large.
fn order(rows: &[Row]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let key = |place: &usize| {
        let row = &rows[*place];
        match row.correction {
            None => (false, row.event.subject.as_str(), row.event.time),
            Some(_) => (true, "", Timestamp::MIN),
        }
    };
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    order
}

/// Bytes of an event's texts.
fn text(event: &UsageEvent) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let names = event.id.len() + event.source.len() + event.event_type.len() + event.subject.len();
    names + optional(&event.data) + optional(&event.extensions)
}

/// The hash of an event's content as sent: a time that the server filled in is not part of it.
fn content(event: &UsageEvent, key: &HashKey, scratch: &mut Vec<u8>) -> Result<u64, JsonError> {
    scratch.clear();
    if let Some(data) = &event.data {
        canonical(data, scratch)?;
    }
    let data = scratch.len();
    if let Some(extensions) = &event.extensions {
        canonical(extensions, scratch)?;
    }
    let (data, extensions) = scratch.split_at(data);
    let time = event.time_given.then(|| event.time.nanos().to_le_bytes());
    let time = time.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    Ok(key.hash(&[event.event_type.as_bytes(), event.subject.as_bytes(), time, data, extensions]))
}
