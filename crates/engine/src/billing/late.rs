//! Usage that comes late of months that have no bill: when a later month was finalized, there was nothing to
//! bill, and so they were passed over ([`History`](super::history::History)).
//!
//! Owns which months those are, and what comes of them: lines of the bill behind the last finalized one, like
//! what finalized bills changed by. Late is what the log has behind the position of the bill that passed the
//! month over, so that nothing which changed but usage is ever billed in hindsight.

use super::adjust::billed;
use super::agreed::Agreed;
use super::history::Stretch;
use super::records::Catalog;
use super::recount::Evidence;
use crate::{Engine, EngineError};
use std::collections::BTreeSet;
use usage_api::bill::Bill as Paper;
use usage_domain::bill::{Adjustment, Bill, Consumed, Inputs, Measured, adjustments};
use usage_domain::meter::MeterId;
use usage_domain::meter::query::{MeterQuery, Part, Scope};
use usage_domain::plan::ItemKind;
use usage_domain::position::Position;
use usage_domain::time::{Month, Period, Timestamp, Zone};
use usage_store::Reading;

/// How far ahead of UTC any zone is, in nanoseconds, and an hour more.
const MOST_AHEAD: i64 = 15 * 3_600 * 1_000_000_000;

impl Engine {
    /// What came late of months that were passed over, by month.
    pub(crate) async fn late(
        &self,
        agreed: &Agreed,
        papers: &[(Month, Paper)],
        catalog: &Catalog,
    ) -> Result<Vec<Adjustment>, EngineError> {
        // What was billed late may have been taken back since.
        let mut months: BTreeSet<Month> = papers.iter().flat_map(|(_, paper)| billed_late(paper)).collect();
        for stretch in agreed.records.history.passed_over() {
            months.extend(self.used_months(agreed, stretch, catalog).await?);
        }
        let mut late = Vec::new();
        for month in months {
            late.extend(self.late_of(agreed, month, papers, catalog).await?);
        }
        Ok(late)
    }

    /// What came of a month behind the position of the first bill that passed it over, and is on no bill yet.
    async fn late_of(
        &self,
        agreed: &Agreed,
        month: Month,
        papers: &[(Month, Paper)],
        catalog: &Catalog,
    ) -> Result<Vec<Adjustment>, EngineError> {
        let later = papers.iter().filter(|(later, _)| *later > month).map(|(_, paper)| paper);
        let Some(passing) = later.min_by_key(|paper| made(paper)) else { return Ok(Vec::new()) };
        let broken =
            |error| EngineError::broken("bill", passing.number.as_deref().unwrap_or_default(), error);
        let until: Position = passing.position.parse().map_err(broken)?;
        let of = self.agreed(&agreed.inputs.customer, month, catalog).await?;
        let inputs = Inputs { credits: Vec::new(), ..of.inputs };
        let now = Bill::rate(&inputs, self.measured(&inputs, &of.subjects, &of.meters).await?)?;
        if now.lines.is_empty()
            && !papers.iter().any(|(_, paper)| billed_late(paper).any(|late| late == month))
        {
            return Ok(Vec::new());
        }
        let evidence =
            Evidence { inputs: &inputs, subjects: &of.subjects, meters: &of.meters, until: &until };
        let then = Bill::rate(&inputs, self.recount(&evidence).await?)?;
        let billed = billed(month, &Paper::open(&then)?, papers, &[])?;
        Ok(adjustments(&now, &inputs, None, billed)?)
    }

    /// Leaves months open that a bill is the first to leave behind and that have something to bill; the others
    /// are passed over.
    pub(crate) async fn leave_open(&self, agreed: &mut Agreed, catalog: &Catalog) -> Result<(), EngineError> {
        let Some((from, until)) = agreed.records.history.left_behind(agreed.inputs.month) else {
            return Ok(());
        };
        let customer = agreed.inputs.customer.clone();
        let used = self.used_months(agreed, (from, until), catalog).await?;
        let mut open = BTreeSet::new();
        for month in &used {
            let of = self.agreed(&customer, *month, catalog).await?;
            let measured = self.measured(&of.inputs, &of.subjects, &of.meters).await?;
            if !Bill::rate(&of.inputs, measured)?.lines.is_empty() {
                open.insert(month.to_string());
            }
        }
        // Of the others, those of which something is due whatever is used.
        let starts = agreed.records.subscriptions.iter().map(|kept| kept.value.start.month(&customer.zone));
        let mut next = starts.min().map(|first| first.max(from));
        while let Some(month) = next.filter(|month| *month < until) {
            next = month.next();
            let mut inputs = Inputs::plain(customer.clone(), month);
            inputs.segments = self.segments(&inputs, &agreed.records, catalog).await?;
            if !used.contains(&month) && !Bill::rate(&inputs, unused(&inputs))?.lines.is_empty() {
                open.insert(month.to_string());
            }
        }
        agreed.records.history.open.extend(open);
        Ok(())
    }

