//! What can be done for a request before the writer: hashes, duplicates within the request, the
//! order of rows, what each event contributes, the bytes of the block. Runs in the request's own
//! thread and touches nothing that is shared.

use super::meters::Meters;
use super::projection::claims::HashKey;
use super::projection::layers::Subjects;
use super::shared::Weight;
use super::worth::{RequestSeries, RowWorth};
use crate::Handling;
use crate::correction::{Correction, correction};
use crate::format::block::fingerprint;
use crate::format::columns::{self, CONTENT, Sections};
use hashbrown::HashTable;
use std::sync::Arc;
use usage_domain::event::{EventBatch, EventRef};
use usage_domain::time::Timestamp;
use usage_domain::verdict::Verdict;
use usage_json::{JsonError, canonical};

/// A request's events, ready for the writer.
pub(crate) struct Prepared {
    batch: EventBatch,
    /// Candidates for the log, in the order of the block: by subject and time.
    rows: Vec<Row>,
    /// Events that name the same claim as an earlier one of the request.
    pub(crate) repeats: Vec<Repeat>,
    /// Verdicts that stand already, by place in the request; `None` for rows and repeats.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    /// The block's sections.
    pub(crate) sections: Sections,
    pub(crate) received: Timestamp,
    pub(crate) handling: Handling,
    /// The meters and dimensions that the rows are of.
    pub(crate) series: RequestSeries,
    /// The meters that the rows were measured with.
    pub(crate) meters: Arc<Meters>,
    /// The numbers of the rows' subjects, of those that had one: in the order of the block.
    pub(crate) numbers: Vec<Option<u32>>,
}

impl Prepared {
    /// Looks up the numbers of the rows' subjects.
    pub(crate) fn look_up(&mut self, subjects: &Subjects) {
        self.numbers = subjects.find_all(self.rows().map(|row| self.subject_and_time(row).0));
    }

    /// Candidates for the log, in the order of the block.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.iter()
    }

    /// The candidate at this place of the block.
    pub(crate) fn row(&self, place: usize) -> &Row {
        &self.rows[place]
    }

    /// The event of a row.
    pub(crate) fn event(&self, row: &Row) -> EventRef<'_> {
        self.batch.get(row.place)
    }

    /// The source and the id of a row's event.
    pub(crate) fn name(&self, row: &Row) -> (&str, &str) {
        self.batch.name(row.place)
    }

    /// The subject of a row's event, and its time.
    pub(crate) fn subject_and_time(&self, row: &Row) -> (&str, Timestamp) {
        self.batch.subject_and_time(row.place)
    }

    /// The event at this place of the request.
    pub(crate) fn sent(&self, place: usize) -> EventRef<'_> {
        self.batch.get(place)
    }

    /// Whether an event cannot be stored, whatever is in the log.
    pub(crate) fn has_rejected(&self) -> bool {
        self.verdicts.iter().any(Option::is_some)
    }

    pub(crate) fn weight(&self) -> Weight {
        let rows = self.rows.len() * size_of::<Row>();
        Weight { events: self.rows.len(), bytes: self.batch.weight() + rows + self.sections.bytes.len() }
    }
}

/// An event that is stored unless the log has it already.
pub(crate) struct Row {
    /// Its place in the request.
    pub(crate) place: usize,
    pub(crate) time: Timestamp,
    /// Keyed hash of (source, id).
    pub(crate) claim: u64,
    /// Keyed hash of the content, letter by letter, as far as it is kept.
    pub(crate) content: u64,
    pub(crate) worth: RowWorth,
    /// What it corrects, and how.
    pub(crate) correction: Option<Box<Correction>>,
}

/// An event of the same source and id as an earlier one of the request.
pub(crate) struct Repeat {
    pub(crate) place: usize,
    /// The place of the earlier one.
    pub(crate) first: usize,
}

