//! Finalized bills: finding them, and what may still happen to one. Its lines and amounts never change.

use super::credits;
use super::late::{billed_late, made};
use super::numbers::{CREDIT_NOTES, note_number};
use super::once::{Made, Once};
use super::records::{CustomerRecords, Kept, history_text, kept, put, was};
use crate::{Engine, EngineError};
use usage_api::bill::{Bill as Paper, BillPage, CreditNote};
use usage_domain::credit::{Entry, EntryKind, Grant, GrantId};
use usage_domain::customer::CustomerId;
use usage_domain::money::Money;
use usage_domain::plan::InvalidPlan;
use usage_domain::time::Timestamp;
use usage_store::{DocumentWrite, Expect, Kind};

/// The longest reason of a credit note, in bytes.
const MAX_REASON: usize = 1024;

/// Which finalized bills to list.
#[derive(Debug, Clone, Default)]
pub struct BillFilter {
    /// Of this customer only.
    pub customer: Option<CustomerId>,
    /// Of this month only, such as `2026-11`.
    pub month: Option<String>,
    /// Those whose id comes after this one.
    pub after: Option<String>,
    /// At most so many are looked at.
    pub limit: u64,
}

impl Engine {
    /// The finalized bill of this id or number.
    ///
    /// # Errors
    /// No such bill.
    pub async fn finalized_bill(&self, name: &str) -> Result<Paper, EngineError> {
        if let Some(kept) = self.record(Kind::Bill, name, read).await? {
            return Ok(kept.value);
        }
        match self.bill_of_number(name).await? {
            Some(id) => self.paper(&id).await,
            None => Err(EngineError::missing("bill", name)),
        }
    }

    /// The finalized bill of this id.
    pub(crate) async fn paper(&self, id: &str) -> Result<Paper, EngineError> {
        Ok(self.kept_paper(id).await?.value)
    }

    async fn kept_paper(&self, id: &str) -> Result<Kept<Paper>, EngineError> {
        let kept = self.record(Kind::Bill, id, read).await?;
        kept.ok_or_else(|| EngineError::missing("bill", id))
    }

