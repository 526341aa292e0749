//! Stored events as they count: taken back, amended, or as sent.

use super::log::segment::LogIndex;
use super::projection::corrections::{Corrections, Fate};
use crate::StoreError;
use crate::correction::{correction, is_correction};
use usage_domain::event::StoredEvent;

/// Looks up single events of the log; remembers the block that it read last.
#[derive(Default)]
pub(crate) struct Lookup {
    last: Option<(u64, Vec<StoredEvent>)>,
}

impl Lookup {
    /// The event of this sequence.
    pub(crate) fn event(&mut self, log: &LogIndex, sequence: u64) -> Result<&StoredEvent, StoreError> {
        let place = |first: u64| usize::try_from(sequence.wrapping_sub(first)).unwrap_or(usize::MAX);
        let known = self.last.as_ref().is_some_and(|(first, events)| place(*first) < events.len());
        if !known {
            let record = log.holding(sequence).ok_or_else(|| missing(sequence))?;
            self.last = Some(log.segment(&record).block_with(record.offset, sequence)?);
        }
        let found = self.last.as_ref().and_then(|(first, events)| events.get(place(*first)));
        found.ok_or_else(|| missing(sequence))
    }

    /// The data that the amendment of this sequence gives.
    pub(crate) fn amended(&mut self, log: &LogIndex, by: u64) -> Result<Option<String>, StoreError> {
        Ok(amended_data(self.event(log, by)?))
    }

    /// An event as it counts; `None` where it does not, because it was taken back or is itself a correction.
    pub(crate) fn effective(
        &mut self,
        log: &LogIndex,
        corrections: &Corrections,
        mut stored: StoredEvent,
    ) -> Result<Option<StoredEvent>, StoreError> {
        if is_correction(&stored.event.event_type) {
            return Ok(None);
        }
        match corrections.fate(stored.sequence) {
            None => {}
            Some(Fate::Voided) => return Ok(None),
            Some(Fate::Amended(by)) => stored.event.data = self.amended(log, by)?,
        }
        Ok(Some(stored))
    }
}

/// The data that an amendment gives.
pub(crate) fn amended_data(stored: &StoredEvent) -> Option<String> {
    correction(stored.event.borrowed())?.ok()?.data
}

fn missing(sequence: u64) -> StoreError {
    StoreError::Catalog(format!("event {sequence} is named and not in the log; run 'usage_app rebuild'"))
}
