//! Meters of a reading: whole cells from the roll-ups, what they cannot tell from the log.

mod everybody;

use super::effective::Lookup;
use super::log::scan;
use super::log::segment::LogIndex;
use super::projection::corrections::Corrections;
use super::projection::layers::{EVERYBODY_NUMBER, View};
use super::projection::metered::{EVERYBODY, MeterRollUps};
use super::projection::slot::Slot;
use super::shared::State;
use crate::StoreError;
use crate::format::block::fingerprints;
use crate::measure::{MeterSet, meter};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use usage_domain::event::StoredEvent;
use usage_domain::meter::Meter;
use usage_domain::meter::collect::{Collector, Fit, Origin};
use usage_domain::meter::query::{MeterQuery, MeterRow, Part, QueryError, Scope};
use usage_domain::time::{Period, Timestamp};

/// Subjects whose cells are in memory at a time, where all are asked for.
const SUBJECTS_AT_ONCE: u32 = 4096;
/// Parts of a question of which the cells are read in no time.
const FEW: usize = 16;

/// Questions whose cells are read together: about the same subjects and times, or one by itself.
pub(super) struct Joint {
    /// The places of the questions.
    places: Vec<usize>,
    /// The layers to read cells from; `None` where all is read from the log.
    view: Option<View>,
}

