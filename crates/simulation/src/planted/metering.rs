//! Rows of meters that count some events once too often, or not at all.

use std::sync::Arc;
use usage_domain::event::UsageEvent;
use usage_domain::meter::aggregate::Sign;
use usage_domain::meter::collect::Collector;
use usage_domain::meter::query::{MeterQuery, MeterRow, Part, QueryError, Scope};
use usage_domain::meter::{Aggregation, Meter};
use usage_domain::time::Period;
use usage_store::{MeterSet, StoreError, meter};

/// Adds these events to the rows of a meter, or takes them away; where it adds up, their values as well.
pub(super) fn count(
    rows: &mut Vec<MeterRow>,
    (of, query): (&Meter, &MeterQuery),
    events: &[UsageEvent],
    sign: Sign,
) -> Result<(), StoreError> {
    let adds_up = matches!(of.draft.aggregation, Aggregation::Sum | Aggregation::Count);
    for more in rows_of(of, query, events)? {
        let is_of = |row: &&mut MeterRow| {
            (&row.label, &row.subject, &row.dimensions) == (&more.label, &more.subject, &more.dimensions)
                && (query.window.is_none() || row.window == more.window)
        };
        let Some(row) = rows.iter_mut().find(is_of) else { continue };
        if adds_up {
            let value = if sign == Sign::Added { more.value } else { more.value.negate() };
            row.value = row.value.add(value).map_err(QueryError::Sum)?;
        }
        row.events = match sign {
            Sign::Added => row.events + more.events,
            Sign::Removed => row.events.saturating_sub(more.events),
        };
    }
    if !of.draft.aggregation.is_level() {
        rows.retain(|row| row.events > 0);
    }
    Ok(())
}

/// The rows of these events alone.
fn rows_of(of: &Meter, query: &MeterQuery, events: &[UsageEvent]) -> Result<Vec<MeterRow>, QueryError> {
    let set = MeterSet::new([Arc::new(of.clone())]);
    let mut collector = Collector::new(of, query)?;
    for (order, event) in (0..).zip(events) {
        for (_, measured) in meter(event.borrowed(), &set) {
            let Ok(measured) = measured else { continue };
            let parts = match &query.scope {
                Scope::Everybody => vec![(None, Period::ALWAYS)],
                Scope::Parts(parts) => {
                    let own = |part: &&Part| part.subject == event.subject;
                    parts.iter().filter(own).map(|part| (part.label, part.period)).collect()
                }
            };
            for (label, period) in parts {
                if let Some(origin) = collector.origin(&event.subject, label, period) {
                    collector.event(&origin, (event.time, order), &measured)?;
                }
            }
        }
    }
    collector.finish()
}
