//! Finalizing: a month's bill gets a number, and is never changed again.
//!
//! The bill, what it was made from, what it draws on credits and its number are written in one call of the
//! store, which refuses it where anything of that changed since it was read. Then it is made anew: of two
//! who finalize the same month, one does.

use super::bills::{self, Owed, note_writes};
use super::credits;
use super::late::check_not_passed_over;
use super::live::Rated;
use super::numbers::{BILLS, CREDIT_NOTES, Numbered, note_number};
use super::records::{Catalog, history_text, put, was};
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::{Bill as Paper, BillInputs, CreditNote, Finalized, NotedLine};
use usage_domain::bill::{Adjustment, Bill, Inputs, Measured};
use usage_domain::credit::{Entry, EntryKind, GrantId};
use usage_domain::customer::{Customer, CustomerRef};
use usage_domain::money::Money;
use usage_domain::time::{Month, Period, Timestamp, Zone};
use usage_store::{DocumentWrite, Expect, Kind, StoreError};

/// How often a bill is made anew because something of it changed meanwhile.
const ATTEMPTS: usize = 20;
/// How far ahead of UTC a zone can be, in nanoseconds: 14 hours, and one in which its clocks are changed.
const MOST_AHEAD: i64 = 15 * 3_600 * 1_000_000_000;

/// How bills are finalized.
#[derive(Debug, Clone, Copy, Default)]
pub struct FinalizeOptions {
    /// Whether a month that is not over, or whose grace period is not, is finalized all the same.
    pub force: bool,
}

/// A bill that is ready to be written but for its number.
pub(crate) struct Prepared {
    paper: Paper,
    customer: Customer,
    month: Month,
    inputs: String,
    /// What the bill does to credits and credit notes.
    writes: Vec<DocumentWrite>,
    notes: Vec<(CreditNote, Owed)>,
    history: super::history::History,
    history_was: Expect,
}

impl Engine {
    /// Finalizes a customer's month. `ids` makes ids that nobody has.
    ///
    /// # Errors
    /// A month that is not over, that is billed already, or in which nothing is to be billed.
    pub async fn finalize(
        &self,
        name: &CustomerRef,
        month: Month,
        options: FinalizeOptions,
        now: Timestamp,
        ids: &(dyn Fn() -> ulid::Ulid + Send + Sync),
    ) -> Result<Finalized, EngineError> {
        let customer = self.customer(name).await?;
        for _ in 0..ATTEMPTS {
            let catalog = self.shared_catalog().await?;
            check_over(&customer, month, &catalog, options, now)?;
            let rated = self.unbilled(&customer, month, &catalog).await?;
            let Some(prepared) = prepared(rated, now, ids)? else {
                return Err(EngineError::NothingToBill { customer: customer.number, month });
            };
            match self.commit(vec![prepared], &catalog, now).await {
                Err(EngineError::Store(StoreError::Stale { .. })) => {}
                finalized => return finalized?.pop().ok_or(EngineError::Store(StoreError::Closed)),
            }
        }
        Err(EngineError::Busy)
    }

    /// The rating of a month that has no bill yet.
    pub(crate) async fn unbilled(
        &self,
        customer: &Customer,
        month: Month,
        catalog: &Catalog,
    ) -> Result<Rated, EngineError> {
        let agreed = self.agreed(customer, month, catalog).await?;
        if let Some(past) = agreed.records.history.bill(month) {
            let (number, customer) = (past.number.clone(), customer.number);
            return Err(EngineError::AlreadyFinalized { customer, month, number });
        }
        check_not_passed_over(&agreed)?;
        let mut rated = self.rate(agreed, catalog).await?;
        if !is_nothing(&rated) {
            self.leave_open(&mut rated.agreed, catalog).await?;
        }
        Ok(rated)
    }

