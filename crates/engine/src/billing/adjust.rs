//! What finalized bills changed by since: usage that came late, or was corrected.
//!
//! It is on the bill of the month behind the last one that is billed, and on no other: an earlier bill is
//! never changed, and a later one has what is left over when it is its turn.

use super::agreed::Agreed;
use super::records::{Catalog, kept};
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::{Bill as Paper, BillInputs, CreditNote};
use usage_domain::bill::{Adjustment, Bill, Billed, Inputs, Measured, adjustments};
use usage_domain::customer::CustomerId;
use usage_domain::decimal::{Decimal, DecimalError};
use usage_domain::plan::Corrections;
use usage_domain::time::Month;
use usage_store::Kind;

impl Engine {
    /// What the bill of this month has to say of earlier ones: lines of its own, and what is owed less by
    /// credit notes.
    pub(crate) async fn adjustments(
        &self,
        agreed: &Agreed,
        catalog: &Catalog,
    ) -> Result<(Vec<Adjustment>, Vec<Adjustment>), EngineError> {
        let history = &agreed.records.history;
        let (mut lines, mut notes) = (Vec::new(), Vec::new());
        if history.last().and_then(Month::next) != Some(agreed.inputs.month) {
            return Ok((lines, notes));
        }
        let customer = agreed.inputs.customer.id;
        let mut papers = Vec::new();
        for (month, past) in history.months() {
            papers.push((month, self.paper(&past.id).await?));
        }
        let given = self.credit_notes(customer).await?;
        for (month, paper) in &papers {
            let number = paper.number.as_deref().unwrap_or_default();
            let kept = self.inputs_of(paper.id.as_deref().unwrap_or_default()).await?;
            let by_note =
                kept.inputs.segments.iter().filter(|s| s.version.corrections == Corrections::CreditNote);
            let by_note: Vec<String> = by_note.map(|segment| format!("{}/", segment.subscription)).collect();
            let anew = self.rate_again(&kept, catalog).await?;
            let billed = billed(*month, paper, &papers, &given)?;
            let changed = adjustments(&anew, &kept.inputs, number, billed)?;
            let by_note = |line: &Adjustment| by_note.iter().any(|id| line.line.starts_with(id));
            let (own, others): (Vec<_>, Vec<_>) = changed.into_iter().partition(by_note);
            lines.extend(others);
            // What the lines come to together is owed less, or more: no note gives back what a line takes.
            let sum = own.iter().try_fold(Decimal::ZERO, |sum, line| sum.add(line.amount));
            let sum = sum.map_err(|error| EngineError::broken("bill", number, error))?;
            if sum.is_negative() { notes.extend(own) } else { lines.extend(own) }
        }
        Ok((lines, notes))
    }

    /// The bill of kept inputs by the log as it is now, without what it has of other bills.
    async fn rate_again(&self, of: &BillInputs, catalog: &Catalog) -> Result<Bill, EngineError> {
        let inputs = Inputs { adjustments: Vec::new(), credits: Vec::new(), ..of.inputs.clone() };
        let measured = self.measure_again(&inputs, of, catalog).await?;
        Ok(Bill::rate(&inputs, measured)?)
    }

    /// What was used by the log as it is now: by roll-ups, where the meters still measure the same.
    async fn measure_again(
        &self,
        inputs: &Inputs,
        of: &BillInputs,
        catalog: &Catalog,
    ) -> Result<Measured, EngineError> {
        let meters: BTreeMap<_, _> = of.meters.iter().map(|m| (m.draft.key.clone(), m.clone())).collect();
        let as_then = |meter: &usage_domain::meter::Meter| {
            let now = catalog.meters.get(&meter.draft.key);
            now.is_some_and(|now| now.id == meter.id && now.draft.dimensions == meter.draft.dimensions)
        };
        if meters.values().all(as_then) {
            return self.measured(inputs, &of.subjects, &meters).await;
        }
        let until = self.store.position().await?;
        let evidence =
            super::recount::Evidence { inputs, subjects: &of.subjects, meters: &meters, until: &until };
        self.recount(&evidence).await
    }

    /// What a finalized bill was made from.
    pub(crate) async fn inputs_of(&self, id: &str) -> Result<BillInputs, EngineError> {
        let kept = self.record(Kind::Input, id, BillInputs::read).await?;
        Ok(kept.ok_or_else(|| EngineError::missing("inputs of bill", id))?.value)
    }

    /// A customer's credit notes, by id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn credit_notes(&self, customer: CustomerId) -> Result<Vec<CreditNote>, EngineError> {
        let documents = self.store.documents_of(customer, vec![Kind::CreditNote]).await?;
        let read = |text: &str| serde_json::from_str::<CreditNote>(text);
        documents.iter().map(|document| Ok(kept(document, read)?.value)).collect()
    }
}

/// What was billed for each line of a month: on its bill, on later ones, and less by credit notes.
pub(super) fn billed(
    month: Month,
    paper: &Paper,
    papers: &[(Month, Paper)],
    notes: &[CreditNote],
) -> Result<BTreeMap<String, (String, Billed)>, EngineError> {
    let number = paper.number.as_deref().unwrap_or_default();
    let text = month.to_string();
    let own = paper.lines.iter().filter(|line| line.adjusts.is_none()).map(|line| {
        (&line.key, &line.service, [&line.exact_amount, &line.amount], line.discount_amount.as_deref())
    });
    let later = papers.iter().flat_map(|(_, later)| &later.lines).filter_map(|line| {
        let of = line.adjusts.as_ref().filter(|of| of.month == text && of.bill == number)?;
        Some((&of.line, &line.service, [&line.exact_amount, &line.amount], None))
    });
    let noted = notes.iter().filter(|note| note.bill == number).flat_map(|note| &note.lines);
    let noted = noted.map(|line| (&line.line, &line.service, [&line.exact_amount, &line.amount], None));
    let mut billed: BTreeMap<String, (String, Billed)> = BTreeMap::new();
    for (key, name, amounts, discount) in own.chain(later).chain(noted) {
        let broken = |error: DecimalError| EngineError::broken("bill", number, error);
        let off = discount.unwrap_or("0").parse::<Decimal>().map_err(broken)?;
        let less = |text: &String| text.parse::<Decimal>().and_then(|amount| amount.sub(off));
        let [exact, amount] = amounts.map(less);
        let more = Billed { exact: exact.map_err(broken)?.into(), amount: amount.map_err(broken)? };
        let (_, sum) = billed.entry(key.clone()).or_insert((name.clone(), Billed::NOTHING));
        *sum = sum.plus(more).map_err(broken)?;
    }
    Ok(billed)
}
