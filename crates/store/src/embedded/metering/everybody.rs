//! The usage of everybody at once, from as few cells as tell it: days, where one does not fit its hours, then
//! quarter-hours, and at last the log.
//!
//! What is answered never depends on the length of the cells that it came from.

use super::{Asked, Cut};
use crate::StoreError;
use crate::embedded::projection::layers::{Cell, Length, View};
use crate::embedded::projection::metered::EVERYBODY;
use crate::embedded::projection::slot::Slot;
use std::collections::HashSet;
use usage_domain::meter::collect::{Fit, Origin};
use usage_domain::time::Period;

/// Cells whose parts are to be read: their slots and groups.
type Shorter = HashSet<(Slot, u32)>;

impl Asked<'_> {
    /// Hands in the cells of everybody; notes what they cannot tell.
    pub(super) fn everybody(&mut self, view: &View) -> Result<(), StoreError> {
        let Some(origin) = self.collector.origin(EVERYBODY, None, Period::ALWAYS) else { return Ok(()) };
        let reach = self.collector.reach(origin.range);
        let mut stretches = vec![(Slot::quarter_of(reach.start), Slot::quarter_of(reach.end))];
        let (longest, mut above) = (Length::longest(self.meter.draft.aggregation), None::<(Length, Shorter)>);
        for length in Length::FROM_LONGEST.into_iter().filter(|length| *length <= longest) {
            let mut cells = view.everybody(length, &stretches)?;
            if let Some((above, shorter)) = &above {
                let whole = |slot: Slot| above.cell(Length::stretch(slot).0);
                cells.retain(|(key, _)| shorter.contains(&(whole(key.slot), key.group)));
            }
            let shorter = self.fit(view, &origin, length, &cells)?;
            stretches = joined(&shorter);
            above = Some((length, shorter));
        }
        Ok(())
    }

    /// Hands in those of these cells that fit. Gives the others where they have parts, and notes them where not.
    fn fit(
        &mut self,
        view: &View,
        origin: &Origin,
        length: Length,
        cells: &[Cell],
    ) -> Result<Shorter, StoreError> {
        let (mut shorter, mut cut) = (Shorter::new(), Cut::new());
        for (key, sum) in cells {
            let Some(series) = view.series(key.group) else { continue };
            let has_parts = length != Length::Quarter;
            // A row without bounds is as long as its events last, which is told by the quarter-hour.
            if has_parts && sum.is_corrected() && self.is_unbounded() {
                shorter.insert((key.slot, key.group));
                continue;
            }
            let period = Length::period(key.slot);
            match self.collector.cell(origin, &series.dimensions, period, &sum.state())? {
                Fit::Done => {}
                Fit::Cut(_) if has_parts => {
                    shorter.insert((key.slot, key.group));
                }
                Fit::Cut(part) => {
                    let part = (part.start.nanos(), part.end.nanos());
                    cut.entry(part).or_default().insert(series.dimensions.clone());
                }
            }
        }
        self.note(EVERYBODY, origin, cut);
        Ok(shorter)
    }

    /// Whether a row begins or ends with its events.
    fn is_unbounded(&self) -> bool {
        self.query.window.is_none() && (self.query.from.is_none() || self.query.to.is_none())
    }
}

/// The stretches of time of these cells, in order, those that touch as one.
fn joined(cells: &Shorter) -> Vec<(Slot, Slot)> {
    let mut stretches: Vec<_> = cells.iter().map(|(slot, _)| Length::stretch(*slot)).collect();
    stretches.sort_unstable();
    stretches.dedup_by(|next, last| {
        let touch = next.0.0 <= last.1.0 + 1;
        if touch {
            last.1 = last.1.max(next.1);
        }
        touch
    });
    stretches
}
