//! Finalizing: a month's bill gets a number, and is never changed again.
//!
//! The bill, what it was made from, what it draws on credits and its number are written in one call of the
//! store, which refuses it where anything of that changed since it was read. Then it is made anew: of two
//! who finalize the same month, one does.

use super::bills::{self, note_writes};
use super::credits::{self, GrantDraft};
use super::live::Rated;
use super::numbers::{BILLS, CREDIT_NOTES, Numbered, note_number};
use super::records::{Catalog, history_text, put, was};
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::{Bill as Paper, BillInputs, CreditNote, Finalized, NotedLine};
use usage_domain::bill::{Adjustment, Bill, Inputs, Measured};
use usage_domain::credit::{Entry, EntryKind, GrantId};
use usage_domain::customer::{Customer, CustomerRef};
use usage_domain::decimal::Decimal;
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
    notes: Vec<(CreditNote, Money)>,
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
        self.rate(agreed, catalog).await
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

/// A month's bill, ready to be written; `None` where nothing is to be billed.
pub(crate) fn prepared(
    rated: Rated,
    now: Timestamp,
    ids: &(dyn Fn() -> ulid::Ulid + Send + Sync),
) -> Result<Option<Prepared>, EngineError> {
    if rated.bill.lines.is_empty() && rated.notes.is_empty() {
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
    let owed = before_taxes(&rated.bill)?;
    if owed.is_negative() {
        // What is owed to the customer pays later bills, before their taxes.
        let amount = Money { amount: owed.negate(), ..rated.bill.total };
        let name = format!("Carried over from {month}");
        let draft = GrantDraft { name, amount, priority: 0, effective_at: Some(now), expires_at: None };
        let grant = credits::granted(customer.id, carried_over(ulid), draft, now);
        writes.push(credits::write(&grant, Expect::Absent));
    }
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

/// The grant that a bill below zero becomes has the bill's id, so that it goes when the bill is voided.
pub(crate) fn carried_over(bill: ulid::Ulid) -> GrantId {
    GrantId(bill)
}

/// That a month is over, and its grace period, or that this does not matter.
pub(crate) fn check_over(
    customer: &Customer,
    month: Month,
    catalog: &Catalog,
    options: FinalizeOptions,
    now: Timestamp,
) -> Result<(), EngineError> {
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

/// What a bill comes to before the taxes that are added to it.
fn before_taxes(bill: &Bill) -> Result<Decimal, EngineError> {
    let added = bill.taxes.iter().filter(|tax| !tax.inclusive);
    let owed = added.map(|tax| tax.amount).try_fold(bill.total.amount, Decimal::sub);
    owed.map_err(|error| EngineError::broken("bill", bill.month, error))
}

/// A credit note for each earlier bill of which less is owed, taxes included.
fn notes(
    rated: &Rated,
    now: Timestamp,
    ids: &(dyn Fn() -> ulid::Ulid + Send + Sync),
) -> Result<Vec<(CreditNote, Money)>, EngineError> {
    let mut by_bill: BTreeMap<(Month, String), Vec<Adjustment>> = BTreeMap::new();
    for note in &rated.notes {
        by_bill.entry((note.month, note.bill.clone())).or_default().push(note.clone());
    }
    let customer = &rated.agreed.inputs.customer;
    let mut notes = Vec::with_capacity(by_bill.len());
    for ((month, bill), adjustments) in by_bill {
        // Taxed as lines of a bill are.
        let inputs = Inputs { adjustments, ..Inputs::plain(customer.clone(), month) };
        let taxed = Bill::rate(&inputs, Measured::default())?;
        let amount = Money { amount: taxed.total.amount.negate(), ..taxed.total };
        let credit = Money { amount: before_taxes(&taxed)?.negate(), ..taxed.total };
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
            credit_amount: credit.figure(),
            grant: ids().to_string(),
        };
        notes.push((note, credit));
    }
    Ok(notes)
}