    /// Numbers bills in their order and writes them, all or none.
    pub(crate) async fn commit(
        &self,
        prepared: Vec<Prepared>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<Vec<Finalized>, EngineError> {
        let (first, counter) = self.next_number(BILLS).await?;
        let mut numbered = Numbered::new(&catalog.settings.number_prefix, first);
        let (mut writes, mut finalized) = (Vec::new(), Vec::with_capacity(prepared.len()));
        let (mut next_note, note_counter) = self.next_number(CREDIT_NOTES).await?;
        let first_note = next_note;
        for Prepared { mut paper, customer, month, inputs, writes: own, notes, mut history, history_was } in
            prepared
        {
            let id = paper.id.clone().unwrap_or_default();
            let number = numbered.add(id.clone());
            paper.number = Some(number.clone());
            history.add(month, id.clone(), number);
            let owner = Some(customer.id);
            writes.push(bills::write(&paper, Expect::Absent)?);
            writes.push(put(Kind::Input, id, owner, inputs, Expect::Absent));
            let history = history_text(&history);
            writes.push(put(Kind::History, customer.id.to_string(), owner, history, history_was));
            writes.extend(own);
            let mut credit_notes = Vec::with_capacity(notes.len());
            for (mut note, amount) in notes {
                note.number = note_number(next_note);
                next_note += 1;
                writes.extend(note_writes(customer.id, &note, amount, now)?);
                credit_notes.push(note);
            }
            finalized.push(Finalized { bill: paper, credit_notes });
        }
        writes.push(numbered.write());
        writes.push(counter.take(numbered.next()));
        if next_note != first_note {
            writes.push(note_counter.take(next_note));
        }
        self.write(writes).await?;
        Ok(finalized)
    }
}

/// Whether nothing is to be billed.
fn is_nothing(rated: &Rated) -> bool {
    rated.bill.lines.is_empty() && rated.notes.is_empty()
}

/// A month's bill, ready to be written; `None` where nothing is to be billed.
pub(crate) fn prepared(
    rated: Rated,
    now: Timestamp,
    ids: &(dyn Fn() -> ulid::Ulid + Send + Sync),
) -> Result<Option<Prepared>, EngineError> {
    if is_nothing(&rated) {
        return Ok(None);
    }
    let (customer, month) = (rated.agreed.inputs.customer.clone(), rated.agreed.inputs.month);
    let ulid = ids();
    let id = ulid.to_string();
    let paper = Paper {
        status: "finalized".to_string(),
        id: Some(id.clone()),
        finalized_at: Some(now.to_string()),
        ..Paper::open(&rated.bill)?
    };
    let mut writes = drawn(&rated, &id, now)?;
    writes.extend(carried_over(&rated.bill, ulid, now));
    let notes = notes(&rated, now, ids)?;
    let Rated { agreed, .. } = rated;
    let meters = agreed.meters.into_values().collect();
    let kept = BillInputs { inputs: agreed.inputs, subjects: agreed.subjects, meters };
    Ok(Some(Prepared {
        paper,
        customer,
        month,
        inputs: kept.text(),
        writes,
        notes,
        history: agreed.records.history,
        history_was: agreed.records.history_was,
    }))
}

/// What is owed to the customer by a bill below zero pays those of later months, whenever they are finalized.
/// The grant has the bill's id, so that it goes when the bill is voided.
fn carried_over(bill: &Bill, id: ulid::Ulid, now: Timestamp) -> Option<DocumentWrite> {
    if !bill.total.amount.is_negative() {
        return None;
    }
    let amount = Money { amount: bill.total.amount.negate(), ..bill.total };
    let what = (format!("Carried over from {}", bill.month), amount);
    let grant = credits::owed(bill.customer.id, GrantId(id), what, bill.period.end, now);
    Some(credits::write(&grant, Expect::Absent))
}

/// That a month is over, and its grace period, or that this does not matter. That it has begun always does.
pub(crate) fn check_over(
    customer: &Customer,
    month: Month,
    catalog: &Catalog,
    options: FinalizeOptions,
    now: Timestamp,
) -> Result<(), EngineError> {
    let Period { start, .. } = month.period(&customer.zone);
    if now < start {
        return Err(EngineError::NotBegun { month, from: start });
    }
    let until = over_at(&customer.zone, month, catalog);
    if now < until && !options.force {
        return Err(EngineError::TooEarly { month, until });
    }
    Ok(())
}

/// When a month is over in a zone, and its grace period.
fn over_at(zone: &Zone, month: Month, catalog: &Catalog) -> Timestamp {
    let Period { end, .. } = month.period(zone);
    end.plus_days(catalog.settings.grace_days, zone)
}

/// That a month may be over for somebody, or that this does not matter: in the zone where it ends first.
pub(crate) fn check_over_somewhere(
    month: Month,
    customers: &[Customer],
    catalog: &Catalog,
    options: FinalizeOptions,
    now: Timestamp,
) -> Result<(), EngineError> {
    let utc = over_at(&Zone::utc(), month, catalog);
    if options.force || now.nanos() >= utc.nanos() - MOST_AHEAD {
        return Ok(());
    }
    let until = customers.iter().map(|customer| over_at(&customer.zone, month, catalog)).min();
    Err(EngineError::TooEarly { month, until: until.unwrap_or(utc) })
}

/// What the bill draws on credits.
fn drawn(rated: &Rated, bill: &str, now: Timestamp) -> Result<Vec<DocumentWrite>, EngineError> {
    let mut writes = Vec::new();
    for drawn in &rated.bill.credits {
        let kept = rated.agreed.records.grants.iter().find(|kept| kept.value.id == drawn.grant);
        let kept = kept.ok_or_else(|| EngineError::missing("grant", &drawn.grant.to_string()))?;
        let mut grant = kept.value.clone();
        let kind = EntryKind::Drawn(bill.to_string());
        grant.add(Entry { at: now, kind, amount: drawn.amount.negate() })?;
        writes.push(credits::write(&grant, was(Some(kept))));
    }
    Ok(writes)
}

/// A credit note for each earlier bill of which less is owed, taxes included.
fn notes(
    rated: &Rated,
    now: Timestamp,
    ids: &(dyn Fn() -> ulid::Ulid + Send + Sync),
) -> Result<Vec<(CreditNote, Owed)>, EngineError> {
    let mut by_bill: BTreeMap<(Month, String), Vec<Adjustment>> = BTreeMap::new();
    for note in &rated.notes {
        let bill = note.bill.clone().unwrap_or_default();
        by_bill.entry((note.month, bill)).or_default().push(note.clone());
    }
    let customer = &rated.agreed.inputs.customer;
    let mut notes = Vec::with_capacity(by_bill.len());
    for ((month, bill), adjustments) in by_bill {
        let since = adjustments.first().map_or(now, |first| first.period.end);
        // Taxed as lines of a bill are.
        let inputs = Inputs { adjustments, ..Inputs::plain(customer.clone(), month) };
        let taxed = Bill::rate(&inputs, Measured::default())?;
        let amount = Money { amount: taxed.total.amount.negate(), ..taxed.total };
        let paper = Paper::open(&taxed)?;
        let line = |line: usage_api::bill::Line| NotedLine {
            line: line.adjusts.map(|of| of.line).unwrap_or_default(),
            service: line.service,
            exact_amount: line.exact_amount,
            amount: line.amount,
            taxes: line.taxes,
        };
        let note = CreditNote {
            id: ids().to_string(),
            number: String::new(),
            bill,
            month: month.to_string(),
            reason: "usage was corrected after the bill".to_string(),
            created_at: now.to_string(),
            currency: customer.currency.to_string(),
            lines: paper.lines.into_iter().map(line).collect(),
            amount: amount.figure(),
            grant: ids().to_string(),
        };
        notes.push((note, Owed { amount, since }));
    }
    Ok(notes)
}