pub(crate) fn prepare(
    batch: EventBatch,
    received: Timestamp,
    handling: Handling,
    key: &HashKey,
    meters: Arc<Meters>,
) -> Prepared {
    let mut verdicts = vec![None; batch.len()];
    let (mut repeats, mut series) = (Vec::new(), RequestSeries::default());
    let mut rows: Vec<Row> = Vec::with_capacity(batch.len());
    let mut seen: HashTable<u32> = HashTable::with_capacity(batch.len());
    for (place, event) in batch.iter().enumerate() {
        let correction = match check(event) {
            Ok(correction) => correction,
            Err(reason) => {
                verdicts[place] = Some(Verdict::Rejected(reason));
                continue;
            }
        };
        let claim = key.claim(event.source, event.id);
        let same = |row: &u32| {
            let first: &Row = &rows[*row as usize];
            first.claim == claim && batch.name(first.place) == (event.source, event.id)
        };
        if let Some(row) = seen.find(claim, same) {
            repeats.push(Repeat { place, first: rows[*row as usize].place });
            continue;
        }
        let number = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        seen.insert_unique(claim, number, |row| rows[*row as usize].claim);
        let worth = match correction {
            None => series.worth(event, &meters.set),
            Some(_) => RowWorth::default(),
        };
        let (time, content) = (event.time, content(event, key));
        rows.push(Row { place, time, claim, content, worth, correction });
    }
    let rows = in_order(&batch, rows);
    let sections = columns::encode(rows.iter().map(|row| (batch.get(row.place), row.content)));
    let numbers = Vec::new();
    Prepared { batch, rows, repeats, verdicts, sections, received, handling, series, meters, numbers }
}

/// Checks what whoever read the event did not: that its texts are unambiguous, and that a correction says
/// what it corrects.
fn check(event: EventRef<'_>) -> Result<Option<Box<Correction>>, String> {
    if event.members.is_none() {
        let mut form = Vec::new();
        for text in [event.data, event.extensions].into_iter().flatten() {
            canonical(text, &mut form).map_err(|reason: JsonError| format!("data: {reason}"))?;
        }
    }
    Ok(correction(event).transpose()?.map(Box::new))
}

/// Rows by subject and time; those of one subject and time stay in the order sent. Corrections come last, in
/// the order sent: of two, the later counts.
fn in_order(batch: &EventBatch, rows: Vec<Row>) -> Vec<Row> {
    let key = |(place, row): (u32, &Row)| {
        let (subject, time) = batch.subject_and_time(row.place);
        // By a short name of the subject: what matters is that each subject's rows stand together.
        let by = match row.correction {
            None => u128::from(fingerprint(subject)) << 63 | u128::from(time.nanos().unsigned_abs()),
            Some(_) => 1 << 95,
        };
        by << 32 | u128::from(place)
    };
    let mut keys: Vec<u128> = (0..).zip(&rows).map(key).collect();
    keys.sort_unstable();
    // The writer reads them one after the other, so that they are moved once here.
    let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
    let place = |key: u128| usize::try_from(key & u128::from(u32::MAX)).unwrap_or(usize::MAX);
    keys.into_iter().filter_map(|key| rows.get_mut(place(key))?.take()).collect()
}

/// The hash of an event's content as sent, letter by letter: events of one hash have the same content,
/// others may have. A time that the server filled in is not part of it.
fn content(event: EventRef<'_>, key: &HashKey) -> u64 {
    let time = event.time_given.then(|| event.time.nanos().to_le_bytes());
    let time = time.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    let (data, extensions) = (event.data.unwrap_or_default(), event.extensions.unwrap_or_default());
    key.hash(&[
        event.event_type.as_bytes(),
        event.subject.as_bytes(),
        time,
        data.as_bytes(),
        extensions.as_bytes(),
    ]) & CONTENT
}

/// Whether two hashes of contents are the same, as far as both are kept: once they were kept whole.
pub(crate) fn same_hash(a: u64, b: u64) -> bool {
    (a ^ b) & CONTENT == 0
}

/// Whether two events have the same content: numbers are compared by value, and members in any order.
pub(crate) fn same_content(a: EventRef<'_>, b: EventRef<'_>) -> bool {
    let form = |text: Option<&str>| {
        let mut form = Vec::new();
        // What is stored was unambiguous when it came.
        text.map(|text| canonical(text, &mut form).map(|()| form)).transpose().ok()
    };
    let time = |event: EventRef<'_>| event.time_given.then_some(event.time);
    (a.event_type, a.subject, time(a)) == (b.event_type, b.subject, time(b))
        && form(a.data) == form(b.data)
        && form(a.extensions) == form(b.extensions)
}
