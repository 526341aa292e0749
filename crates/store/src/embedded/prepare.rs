//! What can be done for a request before the writer: hashes, duplicates within the request, the
//! order of rows, what each event contributes, the bytes of the block. Runs in the request's own
//! thread and touches nothing that is shared.

use super::projection::claims::HashKey;
use super::shared::Weight;
use crate::format::block;
use crate::measure::{Measured, measure};
use hashbrown::HashTable;
use usage_domain::charge::Charge;
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
    pub(crate) charge: Option<Charge>,
}

/// An event of the same source and id as an earlier one of the request.
pub(crate) struct Repeat {
    pub(crate) place: usize,
    /// The place of the earlier one.
    pub(crate) first: usize,
    pub(crate) content: u64,
}

pub(crate) fn prepare(events: Vec<UsageEvent>, received: Timestamp, key: &HashKey) -> Prepared {
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
        let charge = match measure(&event) {
            Measured::Charge(charge) => Some(charge),
            Measured::Nothing | Measured::Invalid(_) => None,
        };
        rows.push(Row { event, place, claim, content, charge });
    }
    let order = order(&rows);
    let in_order = order.iter().map(|place| (&rows[*place].event, rows[*place].content));
    let sections = block::encode(in_order);
    let text = rows.iter().map(|row| text(&row.event)).sum();
    Prepared { rows, order, repeats, verdicts, sections, received, text }
}

/// The places of rows by subject and time; those of one subject and time stay in the order sent.
/// The rows themselves stay where they are: they are large.
fn order(rows: &[Row]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let key = |row: &usize| (&rows[*row].event.subject, rows[*row].event.time);
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
