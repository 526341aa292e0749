//! The meters of the model: which there are, and what becomes of a wish for one.

use super::catalog::Refusal;
use std::collections::BTreeSet;
use usage_domain::event::{AMEND_TYPE, VOID_TYPE};
use usage_domain::meter::{Aggregation, Meter, MeterDraft, MeterId};
use usage_domain::time::Timestamp;

/// The number of sums that no store gave yet.
const UNKNOWN: u32 = 0;

/// All meters, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Meters {
    live: Vec<Meter>,
    /// Numbers that sums ever had: no other sums may have them.
    numbers: BTreeSet<u32>,
}

impl Meters {
    pub(crate) fn live(&self) -> &[Meter] {
        &self.live
    }

    pub(crate) fn create(
        &mut self,
        id: MeterId,
        draft: &MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, Refusal> {
        let draft = checked(draft)?;
        if self.live.iter().any(|meter| meter.draft.key == draft.key) {
            return Err(Refusal::Conflict);
        }
        let meter = Meter { id, series: UNKNOWN, draft, created_at: now, updated_at: now };
        self.live.push(meter.clone());
        Ok(meter)
    }

    pub(crate) fn update(
        &mut self,
        id: MeterId,
        draft: &MeterDraft,
        now: Timestamp,
    ) -> Result<Meter, Refusal> {
        let draft = checked(draft)?;
        let meter = self.live.iter_mut().find(|meter| meter.id == id).ok_or(Refusal::NoMeter)?;
        let old = &meter.draft;
        let is_another = draft.key != old.key
            || draft.aggregation != old.aggregation
            || draft.event_type != old.event_type
            || draft.value_property != old.value_property
            || draft.event_from != old.event_from;
        if is_another {
            return Err(Refusal::Conflict);
        }
        if draft.dimensions != old.dimensions {
            meter.series = UNKNOWN;
        }
        (meter.draft, meter.updated_at) = (draft, now);
        Ok(meter.clone())
    }

    pub(crate) fn delete(&mut self, id: MeterId) -> Result<(), Refusal> {
        let place = self.live.iter().position(|meter| meter.id == id).ok_or(Refusal::NoMeter)?;
        self.live.remove(place);
        Ok(())
    }

    /// Takes the number that a store gave to a meter's sums, where another one is due.
    pub(crate) fn number(&mut self, made: &Meter) -> Result<(), String> {
        let Some(meter) = self.live.iter_mut().find(|meter| meter.id == made.id) else { return Ok(()) };
        if meter.series == UNKNOWN {
            if made.series == UNKNOWN || !self.numbers.insert(made.series) {
                return Err(format!("meter {} has number {} of other sums", made.draft.key, made.series));
            }
            meter.series = made.series;
        }
        Ok(())
    }
}

/// The draft as it is kept, if it is a meter's.
fn checked(draft: &MeterDraft) -> Result<MeterDraft, Refusal> {
    let mut draft = draft.clone();
    draft.dimensions.sort_by(|a, b| a.name.cmp(&b.name));
    let mut names: Vec<&str> = draft.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    names.dedup();
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_key = draft.key.chars().all(is_plain) && draft.key.split('_').all(|part| !part.is_empty());
    let needs_value = draft.aggregation != Aggregation::Count && draft.value_property.is_none();
    let is_invalid = !is_key
        || needs_value
        || names.len() < draft.dimensions.len()
        || names.contains(&"subject")
        || [VOID_TYPE, AMEND_TYPE].contains(&draft.event_type.as_str());
    if is_invalid {
        return Err(Refusal::Invalid);
    }
    if draft.aggregation == Aggregation::Count {
        draft.value_property = None;
    }
    Ok(draft)
}