    /// The months of a stretch in which anything was used, in their order. Halves in which nothing was are
    /// found at once.
    async fn used_months(
        &self,
        agreed: &Agreed,
        stretch: Stretch,
        catalog: &Catalog,
    ) -> Result<Vec<Month>, EngineError> {
        let (mut stretches, mut used) = (vec![stretch], Vec::new());
        while let Some((from, until)) = stretches.pop() {
            if !self.is_used(agreed, (from, until), catalog).await? {
                continue;
            }
            match middle(from, until) {
                Some(middle) => stretches.extend([(middle, until), (from, middle)]),
                None => used.push(from),
            }
        }
        Ok(used)
    }

    /// Whether there are charges, or anything that a meter of the customer's plans measures.
    async fn is_used(
        &self,
        agreed: &Agreed,
        (from, until): Stretch,
        catalog: &Catalog,
    ) -> Result<bool, EngineError> {
        let zone = &agreed.inputs.customer.zone;
        let period = Period { start: from.period(zone).start, end: until.period(zone).start };
        let mut meters: BTreeSet<MeterId> = BTreeSet::new();
        for subscription in agreed.records.subscriptions.iter().map(|kept| &kept.value) {
            if subscription.period().intersection(&period).is_none() {
                continue;
            }
            let plan = self.plan_in(catalog, &subscription.plan).await?;
            for item in plan.versions.iter().flat_map(|version| &version.items) {
                if let ItemKind::Usage(usage) = &item.kind {
                    meters.extend(catalog.meters.get(&usage.meter).map(|meter| meter.id));
                }
            }
        }
        let part = |paid: &usage_domain::customer::PaidSubject| {
            let period = paid.period.intersection(&period)?;
            Some(Part { subject: paid.subject.clone(), period, label: None })
        };
        let query = MeterQuery {
            from: Some(period.start),
            to: Some(period.end),
            scope: Scope::Parts(agreed.subjects.iter().filter_map(part).collect()),
            ..MeterQuery::total()
        };
        let meters = meters.into_iter().map(|meter| (meter, query.clone())).collect();
        let read =
            self.store.read(Reading { charges: Some((agreed.subjects.clone(), period)), meters }).await?;
        let charged = read.charges.iter().any(|(_, totals)| totals.events != 0 || !totals.amount.is_zero());
        let mut rows = read.meters.iter().flatten();
        Ok(charged || rows.any(|row| row.events != 0 || !row.value.is_zero()))
    }
}

/// The months without a bill of which usage that came late is on this one.
pub(crate) fn billed_late(paper: &Paper) -> impl Iterator<Item = Month> {
    let late = paper.lines.iter().filter_map(|line| line.adjusts.as_ref()).filter(|of| of.bill.is_none());
    late.filter_map(|of| of.month.parse().ok())
}

/// What tells which of a customer's bills was made first.
pub(crate) fn made(paper: &Paper) -> (Option<Timestamp>, Option<&String>) {
    (paper.finalized_at.as_ref().and_then(|at| at.parse().ok()), paper.id.as_ref())
}

/// Nothing used of any item.
fn unused(inputs: &Inputs) -> Measured {
    let segments = inputs.segments.iter().map(|segment| vec![Consumed::default(); segment.items.len()]);
    Measured { segments: segments.collect(), ..Measured::default() }
}

/// The month that halves a stretch; none in a stretch of one month.
fn middle(from: Month, until: Month) -> Option<Month> {
    let months = until.index() - from.index();
    let index = from.index() + months / 2;
    let year = i16::try_from(index / 12).ok()?;
    Month::new(year, i8::try_from(index % 12 + 1).ok()?).filter(|middle| *middle > from)
}

/// That a month was not passed over.
pub(crate) fn check_not_passed_over(agreed: &Agreed) -> Result<(), EngineError> {
    let month = agreed.inputs.month;
    match agreed.records.history.passed_over_by(month) {
        None => Ok(()),
        Some((later, past)) => {
            let (number, customer) = (past.number.clone(), agreed.inputs.customer.number);
            Err(EngineError::PassedOver { customer, month, later, number })
        }
    }
}

/// That a month has begun in the zone where that is earliest.
pub(crate) fn check_begun_somewhere(month: Month, now: Timestamp) -> Result<(), EngineError> {
    let from = month.period(&Zone::utc()).start;
    if now.nanos() < from.nanos().saturating_sub(MOST_AHEAD) {
        return Err(EngineError::NotBegun { month, from });
    }
    Ok(())
}