    /// Finalized bills, oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn finalized_bills(&self, filter: &BillFilter) -> Result<BillPage, EngineError> {
        let limit = filter.limit.clamp(1, 1000);
        let after = filter.after.as_deref();
        let documents = match filter.customer {
            Some(customer) => self.store.documents_of_kind(customer, Kind::Bill, after, limit).await?,
            None => self.store.documents(Kind::Bill, after, limit).await?,
        };
        let next = documents.last().filter(|_| documents.len() as u64 == limit).map(|last| last.id.clone());
        let mut papers = Vec::with_capacity(documents.len());
        for document in &documents {
            papers.push(kept(document, read)?.value);
        }
        papers.retain(|paper| filter.month.as_ref().is_none_or(|month| &paper.month == month));
        Ok(BillPage { items: papers, next })
    }

    /// Says that a bill was paid.
    ///
    /// # Errors
    /// No such bill, or one that is void.
    pub async fn pay_bill(&self, name: &str, now: Timestamp) -> Result<Paper, EngineError> {
        let id = self.finalized_bill(name).await?.id.unwrap_or_default();
        let found = self.kept_paper(&id).await?;
        let mut paper = found.value.clone();
        match paper.status.as_str() {
            "paid" => return Ok(paper),
            "finalized" => {}
            other => return Err(EngineError::status(&paper, &format!("is {other} and cannot be paid"))),
        }
        paper.status = "paid".to_string();
        paper.paid_at = Some(now.to_string());
        self.write(vec![write(&paper, was(Some(&found)))?]).await?;
        Ok(paper)
    }

    /// Voids a bill: what credits paid of it comes back, its month is open again, and its number stays its
    /// own. Credit that it became because it was below zero is taken back.
    ///
    /// # Errors
    /// No such bill, one that was paid, or one whose credit has been drawn on.
    pub async fn void_bill(&self, name: &str, now: Timestamp) -> Result<Paper, EngineError> {
        let id = self.finalized_bill(name).await?.id.unwrap_or_default();
        let found = self.kept_paper(&id).await?;
        let mut paper = found.value.clone();
        match paper.status.as_str() {
            "void" => return Ok(paper),
            "finalized" => {}
            other => {
                let what = format!("is {other} and cannot be voided; a credit note takes back what was paid");
                return Err(EngineError::status(&paper, &what));
            }
        }
        let customer: CustomerId =
            paper.customer.id.parse().map_err(|error| EngineError::broken("bill", &id, error))?;
        let records = self.records_of(customer).await?;
        self.check_unused(&paper, customer, &records).await?;
        let mut writes = Vec::new();
        for kept in &records.grants {
            if let Some(grant) = returned(&kept.value, &paper, now)? {
                writes.push(credits::write(&grant, was(Some(kept))));
            }
        }
        let mut history = records.history.clone();
        history.remove(&id);
        let text = history_text(&history);
        writes.push(put(Kind::History, customer.to_string(), Some(customer), text, records.history_was));
        paper.status = "void".to_string();
        paper.voided_at = Some(now.to_string());
        writes.push(write(&paper, was(Some(&found)))?);
        self.write(writes).await?;
        Ok(paper)
    }

    /// That no later bill and no credit note corrects a bill.
    async fn check_unused(
        &self,
        paper: &Paper,
        customer: CustomerId,
        records: &CustomerRecords,
    ) -> Result<(), EngineError> {
        let number = paper.number.as_deref().unwrap_or_default();
        for (_, past) in records.history.months() {
            let later = self.paper(&past.id).await?;
            if later
                .lines
                .iter()
                .any(|line| line.adjusts.as_ref().is_some_and(|of| of.bill.as_deref() == Some(number)))
            {
                let what = format!("is adjusted by bill {}; void that one first", past.number);
                return Err(EngineError::status(paper, &what));
            }
            if made(&later) > made(paper) && billed_late(&later).any(|late| late.to_string() < paper.month) {
                let what = format!(
                    "is followed by bill {}, which has what came late of earlier months; void that one first",
                    past.number
                );
                return Err(EngineError::status(paper, &what));
            }
        }
        let notes = self.credit_notes(customer).await?;
        match notes.iter().find(|note| note.bill == number) {
            Some(note) => {
                Err(EngineError::status(paper, &format!("has the credit note {} and stays", note.number)))
            }
            None => Ok(()),
        }
    }

    /// Makes a credit note of an amount, taxes included: credit for exactly that. The same request again, by its
    /// key, is answered with the note that there is.
    ///
    /// # Errors
    /// No such bill, one that is void, an amount that is more than was owed, or the key of another request.
    pub async fn make_credit_note(
        &self,
        name: &str,
        (id, grant): (String, GrantId),
        amount: Money,
        reason: String,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<CreditNote, EngineError> {
        if !(1..=MAX_REASON).contains(&reason.len()) {
            return Err(InvalidPlan::new("reason", format!("must have 1 to {MAX_REASON} bytes")).into());
        }
        let paper = self.finalized_bill(name).await?;
        if paper.status == "void" {
            return Err(EngineError::status(&paper, "is void: nothing is owed for it"));
        }
        let customer: CustomerId =
            paper.customer.id.parse().map_err(|error| EngineError::broken("bill", name, error))?;
        let of = Made { what: "credit note", customer };
        if let Some(made) = self.made_before(of, once).await? {
            return self.kept_note(&made).await;
        }
        self.check_credit(&paper, customer, amount).await?;
        let (next, counter) = self.next_number(CREDIT_NOTES).await?;
        let note = CreditNote {
            id,
            number: note_number(next),
            bill: paper.number.clone().unwrap_or_default(),
            month: paper.month.clone(),
            reason,
            created_at: now.to_string(),
            currency: amount.currency.to_string(),
            lines: Vec::new(),
            amount: amount.figure(),
            grant: grant.to_string(),
        };
        let since = paper.to.parse().map_err(|error| EngineError::broken("bill", name, error))?;
        let mut writes = note_writes(customer, &note, Owed { amount, since }, now)?;
        writes.push(counter.take(next + 1));
        let made = self.write_once(writes, of, once, &note.id).await?;
        if made == note.id { Ok(note) } else { self.kept_note(&made).await }
    }

    async fn kept_note(&self, id: &str) -> Result<CreditNote, EngineError> {
        let kept = self.record(Kind::CreditNote, id, |text| serde_json::from_str(text)).await?;
        Ok(kept.ok_or_else(|| EngineError::missing("credit note", id))?.value)
    }

    async fn check_credit(
        &self,
        paper: &Paper,
        customer: CustomerId,
        amount: Money,
    ) -> Result<(), EngineError> {
        let broken =
            |error: usage_domain::decimal::DecimalError| EngineError::broken("bill", &paper.month, error);
        if amount.currency.to_string() != paper.currency {
            let right = format!("must be {}, which the bill is in, not {}", paper.currency, amount.currency);
            return Err(InvalidPlan::new("currency", right).into());
        }
        let mut owed: usage_domain::decimal::Decimal = paper.total.parse().map_err(broken)?;
        // What was owed to the customer and paid this bill is the customer's too.
        for paid in paper.credits.iter().filter(|credit| credit.after_taxes) {
            owed = owed.add(paid.amount.parse().map_err(broken)?).map_err(broken)?;
        }
        for note in self.credit_notes(customer).await? {
            if Some(&note.bill) == paper.number.as_ref() {
                owed = owed.sub(note.amount.parse().map_err(broken)?).map_err(broken)?;
            }
        }
        if amount.amount > owed {
            let right = format!(
                "must be at most {}, what the bill and its credit notes come to, not {}",
                Money { amount: owed, ..amount }.figure(),
                amount.amount
            );
            return Err(InvalidPlan::new("amount", right).into());
        }
        Ok(())
    }
}

