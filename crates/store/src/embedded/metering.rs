//! Answering what a meter is asked: whole cells from the roll-ups, what they cannot tell from the log, all
//! at one position.

use super::effective::Lookup;
use super::log::block::fingerprint;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::corrections::Corrections;
use super::projection::metered::EVERYBODY;
use super::projection::slot::Slot;
use super::shared::{Shared, State};
use crate::StoreError;
use crate::measure::{MeterSet, meter};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use usage_domain::meter::Meter;
use usage_domain::meter::collect::{Collector, Fit, Origin};
use usage_domain::meter::query::{MeterQuery, MeterUsage, QueryError, Scope};
use usage_domain::position::Position;
use usage_domain::time::Period;

/// Usage that only the log can tell: of a subject (of everybody, where `None`) at these times.
struct Gap {
    subject: Option<String>,
    origin: Origin,
    period: Period,
    /// Of these dimensions only; of all, where `None`.
    dimensions: Option<HashSet<Vec<Option<String>>>>,
}

/// What a meter is asked.
pub(super) fn query(
    shared: &Shared,
    meter: &Arc<Meter>,
    query: &MeterQuery,
) -> Result<MeterUsage, StoreError> {
    let state = shared.read();
    let mut collector = Collector::new(meter, query)?;
    let mut gaps = Vec::new();
    let covered = state.meters.covers(meter.series);
    for (subject, origin) in origins(&state, &collector, query, covered) {
        if covered {
            cells(&state, meter, &mut collector, subject, origin, &mut gaps)?;
        } else {
            let period = collector.reach(origin.range);
            gaps.push(Gap { subject, origin, period, dimensions: None });
        }
    }
    let next = state.next;
    if !gaps.is_empty() {
        // The log only grows, so that its first `next` events are the same without the lock.
        let (log, corrections) = (state.log.clone(), state.corrections.clone());
        drop(state);
        fill(&log, &corrections, meter, &mut collector, &gaps, next)?;
    }
    Ok(MeterUsage { position: Position::after(next), rows: collector.finish()? })
}

/// Whose usage is asked for: each subject with its origin, `None` for everybody at once. Where the log is
/// read, it says which subjects there are.
fn origins(
    state: &State,
    collector: &Collector<'_>,
    query: &MeterQuery,
    covered: bool,
) -> Vec<(Option<String>, Origin)> {
    match &query.scope {
        Scope::Parts(parts) => {
            let one = |part: &usage_domain::meter::query::Part| {
                let origin = collector.origin(&part.subject, part.label, part.period)?;
                Some((Some(part.subject.clone()), origin))
            };
            parts.iter().filter_map(one).collect()
        }
        Scope::Everybody if query.by_subject && covered => {
            let subjects = state.metered.subjects().filter(|subject| !subject.is_empty());
            let one = |subject: &String| {
                Some((Some(subject.clone()), collector.origin(subject, None, Period::ALWAYS)?))
            };
            subjects.filter_map(one).collect()
        }
        Scope::Everybody => {
            collector.origin(EVERYBODY, None, Period::ALWAYS).map(|o| (None, o)).into_iter().collect()
        }
    }
}

/// Hands in a subject's cells; notes what they cannot tell.
fn cells(
    state: &State,
    meter: &Meter,
    collector: &mut Collector<'_>,
    subject: Option<String>,
    origin: Origin,
    gaps: &mut Vec<Gap>,
) -> Result<(), QueryError> {
    let reach = collector.reach(origin.range);
    let first = if subject.is_none() { Slot::quarter_of(reach.start) } else { Slot::of(reach.start) };
    let mut cut: HashMap<(i64, i64), HashSet<Vec<Option<String>>>> = HashMap::new();
    for (slot, group, sum) in state.metered.cells_of(subject.as_deref().unwrap_or_default(), first) {
        let cell = if subject.is_none() { slot.quarter() } else { slot.period() };
        if cell.start >= reach.end {
            break;
        }
        let series = state.metered.group(*group);
        if series.meter != meter.series {
            continue;
        }
        if let Fit::Cut(part) = collector.cell(&origin, &series.dimensions, cell, sum)? {
            let key = (part.start.nanos(), part.end.nanos());
            cut.entry(key).or_default().insert(series.dimensions.clone());
        }
    }
    for ((start, end), dimensions) in cut {
        let moment = |nanos| usage_domain::time::Timestamp::from_nanos(nanos);
        let Some((start, end)) = moment(start).zip(moment(end)) else { continue };
        gaps.push(Gap {
            subject: subject.clone(),
            origin: origin.clone(),
            period: Period { start, end },
            dimensions: Some(dimensions),
        });
    }
    Ok(())
}

/// Hands in the events of the gaps, among the first `next` of the log.
fn fill(
    log: &LogIndex,
    corrections: &Corrections,
    of: &Arc<Meter>,
    collector: &mut Collector<'_>,
    gaps: &[Gap],
    next: u64,
) -> Result<(), StoreError> {
    let set = MeterSet::new([of.clone()]);
    let mut by_subject: HashMap<&str, Vec<&Gap>> = HashMap::new();
    for gap in gaps {
        by_subject.entry(gap.subject.as_deref().unwrap_or_default()).or_default().push(gap);
    }
    let everybody = by_subject.contains_key("");
    let prints: Vec<u32> = by_subject.keys().map(|subject| fingerprint(subject)).collect();
    let hull = |period: Period, gap: &Gap| Period {
        start: period.start.min(gap.period.start),
        end: period.end.max(gap.period.end),
    };
    let Some(first) = gaps.first() else { return Ok(()) };
    let period = gaps.iter().fold(first.period, hull);
    let mut lookup = Lookup::default();
    scan::each(log, (!everybody).then_some(&prints[..]), period, next, |stored| {
        let own = by_subject.get(stored.event.subject.as_str());
        let all = if everybody { by_subject.get("") } else { None };
        let wanted =
            own.into_iter().chain(all).flatten().filter(|gap| gap.period.contains(stored.event.time));
        let wanted: Vec<&&Gap> = wanted.collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let Some(stored) = lookup.effective(log, corrections, stored)? else { return Ok(()) };
        for (_, measured) in meter(stored.event.borrowed(), &set) {
            let Ok(measured) = measured else { continue };
            for gap in &wanted {
                if gap.dimensions.as_ref().is_some_and(|some| !some.contains(&measured.dimensions)) {
                    continue;
                }
                let order = (stored.event.time, stored.sequence);
                match collector.origin(&stored.event.subject, None, Period::ALWAYS) {
                    Some(own) if gap.subject.is_none() => collector.event(&own, order, &measured)?,
                    _ => collector.event(&gap.origin, order, &measured)?,
                }
            }
        }
        Ok(())
    })
}
