//! The bill of a customer's month: as it was finalized, or else the rating of the log at this moment.

use super::agreed::Agreed;
use super::measured::{looks_at_events, measured, questions};
use super::records::Catalog;
use super::recount::Evidence;
use crate::{Engine, EngineError};
use std::collections::BTreeMap;
use usage_api::bill::Bill as Paper;
use usage_domain::bill::{Bill, Inputs, Measured};
use usage_domain::customer::{Customer, CustomerId, CustomerRef, PaidSubject};
use usage_domain::meter::Meter;
use usage_domain::plan::ItemKind;
use usage_domain::time::{Month, Timestamp};
use usage_store::Reading;

/// A bill with what it was made from.
pub(crate) struct Rated {
    pub(crate) agreed: Agreed,
    pub(crate) bill: Bill,
    /// What is owed less for earlier bills, by credit notes and not by this bill.
    pub(crate) notes: Vec<usage_domain::bill::Adjustment>,
}

impl Engine {
    /// The bill of `name` for `month`; for the month that `now` is in, in the customer's zone, where
    /// none is given. Where it was finalized, it is that bill.
    ///
    /// # Errors
    /// No such customer, or amounts that cannot be computed.
    pub async fn bill(
        &self,
        name: &CustomerRef,
        month: Option<Month>,
        now: Timestamp,
    ) -> Result<Paper, EngineError> {
        let customer = self.customer(name).await?;
        let month = month.unwrap_or_else(|| now.month(&customer.zone));
        if let Some(past) = self.records_of(customer.id).await?.history.bill(month) {
            return self.paper(&past.id).await;
        }
        let catalog = self.shared_catalog().await?;
        Ok(Paper::open(&self.rated(&customer, month, &catalog).await?.bill)?)
    }

    /// The bill of this id or number; the id of an open bill is the customer's with the month.
    ///
    /// # Errors
    /// No such bill.
    pub async fn bill_of_id(&self, name: &str, now: Timestamp) -> Result<Paper, EngineError> {
        match open_id(name) {
            Some((customer, month)) => self.bill(&CustomerRef::Id(customer), Some(month), now).await,
            None => self.finalized_bill(name).await,
        }
    }

    /// The open bill of a month, whether or not one was finalized.
    ///
    /// # Errors
    /// No such customer, or amounts that cannot be computed.
    pub async fn open_bill(
        &self,
        name: &CustomerRef,
        month: Option<Month>,
        now: Timestamp,
    ) -> Result<Bill, EngineError> {
        let customer = self.customer(name).await?;
        let month = month.unwrap_or_else(|| now.month(&customer.zone));
        let catalog = self.shared_catalog().await?;
        Ok(self.rated(&customer, month, &catalog).await?.bill)
    }

    /// The rating of a month at this moment.
    pub(crate) async fn rated(
        &self,
        customer: &Customer,
        month: Month,
        catalog: &Catalog,
    ) -> Result<Rated, EngineError> {
        let agreed = self.agreed(customer, month, catalog).await?;
        self.rate(agreed, catalog).await
    }

    /// The rating of what was agreed.
    pub(crate) async fn rate(&self, mut agreed: Agreed, catalog: &Catalog) -> Result<Rated, EngineError> {
        let (adjustments, notes) = self.adjustments(&agreed, catalog).await?;
        agreed.inputs.adjustments = adjustments;
        let measured = self.measured(&agreed.inputs, &agreed.subjects, &agreed.meters).await?;
        let bill = Bill::rate(&agreed.inputs, measured)?;
        Ok(Rated { agreed, bill, notes })
    }

    /// What was used, by the roll-ups of meters that are there now.
    pub(crate) async fn measured(
        &self,
        inputs: &Inputs,
        subjects: &[PaidSubject],
        meters: &BTreeMap<String, Meter>,
    ) -> Result<Measured, EngineError> {
        let questions = questions(inputs, subjects, meters)?;
        let asked = questions.iter().map(|question| (meters[&question.meter].id, question.query.clone()));
        let charges = Some((subjects.to_vec(), inputs.period));
        let read = self.store.read(Reading { charges, meters: asked.collect() }).await?;
        let single = inputs
            .segments
            .iter()
            .flat_map(|segment| &segment.items)
            .any(|item| matches!(&item.kind, ItemKind::Usage(usage) if looks_at_events(usage)));
        let singles = match single {
            true => self.singles(&Evidence { inputs, subjects, meters, until: &read.position }).await?,
            false => BTreeMap::new(),
        };
        let answers = questions.into_iter().zip(read.meters);
        measured(inputs, meters, read.position, read.charges, answers, singles)
    }
}

/// The customer and the month of an open bill's id, such as `01J…-2026-11`.
#[must_use]
pub fn open_id(id: &str) -> Option<(CustomerId, Month)> {
    let (customer, month) = id.split_once('-')?;
    Some((customer.parse().ok()?, month.parse().ok()?))
}