/// What a credit note is worth.
#[derive(Clone, Copy)]
pub(crate) struct Owed {
    /// How much, taxes included.
    pub(crate) amount: Money,
    /// The end of the month that it is of.
    pub(crate) since: Timestamp,
}

/// The writes that make a numbered credit note.
pub(crate) fn note_writes(
    customer: CustomerId,
    note: &CreditNote,
    Owed { amount, since }: Owed,
    now: Timestamp,
) -> Result<Vec<DocumentWrite>, EngineError> {
    let name = format!("Credit note {} of bill {}", note.number, note.bill);
    let id = note.grant.parse().map_err(|error| EngineError::broken("grant", &note.grant, error))?;
    let grant = credits::owed(customer, id, (name, amount), since, now);
    grant.check()?;
    let body = serde_json::to_string(note).unwrap_or_default();
    Ok(vec![
        put(Kind::CreditNote, note.id.clone(), Some(customer), body, Expect::Absent),
        credits::write(&grant, Expect::Absent),
    ])
}

/// A grant after a bill is void; `None` where it had nothing to do with it.
fn returned(grant: &Grant, paper: &Paper, now: Timestamp) -> Result<Option<Grant>, EngineError> {
    let bill = paper.id.as_deref().unwrap_or_default();
    let mut changed = grant.clone();
    if grant.id.to_string() == bill {
        let left = grant.balance().map_err(|error| EngineError::broken("grant", grant.id, error))?;
        if left != grant.amount.amount {
            return Err(EngineError::status(
                paper,
                "was carried over, and later bills drew on it; void those first",
            ));
        }
        changed.add(Entry { at: now, kind: EntryKind::Voided, amount: left.negate() })?;
    }
    for entry in &grant.entries {
        if entry.kind == EntryKind::Drawn(bill.to_string()) {
            let kind = EntryKind::Returned(bill.to_string());
            changed.add(Entry { at: now, kind, amount: entry.amount.negate() })?;
        }
    }
    Ok((changed != *grant).then_some(changed))
}

pub(crate) fn read(text: &str) -> Result<Paper, serde_json::Error> {
    serde_json::from_str(text)
}

/// The write that keeps a bill.
pub(crate) fn write(paper: &Paper, expect: Expect) -> Result<DocumentWrite, EngineError> {
    let id = paper.id.clone().unwrap_or_default();
    let owner: CustomerId =
        paper.customer.id.parse().map_err(|error| EngineError::broken("bill", &id, error))?;
    let body = serde_json::to_string(paper).map_err(|error| EngineError::broken("bill", &id, error))?;
    Ok(put(Kind::Bill, id, Some(owner), body, expect))
}