impl Joint {
    /// All questions, with what there is for them now.
    pub(super) fn of(asked: &[Asked<'_>], state: &State) -> Vec<Joint> {
        let mut joints: Vec<(Vec<usize>, bool)> = Vec::new();
        for (place, one) in asked.iter().enumerate() {
            let is_covered = state.meters.covers(one.meter.series);
            let alike = joints
                .iter_mut()
                .find(|(places, covered)| *covered && is_covered && one.is_read_with(&asked[places[0]]));
            match alike {
                Some((places, _)) => places.push(place),
                None => joints.push((vec![place], is_covered)),
            }
        }
        let view = |places: &[usize]| {
            let first = &asked[places[0]];
            let series: BTreeSet<u32> = places.iter().map(|place| asked[*place].meter.series).collect();
            let names = (!first.is_of_each()).then(|| first.names().into_iter());
            state.metered.view(series.into_iter(), names, first.reach())
        };
        let joint = |(places, is_covered): (Vec<usize>, bool)| {
            let view = is_covered.then(|| view(&places));
            Joint { places, view }
        };
        joints.into_iter().map(joint).collect()
    }

    /// Whether something of it is read from the log, whatever the cells say.
    pub(super) fn is_of_log(&self) -> bool {
        self.view.is_none()
    }

    /// Hands in the cells, part by part.
    pub(super) fn hand_in(&self, asked: &mut [Asked<'_>]) -> Result<(), StoreError> {
        let first = &asked[self.places[0]];
        let Some(view) = &self.view else { return Ok(asked[self.places[0]].cells(None)?) };
        let reach = first.reach();
        if first.is_of_everybody() {
            return asked[self.places[0]].everybody(view);
        }
        if !first.is_of_each() {
            let mut cells = HashMap::new();
            view.named(first.names().into_iter(), reach, &mut cells)?;
            return self.give(asked, &cells);
        }
        for first in (EVERYBODY_NUMBER + 1..view.subjects()).step_by(SUBJECTS_AT_ONCE as usize) {
            let end = view.subjects().min(first.saturating_add(SUBJECTS_AT_ONCE));
            let mut cells = HashMap::new();
            view.range(first..end, reach, &mut cells)?;
            self.give(asked, &cells)?;
        }
        Ok(())
    }

    fn give(&self, asked: &mut [Asked<'_>], cells: &HashMap<u32, MeterRollUps>) -> Result<(), StoreError> {
        let none = MeterRollUps::default();
        for place in &self.places {
            let one = &mut asked[*place];
            one.cells(Some(cells.get(&one.meter.series).unwrap_or(&none)))?;
        }
        Ok(())
    }
}

/// An answer in the making: first the cells are handed in, then the events that they cannot tell of.
pub(crate) struct Asked<'a> {
    meter: &'a Meter,
    set: MeterSet,
    query: &'a MeterQuery,
    collector: Collector<'a>,
    /// By subject; under the empty one that of everybody.
    gaps: HashMap<String, Vec<Gap>>,
}

/// Usage that only the log can tell: of a subject or of everybody, at these times.
struct Gap {
    origin: Origin,
    period: Period,
    /// Of these dimensions only; of all, where `None`.
    dimensions: Option<HashSet<Vec<Option<String>>>>,
}

/// Dimensions by the times, in nanoseconds, at which their cells are cut.
type Cut = HashMap<(i64, i64), HashSet<Vec<Option<String>>>>;

/// Which events are to be handed in: perhaps all in this period of blocks that may have these subjects
/// (any, where `None`), whose fingerprints are in order.
pub(crate) struct Wanted {
    pub(crate) fingerprints: Option<Vec<u32>>,
    pub(crate) period: Period,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(meter: &'a Arc<Meter>, query: &'a MeterQuery) -> Result<Asked<'a>, QueryError> {
        let collector = Collector::new(meter, query)?;
        Ok(Asked { meter, set: MeterSet::new([meter.clone()]), query, collector, gaps: HashMap::new() })
    }

    /// The times whose cells matter.
    pub(crate) fn reach(&self) -> Period {
        self.collector.reach(Period::ALWAYS)
    }

    /// Whether the usage of each subject is asked for, whoever they are.
    pub(crate) fn is_of_each(&self) -> bool {
        self.query.by_subject && matches!(self.query.scope, Scope::Everybody)
    }

    /// Whether the usage of everybody is asked for, as one.
    fn is_of_everybody(&self) -> bool {
        !self.query.by_subject && matches!(self.query.scope, Scope::Everybody)
    }

    /// Whether both are about the same subjects, by name, and times.
    fn is_read_with(&self, other: &Asked<'_>) -> bool {
        matches!((&self.query.scope, &other.query.scope), (Scope::Parts(_), Scope::Parts(_)))
            && self.reach() == other.reach()
            && self.names() == other.names()
    }

    /// Whether few subjects are asked for, by name.
    pub(super) fn is_of_few(&self) -> bool {
        matches!(&self.query.scope, Scope::Parts(parts) if parts.len() <= FEW)
    }

    /// The subjects that are asked for, if they can be named; the empty one for everybody at once.
    fn names(&self) -> BTreeSet<&str> {
        match &self.query.scope {
            Scope::Parts(parts) => parts.iter().map(|part| part.subject.as_str()).collect(),
            Scope::Everybody if self.query.by_subject => BTreeSet::new(),
            Scope::Everybody => BTreeSet::from([EVERYBODY]),
        }
    }

    /// Hands in the cells; without any, all is read from the log.
    pub(crate) fn cells(&mut self, metered: Option<&MeterRollUps>) -> Result<(), QueryError> {
        for (subject, origin) in self.origins(metered) {
            match metered {
                Some(metered) => self.subject(metered, subject, &origin)?,
                None => {
                    let period = self.collector.reach(origin.range);
                    self.gaps.entry(subject).or_default().push(Gap { origin, period, dimensions: None });
                }
            }
        }
        Ok(())
    }

    /// Whose usage is asked for: each subject with its origin, the empty one for everybody at once. Where
    /// the log is read, it says which subjects there are.
    fn origins(&self, metered: Option<&MeterRollUps>) -> Vec<(String, Origin)> {
        let collector = &self.collector;
        match (&self.query.scope, metered) {
            (Scope::Parts(parts), _) => {
                let one = |part: &Part| {
                    let origin = collector.origin(&part.subject, part.label, part.period)?;
                    Some((part.subject.clone(), origin))
                };
                // No event is of the empty subject: its cells are those of everybody.
                parts.iter().filter(|part| part.subject != EVERYBODY).filter_map(one).collect()
            }
            (Scope::Everybody, Some(metered)) if self.query.by_subject => {
                let subjects = metered.subjects().filter(|subject| !subject.is_empty());
                let one = |subject: &String| {
                    Some((subject.clone(), collector.origin(subject, None, Period::ALWAYS)?))
                };
                subjects.filter_map(one).collect()
            }
            (Scope::Everybody, _) => {
                let origin = collector.origin(EVERYBODY, None, Period::ALWAYS);
                origin.map(|origin| (EVERYBODY.to_string(), origin)).into_iter().collect()
            }
        }
    }

    /// Hands in a subject's cells; notes what they cannot tell.
    fn subject(
        &mut self,
        metered: &MeterRollUps,
        subject: String,
        origin: &Origin,
    ) -> Result<(), QueryError> {
        let reach = self.collector.reach(origin.range);
        let everybody = subject.is_empty();
        let first = if everybody { Slot::quarter_of(reach.start) } else { Slot::of(reach.start) };
        let mut cut = Cut::new();
        for (slot, group, sum) in metered.cells_of(&subject, first) {
            let cell = if everybody { slot.quarter() } else { slot.period() };
            if cell.start >= reach.end {
                break;
            }
            let series = metered.group(*group);
            if series.meter != self.meter.series {
                continue;
            }
            if let Fit::Cut(part) = self.collector.cell(origin, &series.dimensions, cell, sum)? {
                let key = (part.start.nanos(), part.end.nanos());
                cut.entry(key).or_default().insert(series.dimensions.clone());
            }
        }
        self.note(&subject, origin, cut);
        Ok(())
    }

    /// Notes what cells could not tell.
    fn note(&mut self, subject: &str, origin: &Origin, cut: Cut) {
        for ((start, end), dimensions) in cut {
            let Some((start, end)) = Timestamp::from_nanos(start).zip(Timestamp::from_nanos(end)) else {
                continue;
            };
            let gap =
                Gap { origin: origin.clone(), period: Period { start, end }, dimensions: Some(dimensions) };
            self.gaps.entry(subject.to_string()).or_default().push(gap);
        }
    }

    /// Which events are to be handed in; `None` where the cells told all.
    pub(crate) fn wanted(&self) -> Option<Wanted> {
        let hull = |period: Period, gap: &Gap| Period {
            start: period.start.min(gap.period.start),
            end: period.end.max(gap.period.end),
        };
        let mut gaps = self.gaps.values().flatten();
        let first = gaps.next()?.period;
        let everybody = self.gaps.contains_key(EVERYBODY);
        let fingerprints = (!everybody).then(|| fingerprints(self.gaps.keys().map(String::as_str)));
        Some(Wanted { fingerprints, period: gaps.fold(first, hull) })
    }

    /// Whether this event, as it was sent, may be one of them.
    pub(crate) fn wants(&self, stored: &StoredEvent) -> bool {
        self.gaps_of(stored).next().is_some()
    }

    fn gaps_of<'s>(&'s self, stored: &'s StoredEvent) -> impl Iterator<Item = (bool, &'s Gap)> {
        let own = self.gaps.get(&stored.event.subject).into_iter().flatten().map(|gap| (false, gap));
        let all = self.gaps.get(EVERYBODY).into_iter().flatten().map(|gap| (true, gap));
        own.chain(all).filter(|(_, gap)| gap.period.contains(stored.event.time))
    }

    /// Hands in one of them, as it counts.
    pub(crate) fn event(&mut self, stored: &StoredEvent) -> Result<(), QueryError> {
        let order = (stored.event.time, stored.sequence);
        for (_, measured) in meter(stored.event.borrowed(), &self.set) {
            let Ok(measured) = measured else { continue };
            let whole =
                |gap: &Gap| gap.dimensions.as_ref().is_none_or(|some| some.contains(&measured.dimensions));
            let gaps = self.gaps_of(stored).filter(|(_, gap)| whole(gap));
            let origins: Vec<Origin> = gaps
                .map(|(everybody, gap)| {
                    let own = self.collector.origin(&stored.event.subject, None, Period::ALWAYS);
                    own.filter(|_| everybody).unwrap_or_else(|| gap.origin.clone())
                })
                .collect();
            for origin in origins {
                self.collector.event(&origin, order, &measured)?;
            }
        }
        Ok(())
    }

    /// Hands in what is wanted of the first `next` events of the log.
    pub(super) fn events(
        &mut self,
        wanted: &Wanted,
        log: &LogIndex,
        corrections: &Corrections,
        next: u64,
    ) -> Result<(), StoreError> {
        let mut lookup = Lookup::default();
        scan::each(log, wanted.fingerprints.as_deref(), wanted.period, next, |stored| {
            if self.wants(&stored)
                && let Some(stored) = lookup.effective(log, corrections, stored)?
            {
                self.event(&stored)?;
            }
            Ok(())
        })
    }

    /// The rows of the answer.
    pub(crate) fn finish(self) -> Result<Vec<MeterRow>, QueryError> {
        self.collector.finish()
    }
}
